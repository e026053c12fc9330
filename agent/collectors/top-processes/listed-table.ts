/**
 * The table of all processes where listing them tells at once what each has used: each round reads them all. A process that
 * came and went between two rounds is never seen, as no parent is told there what its children have used.
 */
import { ROUND_MS, TICKS, type Process, type ProcessTable } from './table.ts';

export interface ListedProcess {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** Processor time that it has used, in ticks. */
  readonly ticks: number;
  /** When it began, in ticks since 1970: what a pid that is used again differs in. */
  readonly started: number;
  /** Memory that it has now, what it shares with others included. */
  readonly residentBytes: number;
  /** Bytes since it began. */
  readonly read: number;
  readonly written: number;
}

/** A timer may fire this many milliseconds early. */
const EARLY = 100;
/** Facts are read of a process that used more than this part of a core, as it may end. */
const BUSY_SHARE = 0.01;
/** [G8] Readings are not taken at exactly the same time, so a core may seem to have a little more than its ticks. */
const MOST_SHARE = 1.5;
const MOST_ENDED = 2000;

interface TableParts {
  readonly list: () => readonly ListedProcess[];
  readonly cores: number;
  readonly onBusy: (process: Process) => void;
}

export function createListedTable({ list, cores, onBusy }: TableParts): ProcessTable {
  const living = new Map<number, Process>();
  let ended: Process[] = [];
  let readAt = -Infinity;

  const isPossible = (ticks: number, ms: number) =>
    ticks >= 0 && ticks <= (Math.max(ms, 1000) / 1000) * TICKS * cores * MOST_SHARE;

  function add(one: ListedProcess, at: number): Process {
    const { ticks } = one;
    // In the first round nobody knows when its time was used.
    const isYoung = readAt !== -Infinity;
    const used = isYoung && isPossible(ticks, at - readAt) ? ticks : 0;
    const process: Process = {
      ...{ pid: one.pid, name: one.name || 'unknown', state: '', parent: one.parent, isKernel: false },
      ...{ ticks, endedTicks: 0, started: one.started, pages: one.residentBytes },
      ...{ readAt: at, used, unseen: 0, isYoung, busyUntil: 0 },
      peak: Math.min(cores * TICKS, (used * 1000) / Math.max(1000, at - readAt)),
    };
    living.set(one.pid, process);
    return process;
  }

  function update(process: Process, one: ListedProcess, at: number): void {
    const elapsed = at - process.readAt;
    const { ticks } = one;
    const grown = ticks - process.ticks;
    const used = isPossible(grown, elapsed) ? grown : 0;
    process.ticks = ticks;
    process.pages = one.residentBytes;
    process.readAt = at;
    process.used += used;
    if (elapsed > 0) process.peak = Math.max(process.peak, (used * 1000) / elapsed);
  }

  function remove(process: Process): void {
    living.delete(process.pid);
    if (process.used > 0) ended.push(process);
  }

  function readAll(at: number): void {
    for (const one of list()) {
      const known = living.get(one.pid);
      const isSame = known !== undefined && known.started === one.started;
      if (known !== undefined && !isSame) remove(known);
      const process = known !== undefined && isSame ? known : add(one, at);
      if (isSame) update(process, one, at);
      if (process.peak > TICKS * BUSY_SHARE) onBusy(process);
    }
    for (const process of living.values()) if (process.readAt !== at) remove(process);
    readAt = at;
  }

  return {
    living,
    get ended() {
      return ended;
    },
    look(at) {
      if (at < readAt + ROUND_MS - EARLY) return;
      readAll(at);
      if (ended.length > MOST_ENDED)
        ended = ended.sort((one, other) => other.used - one.used).slice(0, MOST_ENDED / 2);
    },
    beginPeriod() {
      ended = [];
      for (const process of living.values())
        Object.assign(process, { used: 0, peak: 0, unseen: 0, isYoung: false });
    },
  };
}
