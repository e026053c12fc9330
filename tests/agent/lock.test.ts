import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lockFolder, processBirth } from '../../agent/lock.ts';
import { ownFolder } from './folder.ts';

describe('the lock of a data folder', () => {
  it('keeps a second agent out, saying what to do, until the first lets go', () => {
    const folder = ownFolder();
    const release = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(/already runs.*WATCHFLOOR_AGENT_DATA/);
    release();
    expect(readdirSync(folder)).toEqual([]);
    lockFolder(folder)();
  });

  it('of a process that is gone is taken over', async () => {
    const folder = ownFolder();
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    writeFileSync(join(folder, 'lock'), `${child.pid}\n\n`);
    lockFolder(folder);
    expect(readFileSync(join(folder, 'lock'), 'utf8')).toMatch(new RegExp(`^${process.pid}\n`));
  });

  it.runIf(process.platform === 'linux')('of an earlier process with the same number is taken over', () => {
    const folder = ownFolder();
    // As after a restart of a container: this very number, another start.
    writeFileSync(join(folder, 'lock'), `${process.pid}\nanother-boot 1\n`);
    lockFolder(folder)();
    writeFileSync(join(folder, 'lock'), 'no lock of ours');
    lockFolder(folder)();
  });

  it.runIf(process.platform === 'linux')('of a living process stands', async () => {
    const folder = ownFolder();
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume(); console.log("up")']);
    onTestFinished(() => {
      child.kill();
    });
    await once(child.stdout, 'data');
    writeFileSync(join(folder, 'lock'), `${child.pid}\n${processBirth(child.pid ?? 0)}\n`);
    expect(() => lockFolder(folder)).toThrow(/already runs/);
  });
});
