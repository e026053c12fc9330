import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { open, readFile, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createAsker } from '../../../agent/collectors/asking.ts';
import { parseMountinfo, parseMountOutput } from '../../../agent/collectors/mountinfo.ts';
import {
  byStatfs,
  createMounts,
  filesystemUse,
  mountFields,
  type Space,
} from '../../../agent/collectors/mounts.ts';
import { fixture } from './fixture.ts';
import { last, over } from './readings.ts';

afterEach(() => void vi.useRealTimers());

/** statfs of a filesystem of `used` and `free` bytes. */
const space = (used: number, free: number): Space => ({
  ...{ bsize: 1, blocks: used + free, bfree: free, bavail: free, files: 0, ffree: 0 },
});

/** A collector where statfs answers from this table; a path that is not in it never answers. */
const mounts = (spaces: Readonly<Record<string, Space>>) =>
  createMounts({
    statfs: (path) => {
      const found = spaces[path];
      return found === undefined ? new Promise<never>(() => undefined) : Promise.resolve(found);
    },
    asker: createAsker({ atOnce: 4 }),
  });

const paths = (text: string) => parseMountinfo(text).map(({ path }) => path);

describe('which mounts are measured', () => {
  it('mounts are the local filesystems that hold data, each once, without those that could hang', () => {
    expect(
      parseMountinfo(fixture('mountinfo-host.txt')).map(({ path, readOnly }) => [path, readOnly]),
    ).toEqual([
      ['/', false],
      ['/boot/efi', false],
      ['/home', false],
      ['/media/stick', true],
      ['/data', false],
    ]);
  });

  it('mounts in a container are its overlay root and its volumes, not the files mounted in /etc', () => {
    expect(paths(fixture('mountinfo-container.txt'))).toEqual(['/', '/data']);
    expect(paths('garbage\n\n12 - x')).toEqual([]);
    expect(paths(String.raw`1 0 8:1 / /a\040b\134c rw - ext4 /dev/sda rw`)).toEqual(['/a b\\c']);
  });

  it('snapshots of ZFS are not measured', () => {
    const text = `1 0 0:40 / /tank rw - zfs tank rw\n2 1 0:41 / /tank/.zfs/snapshot/a ro - zfs tank@a ro\n`;
    expect(parseMountinfo(text).map(({ places }) => places)).toEqual([['/tank']]);
  });

  it('mounts on macOS and the BSDs are read from what `mount` prints', () => {
    const macos = `/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
devfs on /dev (devfs, local, nobrowse)
/dev/disk3s6 on /System/Volumes/VM (apfs, local, noexec, journaled, noatime, nobrowse)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse, protect)
map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)
/dev/disk5s1 on /Volumes/An Installer (hfs, local, nodev, nosuid, read-only, noowners)
//u@nas/share on /Volumes/share (smbfs, nodev, nosuid, mounted by u)
`;
    // The volumes of one container of APFS share its room.
    expect(parseMountOutput(macos)).toEqual([
      { path: '/', readOnly: false, places: ['/'] },
      { path: '/Volumes/An Installer', readOnly: true, places: ['/Volumes/An Installer'] },
    ]);
    const freebsd = 'zroot/ROOT/default on / (zfs, local, noatime)\nzroot/home on /home (zfs, local)\n';
    expect(parseMountOutput(freebsd)).toEqual([{ path: '/', readOnly: false, places: ['/', '/home'] }]);
    expect(parseMountOutput('/dev/sd0a on / type ffs (local)\n')).toMatchObject([{ path: '/' }]);
  });
});

