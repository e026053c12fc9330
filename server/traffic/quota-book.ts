/**
 * Keeps what stands in each machine's quotas: a running total for each, brought up to date by rounds that read from the
 * history the little that may have changed. A failing history leaves everything as it was.
 */
import { usualDistanceMs } from '#protocol/gaps.ts';
import type { Machine } from '#protocol/machine-scope.ts';
import { MINUTE } from '#protocol/span.ts';
import type { Values } from '#protocol/sample.ts';
import { rateFields, type MachineQuota, type Quota, type Standing } from '#protocol/traffic.ts';
import { QUARTER, type History } from '../history/history.ts';
import type { OwnFields } from '../ingest/own-fields.ts';
import type { AcceptedPush, Clock, Log } from '../types.ts';
import { periodAt, type Span } from './billing.ts';
import { quotasFor } from './covering.ts';
import { DayTotals } from './day-totals.ts';
import { measuredIn } from './measured.ts';
import { readQuarters } from './quarters.ts';
import { neededSince, standingOf } from './standing.ts';

export interface QuotaBookParts {
  /** All quotas, the oldest first. */
  readonly quotas: () => readonly Quota[];
  readonly machines: () => readonly Machine[];
  readonly machineOf: (deviceId: string) => Machine | undefined;
  /** The time of the machine's newest sample; null where there is none. */
  readonly sampledAt: (deviceId: string) => number | null;
  /** The values of that sample. */
  readonly newestValues: (deviceId: string) => Values;
  readonly history: Pick<History, 'query' | 'timestamps'> & {
    /** Resolves when everything acknowledged before the call is in the history. */
    caughtUp(): Promise<void>;
  };
  readonly clock: Clock;
  readonly log: Log;
}

export interface QuotaBook {
  /** What each machine's samples are to say of its quotas. */
  ownFields(deviceId: string): OwnFields | undefined;
  /** To be called for every accepted push: late samples make a total be read again. */
  pushAccepted(push: AcceptedPush): void;
  /** To be called when quotas have changed. */
  quotasChanged(): void;
  /** To be called when these machines are new, or have another name or other tags. */
  machinesChanged(deviceIds: readonly string[]): void;
  deviceRemoved(deviceId: string): void;
  /** The quotas of all machines, or of one. */
  list(deviceId?: string): readonly MachineQuota[];
  /** Brings everything up to date; it never rejects. */
  round(): Promise<void>;
  stop(): void;
}

/** A quota of one machine. */
interface Entry {
  readonly quota: Quota;
  readonly totals: DayTotals;
  standing: Standing | undefined;
  /**
   * After a start, what the newest sample has of it: the history may not be read for long, and without the fields an alert
   * would be taken for over.
   */
  readonly carried: Values;
}

/** What is kept of a machine that has quotas. */
interface Kept {
  entries: readonly Entry[];
  /** How far apart its samples are, milliseconds; undefined while that is not known. */
  apartMs: number | undefined;
}

/** A round begins this long after the last one began, or when that ended. */
const ROUND_MS = MINUTE;
/** After a query, the rounds rest this many times as long as it took. */
const REST = 20;
/** After one that somebody may wait for. */
const REST_FIRST = 1;
/** So much of the newest samples shows how far apart they are. */
const NEWEST_MS = MINUTE;
/** The distance of two samples alone may be any. */
const FEWEST = 3;
/** Samples of so long before a total was worked out still get it. */
const OWN_SINCE_MS = 5 * MINUTE;

const sameTotal = (a: Quota, b: Quota) => a.interface === b.interface && a.time_zone === b.time_zone;

const hundredth = (value: number) => Math.round(value * 100) / 100;

/** The fields of an entry, as far as they are known. */
function valuesOf({ quota, standing, carried }: Entry): Values {
  if (standing === undefined) return carried;
  const name = (field: string) => `quota:${quota.interface}:${field}`;
  return {
    [name('used')]: hundredth(standing.used_percent),
    [name('used_bytes')]: Math.round(standing.used_bytes),
    [name('level')]: standing.level,
    ...(standing.forecast !== null && { [name('forecast')]: hundredth(standing.forecast.percent) }),
  };
}

