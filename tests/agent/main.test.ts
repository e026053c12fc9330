import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { lockFolder } from '../../agent/data-folder/lock.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { runCommand, startCommand } from './command.ts';
import { ownFolder } from './data-folder/folder.ts';

const start = (data: string) => startCommand(['--data', data]);

describe('the agent’s command', () => {
  it('--version prints the version and nothing else', async () => {
    const answer = await runCommand(['--version']);
    expect(answer).toEqual({ status: 0, stdout: `${WATCHFLOOR_VERSION}\n`, stderr: '' });
  });

  it('--help lists the commands, and each command has a help text of its own', async () => {
    const { stdout } = await runCommand(['--help']);
    const names = [...stdout.matchAll(/^ {2}(\w+) {2,}\w/gm)].map(([, name]) => name ?? '');
    expect(names).toEqual(expect.arrayContaining(['run', 'status']));
    const helps = await Promise.all(names.map((name) => runCommand([name, '--help'])));
    for (const [index, help] of helps.entries()) {
      expect(help).toMatchObject({ status: 0, stderr: '' });
      expect(help.stdout).toMatch(new RegExp(`^watchfloor-agent ${names[index]}: `));
    }
  });

  it('a command that does not exist is refused with the names of those that do', async () => {
    const { status, stderr } = await runCommand(['stauts']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/there is no command "stauts": there are run, status/);
  });

  it('the agent keeps the process id that it was started with, saves memory where it can, and SIGTERM stops it in order', async () => {
    const data = ownFolder();
    const running = start(data);
    await expect.poll(running.said, { timeout: 15_000 }).toContain('the agent runs');
    await expect(lockFolder(data, 0)).rejects.toThrow(`(process ${running.pid})`);
    if (process.platform === 'linux')
      expect(readFileSync(`/proc/${running.pid}/cmdline`, 'utf8')).toContain('--max-semi-space-size=1\0');
    running.signal('SIGTERM');
    expect(await running.ended).toBe(0);
    expect(running.said()).toContain('the agent stopped');
    expect(running.said()).not.toContain('Warning');
    (await lockFolder(data, 0))();
  });

  it('[G1] a second agent on one data folder says so, and what to do, and exits with status 2', async () => {
    const data = ownFolder();
    const first = start(data);
    await expect.poll(first.said, { timeout: 15_000 }).toContain('the agent runs');
    const second = start(data);
    expect(await second.ended).toBe(2);
    expect(second.said()).toContain(`an agent (process ${first.pid}) already runs with the data folder`);
    first.signal('SIGTERM');
    expect(await first.ended).toBe(0);
  });
});
