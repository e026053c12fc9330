import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createLog } from '../../server/app/log.ts';
import { watchDisk } from '../../server/app/disk.ts';
import { createNotices } from '../../server/app/notices.ts';
import { openDataFolder } from '../../server/state/data-folder.ts';
import { ownFolder } from '../state/folder.ts';

const MIB = 1024 * 1024;

/** A watched data folder. `look` looks at it once more, and resolves with the notices. */
async function watched() {
  const dir = join(ownFolder(), 'data');
  const folder = await openDataFolder(dir, 0);
  onTestFinished(folder.close);
  const notices = createNotices(createLog('silent'));
  let free = 1000 * MIB;
  let failure: Error | undefined;
  let tick = () => {};
  const every = (job: () => void) => {
    tick = job;
    return () => undefined;
  };
  watchDisk({
    dir,
    folder,
    notices,
    clock: { every },
    freeBytes: () => (failure ? Promise.reject(failure) : Promise.resolve(free)),
  });
  return {
    dir,
    notices,
    /** Lets the file system answer with this error from now on; undefined: with its free space. */
    fail: (error?: Error) => (failure = error),
    async look(bytes = free) {
      free = bytes;
      await new Promise(setImmediate);
      tick();
      await new Promise(setImmediate);
      return notices.list();
    },
  };
}

describe('the disk of the data folder', () => {
  test('little free space is told before it hurts, and pushes are refused before nothing is left', async () => {
    const { look, notices } = await watched();
    expect(await look()).toEqual([]);
    expect(await look(200 * MIB)).toEqual([expect.stringContaining('Less than 256 MiB are free')]);
    expect(notices.whyNotReady()).toBeUndefined();
    await look(7 * MIB);
    expect(notices.whyNotReady()).toMatch(/The disk of the data folder .* is full/);
    expect(await look(300 * MIB)).toEqual([]);
    expect(notices.whyNotReady()).toBeUndefined();
  });

  test('a file system that does not tell its free space is told while it lasts, and refuses nothing', async () => {
    const { look, fail, notices } = await watched();
    fail(new Error('EIO: i/o error'));
    expect(await look()).toEqual([
      expect.stringMatching(/cannot be read \(EIO: i\/o error\): check the disk/),
    ]);
    expect(notices.whyNotReady()).toBeUndefined();
    fail();
    expect(await look()).toEqual([]);
  });

  test('[I1] while the data folder is moved away pushes are refused, and no longer once it is back', async () => {
    const { dir, look, notices } = await watched();
    renameSync(dir, `${dir}-moved`);
    await look();
    expect(notices.whyNotReady()).toMatch(/was removed, moved or replaced/);
    renameSync(`${dir}-moved`, dir);
    await look();
    expect(notices.whyNotReady()).toBeUndefined();
  });
});
