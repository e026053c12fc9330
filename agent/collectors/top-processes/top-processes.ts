/**
 * Which processes used the machine: a report a minute, and one every ten seconds while somebody looks at the machine.
 * Linux only. It starts nothing and reads /proc alone; what that costs is bounded by `table.ts`.
 */
import { availableParallelism } from 'node:os';
import type { Log } from '../../log.ts';
import type { Clock } from '../../sampling/clock.ts';
import type { Pace } from '../../sampling/pace.ts';
import type { Context } from '../collector.ts';
import { parseCpuTimes } from '../cpu.ts';
import { pageSize } from '../page-size.ts';
import { createDiskUse } from './disk-use.ts';
import { readFacts, watchUsers, type Facts } from './facts.ts';
import { openProcessFolder, type ProcessFolder } from './folder.ts';
import { candidatesOf, rowsOf, type SentRow } from './report.ts';
import { createProcessTable, TICKS, type Process } from './table.ts';

/** A report as it is sent. */
export interface SentReport {
  readonly period_s: number;
  readonly cpu?: number | null;
  readonly total: number;
  readonly hidden?: readonly ('processes' | 'io')[];
  readonly rows: readonly SentRow[];
}

export interface TopProcesses {
  /**
   * To be called with every sample. `at`: now, in milliseconds of a clock that never steps; `t`: the sample's time,
   * epoch milliseconds. Returns a report when one is due.
   */
  look(now: { readonly at: number; readonly t: number; readonly isWatched: boolean }): SentReport | undefined;
}

interface TopProcessesParts extends Pick<Context, 'read'> {
  readonly folder?: ProcessFolder;
  readonly userName?: (id: number) => string;
  readonly cores: number;
  readonly pageBytes: number;
  /** When the machine booted, epoch milliseconds. */
  readonly bootedAt: () => number;
  /** Whether the arguments of processes are sent too. */
  readonly withArguments: boolean;
  /** Where in a minute this machine's reports are made: from 0 to 1. */
  readonly place: number;
}

const USUAL_MS = 60_000;
const WATCHED_MS = 10_000;
/** No report covers less, so that it does not say more of a moment than it can. */
const LEAST_MS = 4000;
/** Of so many processes it is read what they do with the disks. */
const MOST_DISK_READINGS = 60;

/** Ticks since boot of all cores together. */
interface Ticks {
  /** On processes. */
  readonly processes: number;
  /** On anything, as the field `cpu` counts. */
  readonly busy: number;
  readonly total: number;
}

function readTicks(read: Context['read']): Ticks | undefined {
  const text = read('/proc/stat') ?? '';
  const line = text.slice(0, text.indexOf('\n'));
  const times = parseCpuTimes(line).get('cpu');
  if (times === undefined) return undefined;
  const { user, system, idle, iowait, steal } = times;
  const busy = user + system + steal;
  return { processes: user + system, busy, total: busy + idle + iowait };
}

export function createTopProcesses(parts: TopProcessesParts): TopProcesses {
  const { read, cores, pageBytes, bootedAt, withArguments, place } = parts;
  const { folder = openProcessFolder(), userName = watchUsers() } = parts;
  /** What was read of a process, under the name that it had then. */
  const known = new WeakMap<Process, Facts & { readonly kernelName: string }>();
  const factsOf = (process: Process): Facts => {
    const { pid, name } = process;
    const before = known.get(process);
    if (before?.kernelName === name) return before;
    const facts = { ...readFacts(pid, name, { folder, userName, withArguments }), kernelName: name };
    known.set(process, facts);
    return facts;
  };
  const table = createProcessTable({
    folder,
    busyTicks: () => readTicks(read)?.processes,
    cores,
    // It may have ended when the report is made, and nobody can read then whose it was.
    onBusy: factsOf,
  });
  const disks = createDiskUse(folder);
  let beganAt = -Infinity;
  let ticksAtBegin: Ticks | undefined;
  let lastPart = NaN;

  function begin(at: number): void {
    beganAt = at;
    ticksAtBegin = readTicks(read);
    table.beginPeriod();
  }

  function report(at: number): SentReport {
    const seconds = (at - beganAt) / 1000;
    const ticks = readTicks(read);
    const begun = ticksAtBegin;
    const spent = (of: (ticks: Ticks) => number) => (ticks && begun ? of(ticks) - of(begun) : NaN);
    const total = spent((all) => all.total);
    const capacity = total > 0 ? total / seconds : cores * TICKS;
    const cpu = Math.round((spent((all) => all.busy) / (capacity * seconds)) * 10_000) / 100;
    const used = [...table.living.values()].filter((process) => process.used > 0);
    const toRead = used.sort((one, other) => other.used - one.used).slice(0, MOST_DISK_READINGS);
    const rates = disks.measure(toRead, seconds);
    const processTicks = spent((all) => all.processes);
    const period = {
      ...{ seconds, capacity, pageBytes, disks: rates, bootedAt: bootedAt() },
      factsOf: (process: Process) =>
        table.living.get(process.pid) === process ? factsOf(process) : known.get(process),
      busyTicks: Number.isNaN(processTicks) ? undefined : processTicks,
    };
    const rows = rowsOf(candidatesOf(table.living, table.ended, period), period);
    const hidden = [
      ...(table.living.has(1) ? [] : (['processes'] as const)),
      ...(disks.isHidden ? (['io'] as const) : []),
    ];
    return {
      period_s: Math.round(seconds * 10) / 10,
      ...(cpu >= 0 && cpu <= 100 && { cpu }),
      total: table.living.size,
      ...(hidden.length > 0 && { hidden }),
      rows,
    };
  }

  return {
    look({ at, t, isWatched }) {
      const periodMs = isWatched ? WATCHED_MS : USUAL_MS;
      table.look(at, periodMs);
      const part = Math.floor(t / periodMs - place);
      if (part === lastPart || at - beganAt < LEAST_MS) return undefined;
      lastPart = part;
      const found = beganAt === -Infinity ? undefined : report(at);
      begin(at);
      return found;
    },
  };
}

interface OpenParts extends Pick<Context, 'read'> {
  readonly mode: 'off' | 'names' | 'arguments';
  readonly clock: Pick<Clock, 'now' | 'uptime'>;
  readonly pace: Pick<Pace, 'now'>;
  readonly log: Log;
  readonly platform?: NodeJS.Platform;
}

/**
 * The look at processes that belongs to a sample, as the settings want it. [G3] One that fails is logged once and keeps
 * no sample from its way.
 */
export function openTopProcesses(parts: OpenParts) {
  const { mode, read, clock, pace, log, platform = process.platform } = parts;
  if (mode === 'off' || platform !== 'linux') return () => undefined;
  const top = createTopProcesses({
    read,
    cores: availableParallelism(),
    pageBytes: pageSize(),
    bootedAt: () => clock.now() - clock.uptime(),
    withArguments: mode === 'arguments',
    place: Math.random(),
  });
  let isFailing = false;
  return (now: { readonly at: number; readonly t: number }): SentReport | undefined => {
    const { pushMs, sampleMs } = pace.now();
    try {
      const report = top.look({ ...now, isWatched: pushMs <= sampleMs });
      isFailing = false;
      return report;
    } catch (error) {
      if (!isFailing) log.warn({ err: error }, 'the processes cannot be read; everything else goes on');
      isFailing = true;
      return undefined;
    }
  };
}
