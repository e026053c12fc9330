/** Disk traffic, requests and their times from /proc/diskstats: only the disks themselves, so that every byte is counted once. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { instanceField } from '#protocol/fields.ts';
import type { Collector, Fields } from './collector.ts';
import { keepNames } from './instance-names.ts';
import {
  createRates,
  createTotals,
  isKnown,
  isLying,
  MOST_BYTES,
  percent,
  short,
  tenth,
  type Rates,
} from './rates.ts';

export interface DiskCounters {
  readonly name: string;
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** Requests that ended. */
  readonly reads: number;
  readonly writes: number;
  /** Milliseconds that those requests took, queued and served, all together. */
  readonly readMs: number;
  readonly writeMs: number;
  /** The milliseconds of all requests in flight, added up. */
  readonly queuedMs: number;
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
      reads: column(3),
      writes: column(7),
      readMs: column(6),
      writeMs: column(10),
      queuedMs: column(13),
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
  reads: instanceField('disk', disk, 'reads'),
  writes: instanceField('disk', disk, 'writes'),
  readMs: instanceField('disk', disk, 'read_ms'),
  writeMs: instanceField('disk', disk, 'write_ms'),
  queue: instanceField('disk', disk, 'queue'),
}));

/** [G8] The most requests that a disk ends in a second, and the most milliseconds that those in a queue wait in it. */
const MOST_REQUESTS = 1e8;
const MOST_WAITING = 1e9;

/** How many requests there were, how long one took (0 where there was none, as iostat shows it), and how many waited. */
function addRequests(fields: Fields, rates: Rates, disk: DiskCounters): void {
  const names = namesOf(disk.name);
  const reads = rates.perSecond(names.reads, disk.reads, MOST_REQUESTS);
  const writes = rates.perSecond(names.writes, disk.writes, MOST_REQUESTS);
  const readMs = rates.perSecond(names.readMs, disk.readMs, MOST_WAITING);
  const writeMs = rates.perSecond(names.writeMs, disk.writeMs, MOST_WAITING);
  const queuedMs = rates.perSecond(names.queue, disk.queuedMs, MOST_WAITING);
  if (isKnown(reads)) {
    fields[names.reads] = short(reads);
    if (isKnown(readMs)) fields[names.readMs] = reads === 0 ? 0 : short(readMs / reads);
  }
  if (isKnown(writes)) {
    fields[names.writes] = short(writes);
    if (isKnown(writeMs)) fields[names.writeMs] = writes === 0 ? 0 : short(writeMs / writes);
  }
  if (isKnown(queuedMs)) fields[names.queue] = short(queuedMs / 1000);
}

/**
 * The most milliseconds that a disk can be busy in a second, with room for the kernel's rounding. A request's time may
 * be counted when it ends: with one in flight before, it may be a minute's, which is longer than the kernel waits.
 */
function mostBusy(inFlightBefore = 0): number {
  return inFlightBefore === 0 ? 1500 : 60_000;
}

/** The fields of each disk, and the totals of all. `inFlight`: how many requests each had in flight before. */
export function diskFields(
  rates: Rates,
  disks: readonly DiskCounters[],
  inFlight: ReadonlyMap<string, number>,
): Fields | 'absent' {
  if (disks.length === 0) return 'absent';
  const fields: Fields = {};
  const totals = createTotals();
  for (const disk of disks) {
    const { name, readBytes, writtenBytes, busyMs } = disk;
    const names = namesOf(name);
    const read = rates.perSecond(names.read, readBytes, MOST_BYTES);
    const write = rates.perSecond(names.write, writtenBytes, MOST_BYTES);
    const busy = rates.perSecond(names.busy, busyMs, mostBusy(inFlight.get(name)));
    // Counters that are not read in a round are forgotten.
    addRequests(isLying(read, write) ? {} : fields, rates, disk);
    if (read === undefined || write === undefined) continue;
    totals.add(read, write);
    if (isLying(read, write)) continue;
    fields[names.read] = Math.round(read);
    fields[names.write] = Math.round(write);
    if (isKnown(busy)) fields[names.busy] = tenth(percent(busy, 1000));
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
