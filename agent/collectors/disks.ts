/** Disk traffic from /proc/diskstats: whole disks only, because a partition's bytes are its disk's bytes too. */
import { existsSync } from 'node:fs';
import { instanceField } from '#protocol/fields.ts';
import { keepNames, type Collector, type Fields } from './collector.ts';
import { createRates, percent, tenth, type Rates } from './rates.ts';

interface DiskCounters {
  readonly name: string;
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** Milliseconds with a request in flight. */
  readonly busyMs: number;
}

const SECTOR = 512;
/**
 * Devices whose bytes other disks carry (dm, md, drbd, nbd), that live in memory or files, or are removable (optical,
 * floppy).
 */
const NOT_A_DISK = /^(loop|ram|zram|dm-|md|sr|fd|nbd|drbd)\d*/;

/** /proc/diskstats → counters of every disk and partition that was ever read or written. */
function parseDiskstats(text: string): DiskCounters[] {
  const disks: DiskCounters[] = [];
  for (const line of text.split('\n')) {
    const columns = line.trim().split(/ +/);
    const name = columns[2];
    if (name === undefined || columns.length < 14 || NOT_A_DISK.test(name)) continue;
    const column = (index: number) => Number(columns[index]);
    if (column(3) === 0 && column(7) === 0) continue;
    disks.push({
      name,
      readBytes: column(5) * SECTOR,
      writtenBytes: column(9) * SECTOR,
      busyMs: column(12),
    });
  }
  return disks;
}

/** Tells a partition by its name, for a machine (a container) that hides /sys. */
export function looksLikePartition(name: string): boolean {
  return /^(nvme\d+n\d+p\d+|mmcblk\d+p\d+|(sd|hd|vd|xvd)[a-z]+\d+)$/.test(name);
}

/** Whether /sys lists it as a whole disk. A "/" in a disk's name is written "!" there. */
function isWholeDisk(name: string): boolean {
  if (!existsSync('/sys/block')) return !looksLikePartition(name);
  return existsSync(`/sys/block/${name.replaceAll('/', '!')}`);
}

const namesOf = keepNames((disk) => ({
  read: instanceField('disk', disk, 'read'),
  write: instanceField('disk', disk, 'write'),
  busy: instanceField('disk', disk, 'busy'),
}));

function diskFields(rates: Rates, disks: readonly DiskCounters[]): Fields | 'absent' {
  if (disks.length === 0) return 'absent';
  const fields: Fields = {};
  let [totalRead, totalWrite, known]: [number, number, boolean] = [0, 0, false];
  for (const { name, readBytes, writtenBytes, busyMs } of disks) {
    const names = namesOf(name);
    const read = rates.perSecond(names.read, readBytes);
    const write = rates.perSecond(names.write, writtenBytes);
    const busy = rates.perSecond(names.busy, busyMs);
    if (read === undefined || write === undefined) continue;
    known = true;
    totalRead += read;
    totalWrite += write;
    fields[names.read] = Math.round(read);
    fields[names.write] = Math.round(write);
    if (busy !== undefined) fields[names.busy] = tenth(percent(busy, 1000));
  }
  if (known) {
    fields['disk_read'] = Math.round(totalRead);
    fields['disk_write'] = Math.round(totalWrite);
  }
  return fields;
}

export function createDisks(isWhole: (name: string) => boolean = isWholeDisk): Collector {
  const rates = createRates();
  let whole = new Map<string, boolean>();
  return {
    collect({ at, read }) {
      const text = read('/proc/diskstats');
      if (text === undefined) return 'absent';
      const seen = new Map<string, boolean>();
      const disks = parseDiskstats(text).filter(({ name }) => {
        const answer = whole.get(name) ?? isWhole(name);
        seen.set(name, answer);
        return answer;
      });
      whole = seen;
      rates.begin(at);
      return diskFields(rates, disks);
    },
  };
}