export function createQuotaBook(parts: QuotaBookParts): QuotaBook {
  const { quotas, machines, machineOf, sampledAt, newestValues, history, clock, log } = parts;
  const kept = new Map<string, Kept>();
  /** `until`: after this time the values are of a period that has ended, and are no longer written. */
  const own = new Map<string, OwnFields & { readonly until: number }>();
  let stopped = false;
  let running: Promise<void> | undefined;
  let again = false;

  const pause = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));

  /** Takes over which quotas a machine has; a total goes on where its interface and its days are the same. */
  function cover(all: readonly Quota[], machine: Machine): void {
    const covering = quotasFor(all, machine);
    if (covering.length === 0) return forget(machine.id);
    const before = kept.get(machine.id);
    const entries = covering.map((quota): Entry => {
      const entry = before?.entries.find((other) => sameTotal(other.quota, quota));
      if (entry?.quota === quota) return entry;
      const totals = entry?.totals ?? new DayTotals(quota.time_zone);
      const carried = before === undefined ? carriedOf(machine.id, quota) : {};
      return { quota, totals, carried, standing: undefined };
    });
    kept.set(machine.id, { entries, apartMs: before?.apartMs });
    work(machine.id, entries, clock.now());
  }

  /** The quota's fields in the machine's newest sample, where that is of this period. */
  function carriedOf(deviceId: string, quota: Quota): Values {
    if ((sampledAt(deviceId) ?? -Infinity) < periodAt(clock.now(), quota).from) return {};
    const prefix = `quota:${quota.interface}:`;
    return Object.fromEntries(
      Object.entries(newestValues(deviceId)).filter(([name]) => name.startsWith(prefix)),
    );
  }

  function forget(deviceId: string): void {
    kept.delete(deviceId);
    own.delete(deviceId);
  }

  /** Works out what stands in the entries, as far as their totals are known. */
  function work(deviceId: string, entries: readonly Entry[], at: number): void {
    for (const entry of entries)
      if (entry.totals.covers(neededSince(entry.quota, at)))
        entry.standing = standingOf(entry.quota, entry.totals, at);
    own.set(deviceId, {
      values: Object.assign({}, ...entries.map((entry) => valuesOf(entry))),
      since: at - OWN_SINCE_MS,
      until: Math.min(...entries.map(({ quota, standing }) => standing?.to ?? periodAt(at, quota).to)),
    });
  }

  async function apartOf(deviceId: string): Promise<number | undefined> {
    const newest = sampledAt(deviceId);
    if (newest === null) return undefined;
    const times = await history.timestamps(deviceId, newest - NEWEST_MS, newest + 1);
    return times.length < FEWEST ? undefined : usualDistanceMs(times);
  }

  /** Reads what is due of one machine. `due`: of each entry, from its beginning to the round's. */
  async function read(deviceId: string, of: Kept, due: readonly Span[], at: number): Promise<void> {
    const from = Math.min(...due.map((span) => span.from));
    of.apartMs ??= await apartOf(deviceId);
    const fields = of.entries.flatMap(({ quota }) => Object.values(rateFields(quota.interface)));
    const series = await readQuarters(history, { deviceId, from, to: at, fields });
    const taken = { step: QUARTER, newest: sampledAt(deviceId) ?? at, apartMs: of.apartMs };
    for (const [i, { quota, totals }] of of.entries.entries()) {
      const { rx, tx } = rateFields(quota.interface);
      const span = due[i] ?? { from, to: at };
      const measured = measuredIn(series.get(rx), series.get(tx), taken);
      totals.take(neededSince(quota, at), span, measured);
    }
    // Meanwhile the machine may have been removed, or its quotas changed.
    if (kept.get(deviceId)?.entries === of.entries) work(deviceId, of.entries, at);
  }

  async function lookAtAll(): Promise<void> {
    const at = clock.now();
    const due = [...kept].map(([deviceId, of]) => ({
      deviceId,
      of,
      spans: of.entries.map(({ quota, totals }) => totals.due(neededSince(quota, at), at)),
    }));
    if (due.length === 0) return;
    // Those that were never read come first: somebody may wait for them.
    due.sort((a, b) => Number(isRead(a.of)) - Number(isRead(b.of)));
    let done = 0;
    try {
      await history.caughtUp();
      for (const { deviceId, of, spans } of due) {
        if (stopped) return;
        const begun = performance.now();
        const rest = isRead(of) ? REST : REST_FIRST;
        if (kept.has(deviceId)) await read(deviceId, of, spans, at);
        done++;
        await pause(rest * (performance.now() - begun));
      }
    } finally {
      for (const { of, spans } of due.slice(done))
        for (const [i, { totals }] of of.entries.entries()) totals.failed(spans[i] ?? { from: at, to: at });
    }
  }

  const isRead = ({ entries }: Kept) => entries.every(({ totals }) => totals.days.length > 0);

  function round(): Promise<void> {
    running ??= lookAtAll()
      .catch((error: unknown) => {
        log.warn({ err: error }, 'the history cannot be read now; what is used of quotas stays as it was');
      })
      .finally(() => {
        running = undefined;
        if (again && !stopped) void round();
        again = false;
      });
    return running;
  }

  function coverAll(changed: readonly Machine[]): void {
    const all = quotas();
    if (all.length === 0 && kept.size === 0) return;
    for (const machine of changed) cover(all, machine);
    // What is new is not to wait for its minute.
    again = running !== undefined;
    void round();
  }

  coverAll(machines());
  const stopRounds = clock.every(() => void round(), ROUND_MS);
  return {
    ownFields(deviceId) {
      const known = own.get(deviceId);
      return known !== undefined && clock.now() < known.until ? known : undefined;
    },
    pushAccepted({ deviceId, samples: [oldest] }) {
      if (oldest === undefined) return;
      for (const { totals } of kept.get(deviceId)?.entries ?? []) totals.noteLate(oldest.t);
    },
    quotasChanged: () => coverAll(machines()),
    machinesChanged: (ids) => coverAll(ids.flatMap((id) => machineOf(id) ?? [])),
    deviceRemoved: forget,
    list(deviceId) {
      const asked = deviceId === undefined ? [...kept.keys()] : [deviceId];
      return asked
        .flatMap((id) => (kept.get(id)?.entries ?? []).map((entry) => ({ id, entry })))
        .map(({ id, entry: { quota, standing } }) => ({
          quota_id: quota.id,
          device_id: id,
          device_name: machineOf(id)?.name ?? id,
          interface: quota.interface,
          standing: standing ?? null,
          is_silent: standing !== undefined && standing.known_s === 0,
        }))
        .sort((a, b) => (b.standing?.used_percent ?? -1) - (a.standing?.used_percent ?? -1));
    },
    round,
    stop() {
      stopped = true;
      stopRounds();
    },
  };
}
