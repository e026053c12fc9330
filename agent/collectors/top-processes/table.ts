/**
 * The table of all processes: what each has used since the last report. Reading thousands of files every few seconds
 * would cost more than everything else that the agent does, so most of them are read seldom:
 *
 * - every few seconds those that used the processor lately;
 * - those that are new, when the processors did more than these explain, and every half minute, since listing thousands
 *   costs as much as reading hundreds;
 * - all at once when that does not explain it either;
 * - otherwise each in its turn, a few with each sample, once in each period of the reports.
 *
 * A process that came and went between two readings is never seen. Its time is found with its parent, which the kernel
 * tells the time of the children that have ended.
 */
import type { ProcessFolder } from './folder.ts';
import type { ProcessStat } from './stat.ts';

/** One process, and what is known of it since the last report. */
export interface Process extends ProcessStat {
  name: string;
  /** When it was read last, in milliseconds of a clock that never steps. */
  readAt: number;
  /** Ticks that it used since the last report. */
  used: number;
  /** The most ticks per second between two readings since the last report. */
  peak: number;
  /** Ticks of its children since the last report that were never seen themselves. */
  unseen: number;
  /** Whether it began since the last report. */
  isYoung: boolean;
  /** The round up to which it is read in every round. */
  busyUntil: number;
}

export interface ProcessTable {
  /** Reads the processes that are due. `at`: milliseconds of a clock that never steps. */
  look(at: number, sweepMs: number): void;
  /** All that are there, and those that have ended since the last report. */
  readonly living: ReadonlyMap<number, Process>;
  readonly ended: readonly Process[];
  /** Begins the next period. */
  beginPeriod(): void;
}

interface TableParts {
  readonly folder: Pick<ProcessFolder, 'pids' | 'stat' | 'nameOfLast'>;
  /** Ticks that all cores together spent on processes since boot; undefined where it is not known. */
  readonly busyTicks: () => number | undefined;
  readonly cores: number;
  /** Called when a process begins to use much. */
  readonly onBusy?: (process: Process) => void;
}

export const TICKS = 100;
/** Milliseconds between two rounds. A spike of ten seconds fills at least one of them. */
export const ROUND_MS = 5000;
/** A timer may fire this many milliseconds early. */
const EARLY = 100;
/** A process that used more than this part of a core is read in every round, for so many rounds. */
const BUSY_SHARE = 0.01;
const BUSY_ROUNDS = 6;
/** New processes are looked for when this part of a core is not explained, and at the latest after so many milliseconds. */
const LIST_SHARE = 0.05;
const LIST_MS = 30_000;
/** All are read when this part of a core is not explained. */
const READ_ALL_SHARE = 0.25;
/**
 * Reading all of two thousand takes ten milliseconds. So many may be read a second on average to explain something; what
 * was not read is saved up to once all of them, so that a spike after a quiet time is explained at once.
 */
const EXPLAINING_A_SECOND = 60;
/** One that was read within this part of a sweep is passed over in its turn. */
const FRESH_PART = 0.75;
/** [G8] Readings are not taken at exactly the same time, so a core may seem to have a little more than its ticks. */
const MOST_SHARE = 1.5;
/** How many ended processes are kept until the next report; past it, those that used least are dropped. */
const MOST_ENDED = 2000;

