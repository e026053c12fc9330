import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lockFolder, processBirth } from '../../../agent/data-folder/lock.ts';
import { ownFolder } from './folder.ts';
import { keptLog } from '../quiet.ts';

describe('the lock of a data folder', () => {
  it('a data folder has one agent: a second is refused, and told what to do, until the first releases the lock', () => {
    const folder = ownFolder();
    const release = lockFolder(folder, keptLog());
    expect(() => lockFolder(folder, keptLog())).toThrow(/already runs.*WATCHFLOOR_AGENT_DATA/);
    release();
    expect(readdirSync(folder)).toEqual([]);
    lockFolder(folder, keptLog())();
  });

  it('the lock of a process that ended is taken over', async () => {
    const folder = ownFolder();
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    writeFileSync(join(folder, 'lock'), `${child.pid}\n\n`);
    lockFolder(folder, keptLog());
    expect(readFileSync(join(folder, 'lock'), 'utf8')).toMatch(new RegExp(`^${process.pid}\n`));
  });

  it.runIf(process.platform === 'linux')(
    'the lock of an earlier process with the same id is taken over',
    () => {
      const folder = ownFolder();
      // After a restart of a container the agent often has the same process id as before.
      writeFileSync(join(folder, 'lock'), `${process.pid}\nanother-boot 1\n`);
      lockFolder(folder, keptLog())();
      writeFileSync(join(folder, 'lock'), 'no lock of ours');
      lockFolder(folder, keptLog())();
    },
  );

  it.runIf(process.platform === 'linux')('the lock of a running process is not taken over', async () => {
    const folder = ownFolder();
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume(); console.log("up")']);
    onTestFinished(() => {
      child.kill();
    });
    await once(child.stdout, 'data');
    writeFileSync(join(folder, 'lock'), `${child.pid}\n${processBirth(child.pid ?? 0)}\n`);
    expect(() => lockFolder(folder, keptLog())).toThrow(/already runs/);
  });

  it('the agent runs without a lock when the disk is full', () => {
    const folder = ownFolder();
    const log = keptLog();
    const release = lockFolder(folder, log, (path) => {
      // On a full disk the system makes the file and cannot write its content.
      writeFileSync(path, '');
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    });
    expect(log.lines).toMatchObject([{ level: 'warn', text: expect.stringContaining('the disk is full') }]);
    expect(readdirSync(folder)).toEqual([]);
    release();
  });
});
