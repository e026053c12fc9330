import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable, Writable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ownFolder } from './folder.ts';
import { take, type Kind } from './lock-holder.ts';

const HOLDER = join(import.meta.dirname, 'lock-holder.ts');
const ROUNDS = 30;
const PROCESSES = 8;

/** Starts a process that can hold the lock. `ask` sends it a line and resolves with its answer. */
function startHolder(kind: Kind, folder: string) {
  const child = spawn(process.execPath, ['--no-warnings', HOLDER, kind, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async ask(line: 'take' | 'release'): Promise<string> {
      child.stdin.write(`${line}\n`);
      return String((await lines.next()).value);
    },
    async kill(): Promise<void> {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
    pid: child.pid,
  };
}

describe.each([
  ['server', 'server.lock'],
  ['agent', 'lock'],
] as const)('the lock of the %s’s data folder', (kind, name) => {
  test('a data folder has one holder until it is released', async () => {
    const folder = ownFolder();
    const release = await take(kind, folder);
    await expect(take(kind, folder)).rejects.toThrow(/WATCHFLOOR_(AGENT_)?DATA/);
    release();
    (await take(kind, folder))();
  });

  test('the lock of a process is refused with its id, and is free at once when the process is killed', async () => {
    const folder = ownFolder();
    const holder = startHolder(kind, folder);
    expect(await holder.ask('take')).toBe('held');
    await expect(take(kind, folder)).rejects.toThrow(
      process.platform === 'linux' ? `(process ${holder.pid})` : 'runs with',
    );
    await holder.kill();
    (await take(kind, folder))();
  });

  test.runIf(process.platform === 'linux')('a lock whose holder is a zombie is free', async () => {
    const folder = ownFolder();
    // The shell becomes a `sleep`, which never asks how its child ended.
    const command = `"$0" --no-warnings "$1" "$2" "$3" <&3 & echo $!; exec sleep 60`;
    const parent = spawn('sh', ['-c', command, process.execPath, HOLDER, kind, folder], {
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [, output, , input] = parent.stdio;
    if (!(output instanceof Readable) || !(input instanceof Writable))
      throw new Error('no pipes to the holder');
    const lines = createInterface(output)[Symbol.asyncIterator]();
    const pid = Number((await lines.next()).value);
    input.write('take\n');
    expect((await lines.next()).value).toBe('held');
    process.kill(pid, 'SIGKILL');
    // The first thread may be a zombie before the others have ended, or after.
    await expect.poll(() => readdirSync(`/proc/${pid}/task`), { timeout: 10_000 }).toHaveLength(1);
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), { timeout: 10_000 }).toMatch(/\) Z /);
    (await take(kind, folder))();
  });

  test(`of ${PROCESSES} processes that take the lock at once one gets it, in each of ${ROUNDS} rounds`, async () => {
    const folder = ownFolder();
    const holders = Array.from({ length: PROCESSES }, () => startHolder(kind, folder));
    for (let round = 0; round < ROUNDS; round++) {
      const answers = await Promise.all(holders.map((holder) => holder.ask('take')));
      expect(answers.filter((answer) => answer === 'held')).toHaveLength(1);
      const index = answers.indexOf('held');
      if (round % 5 > 0) {
        expect(await holders[index]?.ask('release')).toBe('released');
        continue;
      }
      await holders[index]?.kill();
      holders[index] = startHolder(kind, folder);
    }
  }, 60_000);

  test('a copy of a folder in use is not locked', async () => {
    const folder = ownFolder();
    const release = await take(kind, folder);
    const copy = join(ownFolder(), 'copy');
    cpSync(folder, copy, { recursive: true });
    (await take(kind, copy))();
    release();
  });

  test('a copy by hard links is the same files, so it is locked', async () => {
    const folder = ownFolder();
    const release = await take(kind, folder);
    const copy = ownFolder();
    linkSync(join(folder, name), join(copy, name));
    await expect(take(kind, copy)).rejects.toThrow(/WATCHFLOOR_(AGENT_)?DATA/);
    release();
  });

  test.each([
    ['a folder', (path: string) => mkdirSync(path)],
    ['a link to another file', (path: string) => symlinkSync('/etc/hostname', path)],
    ['a link to nothing', (path: string) => symlinkSync('/no/such/file', path)],
  ])('%s in its place is refused with the reason and the remedy', async (_, make) => {
    const folder = ownFolder();
    make(join(folder, name));
    await expect(take(kind, folder)).rejects.toThrow(`${join(folder, name)} is not a file: remove it`);
  });

  test.each([
    ['the text of an earlier version', `${process.pid} 1`],
    ['an empty file', ''],
    ['zeros after a power loss', '\0'.repeat(5000)],
  ])('%s in its place is no lock', async (_, text) => {
    const folder = ownFolder();
    writeFileSync(join(folder, name), text);
    (await take(kind, folder))();
    expect(readFileSync(join(folder, name), 'utf8')).toBe('');
    expect(readdirSync(folder)).toEqual([name]);
  });

  test.runIf(process.platform === 'linux')(
    'a folder without room for a lock is refused with the reason',
    async () => {
      await expect(take(kind, '/proc')).rejects.toThrow(
        /cannot be (written|used).*\((ENOENT|EACCES|EPERM)\)/,
      );
    },
  );
});