export function createProcessTable({
  folder,
  busyTicks,
  cores,
  onBusy = () => undefined,
}: TableParts): ProcessTable {
  const living = new Map<number, Process>();
  let ended: Process[] = [];
  /** By parent: ticks of its ended children that have been counted already, since the parent was read last. */
  const counted = new Map<number, number>();
  let round = 0;
  let roundAt = -Infinity;
  let listedAt = -Infinity;
  let busyBefore: number | undefined;
  /** How many processes may be read now to explain something. */
  let explaining = Infinity;
  /** The pids that are read in turn, and which is next. */
  let turn: readonly number[] = [];
  let next = 0;
  /** Ticks that were found since the last round began. */
  let found = 0;
  let lookedAt = -Infinity;

  /** Whether so many ticks can have been used in this time. */
  const isPossible = (ticks: number, ms: number) =>
    ticks >= 0 && ticks <= (Math.max(ms, 1000) / 1000) * TICKS * cores * MOST_SHARE;

  function add(stat: ProcessStat, at: number): void {
    // In the first round nobody knows when its time was used.
    const isNew = round > 1;
    const used = isNew && isPossible(stat.ticks, at - listedAt) ? stat.ticks : 0;
    const unseen = isNew && isPossible(stat.endedTicks, at - listedAt) ? stat.endedTicks : 0;
    found += used + unseen;
    const process: Process = {
      ...stat,
      name: folder.nameOfLast(),
      readAt: at,
      used,
      // Had it used much before this round, it would have been looked for then.
      peak: Math.min(cores * TICKS, (used * 1000) / Math.max(1000, at - roundAt)),
      unseen: Math.max(0, unseen - (counted.get(stat.pid) ?? 0)),
      isYoung: isNew,
      busyUntil: isNew ? round + 1 : 0,
    };
    counted.delete(stat.pid);
    living.set(stat.pid, process);
    if (process.peak > TICKS * BUSY_SHARE) onBusy(process);
  }

  /** Takes a process that has ended out of the table. Its parent is told the same time by the kernel. */
  function remove(process: Process): void {
    living.delete(process.pid);
    const { pid, parent, ticks, endedTicks } = process;
    const all = ticks + endedTicks + (counted.get(pid) ?? 0);
    counted.delete(pid);
    if (living.has(parent)) counted.set(parent, (counted.get(parent) ?? 0) + all);
    if (process.used + process.unseen > 0) ended.push(process);
  }

  function update(process: Process, stat: ProcessStat, at: number): void {
    const elapsed = at - process.readAt;
    const grown = stat.ticks - process.ticks;
    const used = isPossible(grown, elapsed) ? grown : 0;
    const endedGrown = stat.endedTicks - process.endedTicks;
    const known = counted.get(process.pid) ?? 0;
    const unseen = isPossible(endedGrown, elapsed) ? Math.max(0, endedGrown - known) : 0;
    if (endedGrown > 0) counted.delete(process.pid);
    found += used + unseen;
    const rate = elapsed > 0 ? (used * 1000) / elapsed : 0;
    const wasBusy = process.busyUntil >= round;
    const isBusy = rate > TICKS * BUSY_SHARE || unseen > 0;
    Object.assign(process, stat, {
      // It may have become another program.
      name: used > 0 ? folder.nameOfLast() : process.name,
      readAt: at,
      used: process.used + used,
      peak: Math.max(process.peak, rate),
      unseen: process.unseen + unseen,
      busyUntil: isBusy ? round + BUSY_ROUNDS : process.busyUntil,
    });
    if (isBusy && !wasBusy) onBusy(process);
  }

  function read(pid: number, at: number): void {
    const process = living.get(pid);
    if (process?.readAt === at) return;
    const stat = folder.stat(pid);
    if (stat === undefined) {
      if (process === undefined) return;
      remove(process);
      // It is told how much the process has used to its end.
      if (living.has(process.parent)) read(process.parent, at);
    } else if (process === undefined) add(stat, at);
    else if (process.started === stat.started) update(process, stat, at);
    else {
      remove(process);
      add(stat, at);
    }
  }

  /** Takes out those that are not listed any more, and reads their parents, which know how much they used. */
  function removeMissing(pids: readonly number[], at: number): void {
    const listed = new Set(pids);
    const parents = new Set<number>();
    for (const process of living.values())
      if (!listed.has(process.pid)) {
        remove(process);
        parents.add(process.parent);
      }
    for (const parent of parents) if (living.has(parent)) read(parent, at);
  }

  /** Lists all processes, and reads those that are new. */
  function list(at: number): readonly number[] {
    const pids = folder.pids();
    removeMissing(pids, at);
    for (const pid of pids) if (!living.has(pid)) read(pid, at);
    listedAt = at;
    return pids;
  }

  function lookAround(at: number): void {
    round++;
    for (const process of [...living.values()]) if (process.busyUntil >= round) read(process.pid, at);
    const busy = busyTicks();
    const spent = busy === undefined || busyBefore === undefined ? 0 : busy - busyBefore;
    busyBefore = busy;
    const isUnexplained = (share: number) => spent - found > (share * TICKS * ROUND_MS) / 1000;
    explaining += (EXPLAINING_A_SECOND * ROUND_MS) / 1000;
    if (isUnexplained(LIST_SHARE) || at - listedAt >= LIST_MS - EARLY) {
      const pids = list(at);
      explaining = Math.min(explaining, pids.length);
      if (isUnexplained(READ_ALL_SHARE) && explaining >= pids.length) {
        explaining -= pids.length;
        for (const pid of pids) read(pid, at);
      }
    }
    found = 0;
    roundAt = at;
    if (next < turn.length) return;
    turn = [...living.keys()];
    next = 0;
  }

  function readInTurn(at: number, count: number, sweepMs: number): void {
    for (const end = Math.min(turn.length, next + count); next < end; next++) {
      const process = living.get(turn[next] ?? 0);
      if (process !== undefined && at - process.readAt >= sweepMs * FRESH_PART) read(process.pid, at);
    }
  }

  return {
    living,
    get ended() {
      return ended;
    },
    look(at, sweepMs) {
      const sinceLast = Math.min(ROUND_MS, at - lookedAt);
      lookedAt = at;
      if (at >= roundAt + ROUND_MS - EARLY) lookAround(at);
      else readInTurn(at, Math.ceil((turn.length * sinceLast) / (sweepMs * (1 - 1000 / ROUND_MS))), sweepMs);
      if (ended.length > MOST_ENDED)
        ended = ended.sort((one, other) => other.used - one.used).slice(0, MOST_ENDED / 2);
    },
    beginPeriod() {
      ended = [];
      for (const process of living.values()) {
        process.used = 0;
        process.peak = 0;
        process.unseen = 0;
        process.isYoung = false;
      }
    },
  };
}
