import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openDataFolder, StartError } from '../../server/state/data-folder.ts';
import { ownFolder } from './folder.ts';

describe('data folder', () => {
  test('the data folder is made with mode 0700, and only one server at a time can open it', () => {
    const dir = join(ownFolder(), 'deep', 'data');
    const release = openDataFolder(dir);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(() => openDataFolder(dir)).toThrow(
      `another server (process ${process.pid}) runs with the data folder ${dir}`,
    );
    release();
    openDataFolder(dir)();
  });

  test('a lock of a running process is not taken over', async () => {
    const dir = ownFolder();
    const child = spawn('sleep', ['60']);
    onTestFinished(() => void child.kill());
    await once(child, 'spawn');
    const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
    const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    writeFileSync(join(dir, 'server.lock'), `${child.pid} ${startTicks}`);
    expect(() => openDataFolder(dir)).toThrow(StartError);
    child.kill('SIGKILL');
    await once(child, 'exit');
    openDataFolder(dir)();
  });

  test.each([
    ['a process that is gone', '999999999 1'],
    ['a process whose id is reused', `${process.pid} 1`],
    ['a crash before the lock was written', ''],
    ['rubbish', 'x y z'],
    ['a negative number', '-1'],
  ])('a lock left by %s is taken over', (_, holder) => {
    const dir = ownFolder();
    writeFileSync(join(dir, 'server.lock'), holder);
    openDataFolder(dir)();
  });

  test('a data folder that is a file is refused with advice', () => {
    const dir = join(ownFolder(), 'file');
    writeFileSync(dir, '');
    expect(() => openDataFolder(dir)).toThrow(/the data folder .*file cannot be used \(EEXIST\)/);
    expect(() => openDataFolder(join(dir, 'below'))).toThrow(/\(ENOTDIR\).*WATCHFLOOR_DATA/);
  });
});