describe('how full they are', () => {
  it('filesystems are measured as df does, and `disk` is the fullest writable one', () => {
    const found = { bsize: 4096, blocks: 1000, bfree: 400, bavail: 300, files: 200, ffree: 150 };
    const one = (path: string, readOnly: boolean, answer: Space) =>
      filesystemUse({ path, readOnly, places: [path] }, new Map([[path, answer]]));
    const root = one('/', false, found);
    const image = one('/image', true, { ...found, bfree: 0, bavail: 0, files: 0 });
    expect(mountFields([...root, ...image])).toEqual({
      disk: 66.67,
      'mount:/:used': 66.67,
      'mount:/:used_bytes': 600 * 4096,
      'mount:/:total_bytes': 4_096_000,
      'mount:/:inodes': 25,
      'mount:/image:used': 100,
      'mount:/image:used_bytes': 4_096_000,
      'mount:/image:total_bytes': 4_096_000,
    });
    expect(mountFields(image)).toMatchObject({ disk: 100 });
    expect(one('/empty', false, { ...found, blocks: 0 })).toEqual([]);
    expect(mountFields([])).toBe('absent');
  });

  it('`disk` counts a filesystem that any of its places can write to', async () => {
    const boot = space(75, 325);
    const spaces = { '/': space(10, 0), '/sysroot': space(500, 0), '/boot': boot };
    expect(await last(mounts(spaces), fixture('mountinfo-composefs.txt'))).toMatchObject({
      disk: 100,
      'mount:/sysroot:used': 100,
      'mount:/boot:used': 18.75,
    });
  });

  it.each([
    [
      'a read-only bind mount of a writable disk',
      '1 0 8:1 / /data ro - ext4 /dev/sda1 rw\n2 0 8:1 /x /x rw - ext4 /dev/sda1 rw',
    ],
    [
      'a subvolume that is read-only',
      '1 0 0:40 / /data ro - btrfs /dev/sda1 rw\n2 0 0:40 /@x /x rw - btrfs /dev/sda1 rw',
    ],
    ['a read-only dataset of a pool', '1 0 0:40 / /data ro - zfs tank ro\n2 0 0:41 / /x rw - zfs tank/x rw'],
  ])('`disk` counts %s when another of its places can be written to', async (_, text) => {
    const small = '\n9 0 8:9 / /boot rw - ext4 /dev/sdb1 rw';
    const spaces = { '/data': space(90, 10), '/x': space(0, 10), '/boot': space(10, 90) };
    expect(await last(mounts(spaces), text + small)).toMatchObject({ disk: 90 });
    const closed = text.replaceAll(' rw', ' ro');
    expect(await last(mounts(spaces), closed + small)).toMatchObject({ disk: 10 });
  });

  it('a pool of ZFS is as full as all its filesystems together, and shown once', async () => {
    const text = ['tank', 'tank/home', 'tank/vm', 'tank/vm/one']
      .map((source, index) => `${index} 0 0:${40 + index} / /${source} rw - zfs ${source} rw`)
      .join('\n');
    const spaces = {
      '/tank': space(1, 50),
      '/tank/home': space(50, 50),
      '/tank/vm': space(399, 50),
      '/tank/vm/one': space(500, 50),
    };
    expect(await last(mounts(spaces), text)).toEqual({
      disk: 95,
      'mount:/tank:used': 95,
      'mount:/tank:used_bytes': 950,
      'mount:/tank:total_bytes': 1000,
    });
  });

  it('a filesystem of a pool that has a quota is shown on its own, and two pools are two', async () => {
    const text = `1 0 0:40 / / rw - zfs rpool/ROOT/debian rw
2 0 0:41 / /home rw - zfs rpool/home rw
3 0 0:42 / /backup rw - zfs other rw`;
    const spaces = { '/': space(200, 700), '/home': space(98, 2), '/backup': space(40, 60) };
    expect(await last(mounts(spaces), text)).toMatchObject({
      disk: 98,
      'mount:/:used': 29.86,
      'mount:/home:used': 98,
      'mount:/backup:used': 40,
    });
  });

  it('a btrfs is shown once, whatever device numbers its subvolumes have', async () => {
    const text = `1 0 0:40 /@ / rw - btrfs /dev/sda2 rw
2 0 0:41 /@home /home rw - btrfs /dev/sda2 rw
3 0 0:41 /@srv /srv rw - btrfs /dev/sda2 rw`;
    const fields = await last(mounts({ '/': space(95, 5) }), text);
    expect(fields).toMatchObject({ disk: 95, 'mount:/:used': 95 });
    expect(JSON.stringify(fields)).not.toMatch(/home|srv/);
  });

  it('[I7] a mount with a very long path is measured under a shorter name', async () => {
    const collector = createMounts({ statfs: async () => space(40, 60), asker: createAsker({ atOnce: 2 }) });
    const fields = await last(collector, fixture('mountinfo-long-k8s.txt'));
    expect(fields).toMatchObject({ disk: 40, 'mount:/:used': 40 });
    const long = Object.keys(fields ?? {}).filter((name) => name.includes('kubelet'));
    expect(long).toHaveLength(3);
    for (const name of long) expect(name.length).toBeLessThanOrEqual('mount::total_bytes'.length + 256);
  });
});

