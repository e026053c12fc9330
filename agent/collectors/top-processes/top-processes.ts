/**
 * Which processes used the machine: a report a minute, and one every ten seconds while somebody looks at the machine.
 * It starts nothing; what it costs is bounded by the system's table.
 */
import { availableParallelism } from 'node:os';
import type { Log } from '../../log.ts';
import type { Clock } from '../../sampling/clock.ts';
import type { Pace } from '../../sampling/pace.ts';
import type { Context } from '../collector.ts';
import { createDiskUse } from './disk-use.ts';
import { linuxProcesses } from './linux.ts';
import { candidatesOf, rowsOf, type SentRow } from './report.ts';
import type { ProcessSource, Ticks } from './source.ts';
import { TICKS, type Process } from './table.ts';

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

interface TopProcessesParts {
  readonly source: ProcessSource;
  readonly cores: number;
  /** Where in a minute this machine's reports are made: from 0 to 1. */
  readonly place: number;
}

const USUAL_MS = 60_000;
const WATCHED_MS = 10_000;
/** No report covers less, so that it does not say more of a moment than it can. */
const LEAST_MS = 4000;
/** Of so many processes it is read what they do with the disks. */
const MOST_DISK_READINGS = 60;

export function createTopProcesses(parts: TopProcessesParts): TopProcesses {
  const { source, cores, place } = parts;
  const { pageBytes, bootedAt } = source;
  // Facts are read as soon as a process is busy: it may have ended when the report is made.
  const table = source.table(source.factsOf);
  const disks = createDiskUse(source.diskCounters);
  let beganAt = -Infinity;
  let ticksAtBegin: Ticks | undefined;
  let lastPart = NaN;

  function begin(at: number): void {
    beganAt = at;
    ticksAtBegin = source.ticks();
    table.beginPeriod();
  }

  function report(at: number): SentReport {
    const seconds = (at - beganAt) / 1000;
    const ticks = source.ticks();
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
        table.living.get(process.pid) === process ? source.factsOf(process) : source.knownFacts(process),
      busyTicks: Number.isNaN(processTicks) ? undefined : processTicks,
    };
    const rows = rowsOf(candidatesOf(table.living, table.ended, period), period);
    const hidden = [
      ...(source.seesAll(table) ? [] : (['processes'] as const)),
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

/** The way of this system; undefined where there is none. */
async function openSource(parts: OpenParts): Promise<ProcessSource | undefined> {
  const { mode, read, clock, platform = process.platform } = parts;
  const withArguments = mode === 'arguments';
  // Nobody else has a use for the code of a system's own.
  if (platform === 'win32') {
    const { openWindowsProcesses } = await import('../windows/processes.ts');
    return openWindowsProcesses({ withArguments });
  }
  if (platform === 'darwin') {
    const { openMacProcesses } = await import('../macos/processes.ts');
    return openMacProcesses();
  }
  if (platform !== 'linux') return undefined;
  return linuxProcesses({ read, withArguments, bootedAt: () => clock.now() - clock.uptime() });
}

/**
 * The look at processes that belongs to a sample, as the settings want it. [G3] One that fails is logged once and keeps
 * no sample from its way.
 */
export async function openTopProcesses(parts: OpenParts) {
  const { mode, pace, log } = parts;
  const failed = (error: unknown) =>
    log.warn({ err: error }, 'the processes cannot be read; everything else goes on');
  const source = mode === 'off' ? undefined : await openSource(parts).catch(failed);
  if (source === undefined) return () => undefined;
  const top = createTopProcesses({ source, cores: availableParallelism(), place: Math.random() });
  let isFailing = false;
  return (now: { readonly at: number; readonly t: number }): SentReport | undefined => {
    const { pushMs, sampleMs } = pace.now();
    try {
      const report = top.look({ ...now, isWatched: pushMs <= sampleMs });
      isFailing = false;
      return report;
    } catch (error) {
      if (!isFailing) failed(error);
      isFailing = true;
      return undefined;
    }
  };
}
