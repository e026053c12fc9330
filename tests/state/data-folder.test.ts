import { mkdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openDataFolder, StartError } from '../../server/state/data-folder.ts';
import { ownFolder } from './folder.ts';

/** Opens a new data folder for this test. */
async function opened() {
  const dir = join(ownFolder(), 'deep', 'data');
  const folder = await openDataFolder(dir, 0);
  onTestFinished(folder.close);
  return { dir, whyLost: folder.whyLost };
}

describe('the data folder', () => {
  test('the data folder is made with mode 0700, and only one server at a time can open it', async () => {
    const { dir } = await opened();
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    await expect(openDataFolder(dir, 0)).rejects.toBeInstanceOf(StartError);
  });

  test('a start waits for a server that is just stopping', async () => {
    const dir = ownFolder();
    const { close } = await openDataFolder(dir, 0);
    const waiting = openDataFolder(dir, 10_000);
    close();
    (await waiting).close();
  });

  test('a data folder that is a file is refused with advice', async () => {
    const dir = join(ownFolder(), 'file');
    writeFileSync(dir, '');
    await expect(openDataFolder(dir)).rejects.toThrow(/the data folder .*file cannot be used \(EEXIST\)/);
    await expect(openDataFolder(join(dir, 'below'))).rejects.toThrow(/\(ENOTDIR\).*WATCHFLOOR_DATA/);
  });
});

describe('[I1] a data folder in use is known to be lost', () => {
  test.each([
    ['removed', (dir: string) => rmSync(dir, { recursive: true })],
    ['moved', (dir: string) => renameSync(dir, `${dir}-moved`)],
    ['replaced by another folder', (dir: string) => (renameSync(dir, `${dir}-moved`), mkdirSync(dir))],
    ['emptied', (dir: string) => rmSync(join(dir, 'server.lock'))],
    [
      'replaced by a copy',
      (dir: string) => {
        renameSync(dir, `${dir}-moved`);
        mkdirSync(dir);
        writeFileSync(join(dir, 'server.lock'), '');
      },
    ],
  ])('when it was %s', async (_, act) => {
    const { dir, whyLost } = await opened();
    expect(whyLost()).toBeUndefined();
    act(dir);
    expect(whyLost()).toMatch(/data was removed, moved or replaced while the server runs: put it back/);
  });

  test('a folder that the disk does not show any more is told, with the reason', async () => {
    const { dir, whyLost } = await opened();
    renameSync(join(dir, '..'), join(dir, '..', '..', 'moved'));
    symlinkSync('deep', join(dir, '..'));
    expect(whyLost()).toMatch(/data cannot be read \(ELOOP\): check its disk/);
    rmSync(join(dir, '..'));
    renameSync(join(dir, '..', '..', 'moved'), join(dir, '..'));
    expect(whyLost()).toBeUndefined();
  });

  test('a folder that was moved and put back is not lost', async () => {
    const { dir, whyLost } = await opened();
    renameSync(dir, `${dir}-moved`);
    expect(whyLost()).toBeDefined();
    renameSync(`${dir}-moved`, dir);
    expect(whyLost()).toBeUndefined();
  });
});
