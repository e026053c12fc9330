import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { CHECKSUMS, PUBLIC_KEY, SIGNATURE } from '#protocol/packages.ts';
import { publicKeyText, signatureText } from '../../deploy/packages/minisign.ts';
import { createPackageFolder } from '../../server/packages/package-folder.ts';
import { ownFolder } from '../state/folder.ts';
import { newKey, sealPackages, sha256, writePackages } from './made-up-packages.ts';

const DEB = 'watchfloor-agent_0.1.0_amd64.deb';
const EXECUTABLE = 'watchfloor-agent-0.1.0-linux-x64';
const contents = { [DEB]: 'a package', [EXECUTABLE]: 'a program' };

let dir: string;
beforeEach(() => {
  dir = join(ownFolder(), 'packages');
});

async function look() {
  const folder = createPackageFolder(dir);
  await folder.look();
  return folder;
}
const statesOf = ({ packages }: Awaited<ReturnType<typeof look>>) =>
  Object.fromEntries(packages().map(({ name, state }) => [name, state]));

describe('the folder of packages', () => {
  it('packages whose checksum is the listed one are handed out, with their version, size and signer', async () => {
    writePackages(dir, contents);
    const folder = await look();
    expect(folder.list()).toMatchObject({ state: 'signed', problem: '', exists: true });
    expect(folder.list().keyId).toMatch(/^[0-9A-F]{16}$/);
    expect(folder.ready()).toMatchObject([
      { name: EXECUTABLE, version: '0.1.0', bytes: 9, sha256: sha256('a program') },
      { name: DEB, kind: 'deb', bytes: 9 },
    ]);
    const opened = await folder.open(DEB);
    expect(await opened?.file.readFile('utf8')).toBe('a package');
    await opened?.file.close();
    expect(folder.listFile(SIGNATURE)?.toString()).toContain('untrusted comment');
  });

  it('a package that is damaged, not listed or missing is named, and not handed out', async () => {
    writePackages(dir, { ...contents, 'watchfloor-agent_0.1.0_arm64.deb': 'gone' });
    rmSync(join(dir, 'watchfloor-agent_0.1.0_arm64.deb'));
    writeFileSync(join(dir, DEB), 'a packag');
    writeFileSync(join(dir, 'watchfloor-agent-0.1.0-macos-x64'), 'by hand');
    const folder = await look();
    expect(statesOf(folder)).toEqual({
      [DEB]: 'damaged',
      [EXECUTABLE]: 'ready',
      'watchfloor-agent-0.1.0-macos-x64': 'unlisted',
      'watchfloor-agent_0.1.0_arm64.deb': 'missing',
    });
    for (const name of [DEB, 'watchfloor-agent-0.1.0-macos-x64', 'watchfloor-agent_0.1.0_arm64.deb', '../x'])
      expect(await folder.open(name)).toBeUndefined();
  });

  it('packages that are added, replaced or removed are seen without a restart', async () => {
    const folder = await look();
    expect(folder.list().exists).toBe(false);
    writePackages(dir, contents);
    await folder.look();
    expect(statesOf(folder)).toEqual({ [DEB]: 'ready', [EXECUTABLE]: 'ready' });
    writeFileSync(join(dir, DEB), 'another package');
    // Not the bytes that were checked, so they are not handed out even before the next look.
    expect(await folder.open(DEB)).toBeUndefined();
    await folder.look();
    expect(statesOf(folder)[DEB]).toBe('damaged');
    sealPackages(dir, { ...contents, [DEB]: 'another package' });
    await folder.look();
    expect(statesOf(folder)[DEB]).toBe('ready');
    rmSync(dir, { recursive: true });
    await folder.look();
    expect(folder.packages()).toEqual([]);
  });

  it('a list that the key beside it did not sign hands nothing out, and says why', async () => {
    writePackages(dir, contents);
    writeFileSync(join(dir, PUBLIC_KEY), publicKeyText(newKey()));
    let folder = await look();
    expect(folder.list()).toMatchObject({ state: 'bad', problem: expect.stringMatching(/it is by the key/) });
    expect(folder.ready()).toEqual([]);
    const key = newKey();
    writePackages(dir, contents, key);
    writeFileSync(join(dir, SIGNATURE), signatureText(key, Buffer.from('another list'), 'x'));
    folder = await look();
    expect(folder.list().problem).toMatch(/of another content/);
    expect(await folder.open(DEB)).toBeUndefined();
    expect(folder.listFile(CHECKSUMS)).toBeUndefined();
  });

  it('a list without a signature is told apart from a signed one', async () => {
    writePackages(dir, contents);
    rmSync(join(dir, SIGNATURE));
    const folder = await look();
    expect(folder.list().state).toBe('unsigned');
    expect(folder.ready()).toHaveLength(2);
  });

  it('a list that cannot be read, and none, hand nothing out', async () => {
    mkdirSync(dir);
    writeFileSync(join(dir, DEB), 'a package');
    expect((await look()).list().state).toBe('none');
    writeFileSync(join(dir, CHECKSUMS), 'rubbish\n');
    const folder = await look();
    expect(folder.list()).toMatchObject({ state: 'unreadable', problem: expect.stringMatching(/line 1/) });
    expect(statesOf(folder)).toEqual({ [DEB]: 'unlisted' });
  });
});
