/** Disk traffic from /proc/diskstats: whole disks only, so that nothing is counted twice. */
import { existsSync } from 'node:fs';
import { createRates, percent, tenth, type Rates } from './rates.ts';
import type { Collector, Fields } from './collector.ts';

export interface DiskCounters {
  readonly name: string;
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** Milliseconds with a request in flight. */
  readonly busyMs: number;
}

const SECTOR = 512;
/** What stands on other disks (dm, md), on memory or files, or is no disk (optical, floppy). */
const NOT_A_DISK = /^(loop|ram|zram|dm-|md|sr|fd|nbd|drbd)\d*/;

/** /proc/diskstats → counters of everything that could be a disk or a partition and was ever used. */
export function parseDiskstats(text: string): DiskCounters[] {
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

/** Partitions by their name alone, for a machine that hides /sys. */
export function looksLikePartition(name: string): boolean {
  return /^(nvme\d+n\d+p\d+|mmcblk\d+p\d+|(sd|hd|vd|xvd)[a-z]+\d+)$/.test(name);
}

/** Whether the kernel lists it as a disk of its own; /sys writes the "/" of a name as "!". */
function isWholeDisk(name: string): boolean {
  if (!existsSync('/sys/block')) return !looksLikePartition(name);
  return existsSync(`/sys/block/${name.replaceAll('/', '!')}`);
}

export function diskFields(rates: Rates, disks: readonly DiskCounters[]): Fields | 'absent' {
  if (disks.length === 0) return 'absent';
  const fields: Fields = {};
  let [totalRead, totalWrite, known]: [number, number, boolean] = [0, 0, false];
  for (const { name, readBytes, writtenBytes, busyMs } of disks) {
    const read = rates.perSecond(`${name} read`, readBytes);
    const write = rates.perSecond(`${name} write`, writtenBytes);
    const busy = rates.perSecond(`${name} busy`, busyMs);
    if (read === undefined || write === undefined) continue;
    known = true;
    totalRead += read;
    totalWrite += write;
    // Flat: the wire has `disk` as a scalar already.
    fields[`disk:${name}:read`] = Math.round(read);
    fields[`disk:${name}:write`] = Math.round(write);
    if (busy !== undefined) fields[`disk:${name}:busy`] = tenth(percent(busy, 1000));
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
