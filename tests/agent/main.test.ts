import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lockFolder } from '../../agent/data-folder/lock.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { ownFolder } from './data-folder/folder.ts';

const agent = join(import.meta.dirname, '..', '..', 'agent');
const main = join(agent, 'main.ts');

/** Starts the agent's command with the data folder `data`. `said`: its output so far; `ended`: its exit status. */
async function start(data: string, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main, '--data', data], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (chunk: unknown) => (said += String(chunk)));
  child.stderr.on('data', (chunk: unknown) => (said += String(chunk)));
  const ended = once(child, 'exit').then(([code]: unknown[]) => code);
  return { pid: child.pid ?? 0, said: () => said, ended, stop: () => child.kill('SIGTERM') };
}

describe('the agent’s command', () => {
  it('--version prints the version and nothing else', () => {
    const answer = execFileSync(process.execPath, [main, '--version'], { encoding: 'utf8' });
    expect(answer).toBe(`${WATCHFLOOR_VERSION}\n`);
  });

  it('the agent keeps the process id that it was started with, saves memory where it can, and SIGTERM stops it in order', async () => {
    const data = ownFolder();
    const running = await start(data);
    await expect.poll(running.said, { timeout: 15_000 }).toContain('the agent runs');
    await expect(lockFolder(data, 0)).rejects.toThrow(`(process ${running.pid})`);
    if (process.platform === 'linux')
      expect(readFileSync(`/proc/${running.pid}/cmdline`, 'utf8')).toContain('--max-semi-space-size=1\0');
    running.stop();
    expect(await running.ended).toBe(0);
    expect(running.said()).toContain('the agent stopped');
    expect(running.said()).not.toContain('Warning');
    (await lockFolder(data, 0))();
  });

  it('[G1] a second agent on one data folder says so, and what to do, and exits with status 2', async () => {
    const data = ownFolder();
    const first = await start(data);
    await expect.poll(first.said, { timeout: 15_000 }).toContain('the agent runs');
    const second = await start(data);
    expect(await second.ended).toBe(2);
    expect(second.said()).toContain(`an agent (process ${first.pid}) already runs with the data folder`);
    first.stop();
    expect(await first.ended).toBe(0);
  });
});
