/** Disk traffic from /proc/diskstats: only the disks themselves, so that every byte is counted once. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { instanceField } from '#protocol/fields.ts';
import type { Collector, Fields } from './collector.ts';
import { keepNames } from './instance-names.ts';
import { createRates, createTotals, MOST_BYTES, percent, tenth, type Rates } from './rates.ts';

interface DiskCounters {
  readonly name: string;
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** Milliseconds with a request in flight. */
  readonly busyMs: number;
  /** Requests in flight at this moment. */
  readonly inFlight: number;
}

const SECTOR = 512;
/** Optical drives and floppies: the kernel gives these names itself, and nobody wants their traffic. */
const NOT_A_DISK = /^(sr|fd)\d/;
/** For a container that hides /sys: devices whose bytes other disks carry or that live in memory, by their names. */
const CARRIED = /^(loop|ram|zram|dm-|md|nbd|drbd|bcache|zd)/;
const PARTITION = /^(nvme\d+n\d+p|mmcblk\d+p|(sd|hd|vd|xvd)[a-z]+)\d+$/;

/** /proc/diskstats → counters of every device that was ever read or written, or that `isKnown`; partitions too. */
function parseDiskstats(text: string, isKnown: (name: string) => boolean): DiskCounters[] {
  const disks: DiskCounters[] = [];
  for (const line of text.split('\n')) {
    const columns = line.trim().split(/ +/);
    const name = columns[2];
    if (name === undefined || columns.length < 14 || NOT_A_DISK.test(name)) continue;
    // A disk in use whose counters all show 0 lies, or was reset.
    if (columns[3] === '0' && columns[7] === '0' && !isKnown(name)) continue;
    const column = (index: number) => Number(columns[index]);
    disks.push({
      name,
      readBytes: column(5) * SECTOR,
      writtenBytes: column(9) * SECTOR,
      busyMs: column(12),
      inFlight: column(11),
    });
  }
  return disks;
}

/**
 * [G7] Whether it is a disk itself: /sys lists it as a whole disk (no partition) with a device. Mappings, RAIDs, caches,
 * volumes of ZFS, loops and memory disks have no device; other disks carry their bytes. A "/" in a name is "!" in /sys.
 */
function isDisk(sysBlock: string, name: string): boolean {
  if (!existsSync(sysBlock)) return !CARRIED.test(name) && !PARTITION.test(name);
  return existsSync(join(sysBlock, name.replaceAll('/', '!'), 'device'));
}

const namesOf = keepNames((disk) => ({
  read: instanceField('disk', disk, 'read'),
  write: instanceField('disk', disk, 'write'),
  busy: instanceField('disk', disk, 'busy'),
}));

/**
 * The most milliseconds that a disk can be busy in a second, with room for the kernel's rounding. A request's time may
 * be counted when it ends: with one in flight before, it may be a minute's, which is longer than the kernel waits.
 */
function mostBusy(inFlightBefore = 0): number {
  return inFlightBefore === 0 ? 1500 : 60_000;
}

function diskFields(
  rates: Rates,
  disks: readonly DiskCounters[],
  inFlight: ReadonlyMap<string, number>,
): Fields | 'absent' {
  if (disks.length === 0) return 'absent';
  const fields: Fields = {};
  const totals = createTotals();
  for (const { name, readBytes, writtenBytes, busyMs } of disks) {
    const names = namesOf(name);
    const read = rates.perSecond(names.read, readBytes, MOST_BYTES);
    const write = rates.perSecond(names.write, writtenBytes, MOST_BYTES);
    const busy = rates.perSecond(names.busy, busyMs, mostBusy(inFlight.get(name)));
    if (read === undefined || write === undefined) continue;
    totals.add(read, write);
    if (Number.isNaN(read + write)) continue;
    fields[names.read] = Math.round(read);
    fields[names.write] = Math.round(write);
    if (busy !== undefined && !Number.isNaN(busy)) fields[names.busy] = tenth(percent(busy, 1000));
  }
  const sums = totals.sums();
  if (sums !== undefined) {
    fields['disk_read'] = sums.one;
    fields['disk_write'] = sums.other;
  }
  return fields;
}

export function createDisks(sysBlock = '/sys/block'): Collector {
  const rates = createRates();
  let known = new Map<string, boolean>();
  const inFlight = new Map<string, number>();
  return {
    collect({ at, read }) {
      const text = read('/proc/diskstats');
      if (text === undefined) return 'absent';
      const seen = new Map<string, boolean>();
      const disks = parseDiskstats(text, (name) => known.has(name)).filter(({ name }) => {
        const answer = known.get(name) ?? isDisk(sysBlock, name);
        seen.set(name, answer);
        return answer;
      });
      known = seen;
      rates.begin(at);
      const fields = diskFields(rates, disks, inFlight);
      inFlight.clear();
      for (const disk of disks) if (disk.inFlight > 0) inFlight.set(disk.name, disk.inFlight);
      return fields;
    },
  };
}
