/** How full the local filesystems are. */
import { statfs } from 'node:fs/promises';
import { instanceField } from '#protocol/fields.ts';
import { keepNames, type Collector, type Fields } from './collector.ts';
import { parseMountinfo, type Mount } from './mountinfo.ts';
import { hundredth, percent } from './rates.ts';

/** What statfs answers, counted in blocks of `bsize` bytes. */
interface Space {
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}

export interface MountUse {
  readonly used: number;
  readonly usedBytes: number;
  readonly totalBytes: number;
  readonly inodes: number | undefined;
}

/**
 * How full one filesystem is, as df counts it (blocks reserved for root are not free); undefined when it has no size.
 */
export function mountUse({ bsize, blocks, bfree, bavail, files, ffree }: Space): MountUse | undefined {
  if (!(blocks > 0)) return undefined;
  const used = Math.max(0, blocks - bfree);
  return {
    used: hundredth(percent(used, used + bavail)),
    usedBytes: used * bsize,
    totalBytes: blocks * bsize,
    inodes: files > 0 ? hundredth(percent(files - ffree, files)) : undefined,
  };
}

const namesOf = keepNames((path) => ({
  used: instanceField('mount', path, 'used'),
  usedBytes: instanceField('mount', path, 'used_bytes'),
  totalBytes: instanceField('mount', path, 'total_bytes'),
  inodes: instanceField('mount', path, 'inodes'),
}));

/**
 * The fields of every mount, and `disk`: the fullest writable filesystem, or the fullest of all when none is writable.
 */
export function mountFields(measured: readonly (readonly [Mount, MountUse])[]): Fields | 'absent' {
  if (measured.length === 0) return 'absent';
  const writable = measured.filter(([{ readOnly }]) => !readOnly);
  const counted = writable.length > 0 ? writable : measured;
  const fields: Fields = { disk: Math.max(...counted.map(([, { used }]) => used)) };
  for (const [{ path }, use] of measured) {
    const names = namesOf(path);
    fields[names.used] = use.used;
    fields[names.usedBytes] = use.usedBytes;
    fields[names.totalBytes] = use.totalBytes;
    if (use.inodes !== undefined) fields[names.inodes] = use.inodes;
  }
  return fields;
}

export function createMounts(ask: (path: string) => Promise<Space> = (path) => statfs(path)): Collector {
  let last = '';
  let mounts: Mount[] = [];
  const measure = async (mount: Mount): Promise<[Mount, MountUse][]> => {
    try {
      const use = mountUse(await ask(mount.path));
      return use === undefined ? [] : [[mount, use]];
    } catch {
      // Unmounted meanwhile, or not readable for this user: the other filesystems still count.
      return [];
    }
  };
  return {
    async collect({ read }) {
      const text = read('/proc/self/mountinfo');
      if (text === undefined) return 'absent';
      if (text !== last) [last, mounts] = [text, parseMountinfo(text)];
      return mountFields((await Promise.all(mounts.map(measure))).flat());
    },
  };
}