describe('a mount that does not answer', () => {
  const five = ['/', '/a', '/b', '/c', '/d']
    .map((path, index) => `${index} 0 8:${index} / ${path} rw - ext4 /dev/sd${index} rw`)
    .join('\n');

  it('[G3] of five mounts the four that answer go on, and the fifth is not known', async () => {
    vi.useFakeTimers();
    const spaces = { '/': space(1, 9), '/a': space(2, 8), '/b': space(3, 7), '/d': space(4, 6) };
    const answers = over(mounts(spaces), ...Array.from({ length: 8 }, () => five));
    await vi.advanceTimersByTimeAsync(30_000);
    for (const fields of await answers) {
      expect(fields).toMatchObject({ disk: 40, 'mount:/:used': 10, 'mount:/d:used': 40 });
      expect(fields).not.toHaveProperty('mount:/c:used');
    }
  });

  it.runIf(process.platform === 'linux')(
    '[G3] calls that really hang leave threads to the other mounts and to everything else',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'watchfloor-hang-'));
      const pipe = join(folder, 'pipe');
      spawnSync('mkfifo', [pipe]);
      const { asker } = byStatfs();
      // Opening a pipe waits until somebody writes to it.
      const collector = createMounts({
        statfs: async (path) => {
          if (path !== '/c') return statfs(folder);
          await (await open(pipe)).close();
          return space(1, 1);
        },
        asker,
      });
      onTestFinished(async () => {
        const writer = await open(pipe, 'r+');
        await writer.close();
        rmSync(folder, { recursive: true });
      });
      for (const fields of await over(collector, five, five, five)) {
        expect(fields).toHaveProperty('mount:/:used');
        expect(fields).not.toHaveProperty('mount:/c:used');
      }
      expect(await readFile('/proc/uptime', 'utf8')).toMatch(/^\d/);
    },
  );

  it('[G3] a pool that hangs takes one call, however many filesystems it has', async () => {
    vi.useFakeTimers();
    let calls = 0;
    const collector = createMounts({
      statfs: (path) => {
        if (path === '/') return Promise.resolve(space(1, 9));
        calls++;
        return new Promise<never>(() => undefined);
      },
      asker: createAsker({ atOnce: 2 }),
    });
    const pool = Array.from({ length: 20 }, (_, n) => `${n} 0 0:${n + 30} / /p/${n} rw - zfs p/${n} rw`);
    const answers = over(
      collector,
      ...Array.from({ length: 5 }, () => [...pool, five.split('\n')[0]].join('\n')),
    );
    await vi.advanceTimersByTimeAsync(30_000);
    for (const fields of await answers) expect(fields).toMatchObject({ disk: 10 });
    expect(calls).toBe(1);
  });

  it('[G3] a filesystem that cannot be measured leaves the fields of the others in the sample', async () => {
    const collector = createMounts({
      statfs: (path) => (path === '/' ? Promise.reject(new Error('EIO')) : Promise.resolve(space(5, 5))),
      asker: createAsker({ atOnce: 2 }),
    });
    expect(await last(collector, fixture('mountinfo-container.txt'))).toEqual({
      disk: 50,
      'mount:/data:used': 50,
      'mount:/data:used_bytes': 5,
      'mount:/data:total_bytes': 10,
    });
  });
});
