/** Whether arrays of disks are whole: software RAID from /proc/mdstat, pools of ZFS from /proc/spl. */
import { join } from 'node:path';
import { instanceField } from '#protocol/fields.ts';
import type { Collector, Fields } from './collector.ts';
import { keepNames } from './instance-names.ts';
import { tenth } from './rates.ts';
import { foldersIn } from './system-files.ts';

export interface DiskArray {
  readonly name: string;
  /** Disks that are missing or failed. */
  readonly missing: number;
  /** Percent of a rebuild, a check or a growth that runs. */
  readonly done: number | undefined;
}

/**
 * /proc/mdstat → the arrays that can lose a disk. `[3/2]` is three disks of which two work.
 *
 *     md0 : active raid5 sdc1[2] sdb1[1](F) sda1[0]
 *           1953260544 blocks level 5, 64k chunk, algorithm 2 [3/2] [U_U]
 *           [=>...................]  recovery =  5.6% (54698/976630272) finish=60.5min speed=254324K/sec
 */
export function parseMdstat(text: string): DiskArray[] {
  const starts = [...text.matchAll(/^(md\S*) : /gm)];
  return starts.flatMap(({ index, 1: name = '' }, place): DiskArray[] => {
    const part = text.slice(index, starts[place + 1]?.index);
    const isInactive = / : inactive/.test(part);
    const [, wanted, working] = /\[(\d+)\/(\d+)\]/.exec(part) ?? [];
    // Without a second copy (linear, raid0) there is no such number, and nothing to be told while it runs.
    if (wanted === undefined) return isInactive ? [{ name, missing: 1, done: undefined }] : [];
    const [, done] = /(?:recovery|resync|reshape|check) *= *([\d.]+)%/.exec(part) ?? [];
    return [
      {
        name,
        missing: Math.max(0, Number(wanted) - Number(working)),
        done: done === undefined ? undefined : Number(done),
      },
    ];
  });
}

const namesOf = keepNames((name) => ({
  degraded: instanceField('raid', name, 'degraded'),
  missing: instanceField('raid', name, 'missing'),
  done: instanceField('raid', name, 'rebuilt'),
}));

const ZFS = '/proc/spl/kstat/zfs';
/** How often pools are looked for, in milliseconds. */
const SEARCH_EVERY = 60_000;

export function createRaid(zfs = ZFS): Collector {
  let pools: readonly string[] = [];
  let searchedAt = -Infinity;
  return {
    async collect({ at, read, readAside }) {
      if (at - searchedAt >= SEARCH_EVERY) {
        pools = foldersIn(zfs);
        searchedAt = at;
      }
      const fields: Fields = {};
      for (const { name, missing, done } of parseMdstat(read('/proc/mdstat') ?? '')) {
        const names = namesOf(name);
        fields[names.degraded] = missing > 0 ? 1 : 0;
        fields[names.missing] = missing;
        if (done !== undefined) fields[names.done] = tenth(done);
      }
      for (const pool of pools) {
        // A pool whose disks hang may hang its state.
        const state = (await readAside(join(zfs, pool, 'state')))?.trim();
        if (state !== undefined) fields[namesOf(pool).degraded] = state === 'ONLINE' ? 0 : 1;
      }
      return Object.keys(fields).length > 0 ? fields : 'absent';
    },
  };
}
