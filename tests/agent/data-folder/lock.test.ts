import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lockFolder, processBirth } from '../../../agent/data-folder/lock.ts';
import { ownFolder } from './folder.ts';
import { keptLog } from '../quiet.ts';

describe('the lock of a data folder', () => {
  it('keeps a second agent out, saying what to do, until the first lets go', () => {
    const folder = ownFolder();
    const release = lockFolder(folder, keptLog());
    expect(() => lockFolder(folder, keptLog())).toThrow(/already runs.*WATCHFLOOR_AGENT_DATA/);
    release();
    expect(readdirSync(folder)).toEqual([]);
    lockFolder(folder, keptLog())();
  });

  it('of a process that is gone is taken over', async () => {
    const folder = ownFolder();
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    writeFileSync(join(folder, 'lock'), `${child.pid}\n\n`);
    lockFolder(folder, keptLog());
    expect(readFileSync(join(folder, 'lock'), 'utf8')).toMatch(new RegExp(`^${process.pid}\n`));
  });

  it.runIf(process.platform === 'linux')('of an earlier process with the same number is taken over', () => {
    const folder = ownFolder();
    // As after a restart of a container: this very number, another start.
    writeFileSync(join(folder, 'lock'), `${process.pid}\nanother-boot 1\n`);
    lockFolder(folder, keptLog())();
    writeFileSync(join(folder, 'lock'), 'no lock of ours');
    lockFolder(folder, keptLog())();
  });

  it.runIf(process.platform === 'linux')('of a living process stands', async () => {
    const folder = ownFolder();
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume(); console.log("up")']);
    onTestFinished(() => {
      child.kill();
    });
    await once(child.stdout, 'data');
    writeFileSync(join(folder, 'lock'), `${child.pid}\n${processBirth(child.pid ?? 0)}\n`);
    expect(() => lockFolder(folder, keptLog())).toThrow(/already runs/);
  });

  it('is done without where the disk is full: such a machine is measured all the same', () => {
    const folder = ownFolder();
    const log = keptLog();
    const release = lockFolder(folder, log, (path) => {
      // As the system does it: the name is there, and the content has no room.
      writeFileSync(path, '');
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    });
    expect(log.lines).toMatchObject([{ level: 'warn', text: expect.stringContaining('the disk is full') }]);
    expect(readdirSync(folder)).toEqual([]);
    release();
  });
});
