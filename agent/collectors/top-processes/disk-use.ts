/**
 * What processes read from disks and write to them. /proc/<pid>/io, which tells it on Linux, only their own user and root
 * may read.
 */
import { denied, type Denied, type ProcessFolder } from './folder.ts';

/** Bytes since the process began. */
export interface Counters {
  readonly read: number;
  readonly written: number;
}

/** /proc/<pid>/io → the bytes that went through the disks. */
export function parseIo(text: string): Counters | undefined {
  const bytes = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? NaN);
  const [read, written] = [bytes('read_bytes'), bytes('write_bytes')];
  return Number.isNaN(read + written) ? undefined : { read, written };
}

/** Bytes per second. */
export interface DiskRates {
  readonly read: number;
  readonly written: number;
}

interface Subject {
  readonly pid: number;
  readonly started: number;
  /** Whether it began since the last call for it would have been. */
  readonly isYoung: boolean;
}

export interface DiskUse {
  /** Reads these processes at the end of a period of `seconds`. Rates of a process are known from its second reading on. */
  measure(processes: readonly Subject[], seconds: number): ReadonlyMap<number, DiskRates>;
  /** Whether the last call met processes that the agent may not read. */
  readonly isHidden: boolean;
}

/** No disk moves more bytes in a second. */
const MOST_BYTES = 256e9;

/** What a process has read and written; undefined where it is not known, `denied` where the agent may not know. */
export type DiskCounters = (pid: number) => Counters | undefined | Denied;

/** The counters in /proc. */
export const countersIn =
  (folder: Pick<ProcessFolder, 'text'>): DiskCounters =>
  (pid) => {
    const text = folder.text(pid, 'io');
    return text === undefined || text === denied ? text : parseIo(text);
  };

export function createDiskUse(countersOf: DiskCounters): DiskUse {
  let before = new Map<string, Counters | undefined>();
  let isHidden = false;

  function counters({ pid }: Subject): Counters | undefined {
    const found = countersOf(pid);
    if (found !== denied) return found;
    isHidden = true;
    return undefined;
  }

  return {
    measure(processes, seconds) {
      const now = new Map<string, Counters | undefined>();
      const rates = new Map<number, DiskRates>();
      isHidden = false;
      for (const process of processes) {
        const key = `${process.pid} ${process.started}`;
        const counted = counters(process);
        now.set(key, counted);
        const earlier = before.get(key) ?? (process.isYoung ? { read: 0, written: 0 } : undefined);
        if (counted === undefined || earlier === undefined) continue;
        const rate = {
          read: (counted.read - earlier.read) / seconds,
          written: (counted.written - earlier.written) / seconds,
        };
        // [G8] A counter that goes back, or jumps, says nothing.
        if (Math.min(rate.read, rate.written) >= 0 && Math.max(rate.read, rate.written) <= MOST_BYTES)
          rates.set(process.pid, rate);
      }
      before = now;
      return rates;
    },
    get isHidden() {
      return isHidden;
    },
  };
}
