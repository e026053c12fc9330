/** How full the local filesystems are. */
import { statfs } from 'node:fs/promises';
import { instanceField } from '#protocol/fields.ts';
import { createAsker, shareOfThreads, type Asker } from './asking.ts';
import type { Collector, Fields } from './collector.ts';
import { keepNames } from './instance-names.ts';
import { parseMountinfo, type Filesystem } from './mountinfo.ts';
import { hundredth, percent } from './rates.ts';

/** What statfs answers, counted in blocks of `bsize` bytes. */
export interface Space {
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}

export interface MountUse {
  readonly path: string;
  readonly readOnly: boolean;
  /** Percent, as df counts it: blocks reserved for root are not free. */
  readonly used: number;
  readonly usedBytes: number;
  readonly totalBytes: number;
  readonly inodes?: number;
}

/** How full the filesystem at one place is; undefined when it has no size. */
function placeUse(path: string, readOnly: boolean, space: Space): MountUse | undefined {
  const { bsize, blocks, bfree, bavail, files, ffree } = space;
  if (!(blocks > 0)) return undefined;
  const used = Math.max(0, blocks - bfree);
  return {
    path,
    readOnly,
    used: hundredth(percent(used, used + bavail)),
    usedBytes: used * bsize,
    totalBytes: blocks * bsize,
    ...(files > 0 ? { inodes: hundredth(percent(files - ffree, files)) } : {}),
  };
}

/** A place whose room is smaller than its pool's by this share of the pool has a limit (a quota) of its own. */
const LIMITED = 0.01;

/**
 * How full a pool is, and those of its filesystems that have a limit of their own. Each filesystem tells what it holds
 * itself and the room that is left to it: the pool holds the sum, and has the largest room.
 */
function poolUse({ path, readOnly }: Filesystem, spaces: ReadonlyMap<string, Space>): MountUse[] {
  const rooms = [...spaces].map(([place, space]) => ({ place, space, room: space.bavail * space.bsize }));
  const room = Math.max(...rooms.map((one) => one.room));
  const usedBytes = rooms.reduce((sum, { space }) => sum + (space.blocks - space.bfree) * space.bsize, 0);
  const totalBytes = usedBytes + room;
  if (!(totalBytes > 0)) return [];
  const pool: MountUse = {
    path,
    readOnly,
    used: hundredth(percent(usedBytes, totalBytes)),
    usedBytes,
    totalBytes,
  };
  const limited = rooms.filter((one) => one.place !== path && room - one.room > totalBytes * LIMITED);
  return [pool, ...limited.flatMap(({ place, space }) => placeUse(place, readOnly, space) ?? [])];
}

/** How full a filesystem is, from what each of its places answered. */
export function filesystemUse(filesystem: Filesystem, spaces: ReadonlyMap<string, Space>): MountUse[] {
  const { path, readOnly, places } = filesystem;
  if (places.length > 1) return spaces.size > 0 ? poolUse(filesystem, spaces) : [];
  const space = spaces.get(path);
  return space === undefined ? [] : [placeUse(path, readOnly, space) ?? []].flat();
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
export function mountFields(measured: readonly MountUse[]): Fields | 'absent' {
  if (measured.length === 0) return 'absent';
  const writable = measured.filter(({ readOnly }) => !readOnly);
  const counted = writable.length > 0 ? writable : measured;
  const fields: Fields = { disk: Math.max(...counted.map(({ used }) => used)) };
  for (const use of measured) {
    const names = namesOf(use.path);
    fields[names.used] = use.used;
    fields[names.usedBytes] = use.usedBytes;
    fields[names.totalBytes] = use.totalBytes;
    if (use.inodes !== undefined) fields[names.inodes] = use.inodes;
  }
  return fields;
}

/** How mounts are measured: `statfs` answers for the place at a path. */
export interface Measuring {
  readonly statfs: (path: string) => Promise<Space>;
  readonly asker: Asker<MountUse[]>;
}

/** Measures by statfs, with at most half of Node's threads. */
export function byStatfs(): Measuring {
  return { statfs: (path) => statfs(path), asker: createAsker({ atOnce: shareOfThreads(0.5) }) };
}

/** [G3] The fields of the filesystems that answer. The places of a pool are asked one after another: they hang together. */
export async function measureMounts(
  filesystems: readonly Filesystem[],
  measuring: Measuring,
): Promise<Fields | 'absent'> {
  const measure = async (filesystem: Filesystem): Promise<MountUse[]> => {
    const spaces = new Map<string, Space>();
    for (const place of filesystem.places) {
      const space = await askPlace(place, measuring);
      if (space !== undefined) spaces.set(place, space);
    }
    return filesystemUse(filesystem, spaces);
  };
  const questions = new Map(filesystems.map((one) => [one.path, () => measure(one)]));
  const answers = await measuring.asker.ask(questions);
  return mountFields(filesystems.flatMap(({ path }) => answers.get(path) ?? []));
}

async function askPlace(place: string, measuring: Measuring): Promise<Space | undefined> {
  try {
    return await measuring.statfs(place);
  } catch {
    // Unmounted meanwhile, or not readable for this user: the other places still count.
    return undefined;
  }
}

export function createMounts(measuring: Measuring = byStatfs()): Collector {
  let last = '';
  let filesystems: Filesystem[] = [];
  return {
    async collect({ read }) {
      const text = read('/proc/self/mountinfo');
      if (text === undefined) return 'absent';
      if (text !== last) filesystems = parseMountinfo(text);
      last = text;
      return measureMounts(filesystems, measuring);
    },
  };
}
