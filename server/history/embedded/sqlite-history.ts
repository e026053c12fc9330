/**
 * The embedded store itself: synchronous, on one database, driven by `tick`. The thread around it
 * (`worker.ts`) gives it time; tests give it a clock.
 */
import { errorText } from '#protocol/errors.ts';
import type { Log } from '../../types.ts';
import type { Sample } from '#protocol/sample.ts';
import {
  DEFAULT_RETENTION,
  type HistoryHealth,
  type HistoryQuery,
  type HistoryResult,
  type Position,
  type Retention,
} from '../history.ts';
import { openDatabase, numberOf, transaction } from './database.ts';
import type { Packed } from './packed.ts';
import { addSample, emptyPage, fillPage, pageBytes, pageTable, type Page } from './page.ts';
import { queryTiers } from './query.ts';
import { loadRegistry, type Device } from './registry.ts';
import { openRetention } from './retention.ts';
import { MINUTE } from '../history.ts';
import { key, openTiers } from './tiers.ts';

export interface SqliteHistoryOptions {
  /** The database file. */
  readonly file: string;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly retention?: Retention;
  readonly now?: () => number;
  /** Memory for samples not stored yet, at most; beyond it the oldest are stored early. */
  readonly memoryBytes?: number;
  /** How long one tick may take, about. */
  readonly tickMs?: number;
}

export interface SqliteHistory {
  write(packed: Packed): Position;
  query(query: HistoryQuery): HistoryResult;
  fields(deviceId: string): readonly string[];
  timestamps(deviceId: string, from: number, to: number): readonly number[];
  latest(): ReadonlyMap<string, Sample>;
  remove(deviceId: string): void;
  health(): HistoryHealth;
  /** Does some of what is due; true when more is. Never throws: trouble shows in `health`. */
  tick(): boolean;
  close(): void;
}

/** A minute is stored this long after its end, plus a spread. */
const GRACE = 10_000;
const SPREAD_SECONDS = 20;
/** However far ahead a device's clock is. */
const DUE_MOST = 2 * MINUTE;
const SEALS_A_STEP = 20;

export function openSqliteHistory({
  file,
  log,
  retention = DEFAULT_RETENTION,
  now = Date.now,
  memoryBytes = 320 * 1024 * 1024,
  tickMs = 10,
}: SqliteHistoryOptions): SqliteHistory {
  const { db, setAside } = openDatabase(file, now());
  if (setAside !== undefined)
    log.error(
      { file, set_aside: setAside },
      'the history database is damaged: it was set aside and a new one begun',
    );
  const registry = loadRegistry(db);
  const pages = new Map<number, Page>();
  const tiers = openTiers(db, pages, registry.all, now());
  const keep = openRetention(db, retention, tiers);
  const pageCount = db.prepare('PRAGMA page_count');
  const pageSize = numberOf(db.prepare('PRAGMA page_size').get(), 'page_size') ?? 4096;

  let shapes: number[][] = [];
  let held = 0;
  let written: Position = 0;
  let problem: string | undefined;

  function write({ reset, shapes: fresh, devices, data, upTo }: Packed): Position {
    if (reset) shapes = [];
    for (const names of fresh) shapes.push(names.map(registry.fieldId));
    if (held > memoryBytes) sealOldest();
    const time = now();
    let at = 0;
    for (const name of devices) {
      const device = registry.device(name);
      for (let left = data[at++] ?? 0; left > 0; left--) at = writeSample(device, data, at, time);
    }
    written = upTo;
    return durable();
  }

  function writeSample(device: Device, data: Float64Array, at: number, time: number): number {
    const t = data[at] ?? 0;
    const shape = shapes[data[at + 1] ?? 0] ?? [];
    const minute = Math.floor(t / MINUTE);
    const page = pages.get(key(minute, device.id)) ?? newPage(device, minute, time);
    const before = page.changed;
    const known = page.shape;
    if (addSample(page, t, shape, data, at + 2)) {
      if (!before) changed(page);
      if (known !== page.shape) registry.noteFields(device, page.fields);
      registry.noteNewest(device, minute);
      tiers.markLate(device.id, minute, time, false);
    }
    return at + 2 + shape.length;
  }

  function newPage(device: Device, minute: number, time: number): Page {
    const spread = (device.id % SPREAD_SECONDS) * 1000;
    const due = Math.min(Math.max((minute + 1) * MINUTE, time) + GRACE + spread, time + DUE_MOST);
    const page = emptyPage(device.id, minute, written, due);
    const stored = tiers.stored(device.id, minute);
    if (stored !== undefined) fillPage(page, stored);
    pages.set(key(minute, device.id), page);
    return page;
  }

  /** Keeps the pages that changed in the order in which they did, so that the first one has the least position. */
  function changed(page: Page): void {
    page.since = written;
    const k = key(page.minute, page.device);
    pages.delete(k);
    pages.set(k, page);
    // Reckoned as the full minute it will be.
    held += reckoned(page);
  }

  const reckoned = (page: Page): number => Math.max(pageBytes(page), 64 * 8 * (page.fields.length + 1));

  function durable(): Position {
    for (const page of pages.values()) if (page.changed) return page.since;
    return written;
  }

  /** Stores these pages in one transaction and lets go of them. */
  function seal(batch: readonly Page[]): void {
    if (batch.length === 0) return;
    const time = now();
    transaction(db, () => {
      registry.save();
      for (const page of batch) {
        if (!page.changed || registry.byId(page.device) === undefined) continue;
        tiers.putMinute(page.device, page.minute, pageTable(page));
        tiers.markLate(page.device, page.minute, time, true);
      }
    });
    registry.saved();
    for (const page of batch) {
      pages.delete(key(page.minute, page.device));
      if (page.changed) held = Math.max(0, held - reckoned(page));
    }
    if (pages.size === 0) held = 0;
  }

  function sealOldest(): void {
    for (const page of [...pages.values()]) {
      if (held < memoryBytes * 0.8) return;
      seal([page]);
    }
  }

  function dueSeals(time: number): Page[] {
    const batch: Page[] = [];
    for (const page of pages.values()) {
      if (page.due > time) continue;
      batch.push(page);
      if (batch.length >= SEALS_A_STEP) break;
    }
    return batch;
  }

  /** One step of the most urgent work; false when nothing is due. */
  function step(time: number): boolean {
    const batch = dueSeals(time);
    if (batch.length > 0) {
      seal(batch);
      return true;
    }
    if (rollSome(time)) return true;
    return transaction(db, () => keep.deleteSome(time)) || keep.vacuumSome();
  }

  /** A few rows in one transaction: a sync costs as much as some of them. */
  function rollSome(time: number): boolean {
    if (tiers.due(time) === undefined) return false;
    const end = performance.now() + tickMs / 2;
    try {
      transaction(db, () => {
        for (let next = tiers.due(time); next !== undefined; next = tiers.due(time)) {
          next.work();
          next.done();
          if (performance.now() >= end) break;
        }
      });
    } catch (error) {
      tiers.reload();
      throw error;
    }
    return true;
  }

  function tick(): boolean {
    const end = performance.now() + tickMs;
    try {
      do {
        if (!step(now())) {
          problem = undefined;
          return false;
        }
        problem = undefined;
      } while (performance.now() < end);
      return true;
    } catch (error) {
      const text = errorText(error);
      if (problem !== text)
        log.error(
          { err: error, file },
          'the history database cannot be written: check free space and the disk; samples stay in the journal',
        );
      problem = text;
      return false;
    }
  }

  function sampleOf(device: Device): Sample | undefined {
    const table = tiers.minute(device.id, device.newest);
    const last = (table?.t.length ?? 0) - 1;
    if (table === undefined || last < 0) return undefined;
    const values: Record<string, number> = {};
    for (const [field, column] of table.columns) {
      const value = column[last] ?? NaN;
      if (!Number.isNaN(value)) values[registry.fieldName(field)] = value;
    }
    return { t: table.t[last] ?? 0, values };
  }

  return {
    write,
    tick,
    query: (query) => queryTiers({ query, registry, tiers, retention, now: now() }),
    fields(deviceId) {
      const device = registry.find(deviceId);
      return device === undefined ? [] : [...device.fields].map(registry.fieldName).sort();
    },
    timestamps(deviceId, from, to) {
      const device = registry.find(deviceId);
      if (device === undefined) return [];
      const first = Math.min(tiers.first('raw') ?? Infinity, device.oldest);
      const start = Math.max(Math.floor(from / MINUTE), first);
      const end = Math.min(Math.ceil(to / MINUTE), device.newest + 1);
      const times: number[] = [];
      for (let minute = start; minute < end; minute++)
        for (const t of tiers.minute(device.id, minute, new Set())?.t ?? [])
          if (t >= from && t < to) times.push(t);
      return times;
    },
    latest() {
      const samples = new Map<string, Sample>();
      for (const device of registry.all()) {
        const sample = sampleOf(device);
        if (sample !== undefined) samples.set(device.name, sample);
      }
      return samples;
    },
    remove(deviceId) {
      const device = registry.find(deviceId);
      if (device === undefined) return;
      for (const [k, page] of pages) {
        if (page.device !== device.id) continue;
        pages.delete(k);
        if (page.changed) held = Math.max(0, held - reckoned(page));
      }
      transaction(db, () => registry.remove(device));
      tiers.forgetDevice(device.id);
      keep.deviceRemoved();
    },
    health() {
      const bytes = (numberOf(pageCount.get(), 'page_count') ?? 0) * pageSize;
      const aside = setAside === undefined ? '' : `; a damaged database was set aside as ${setAside}`;
      const detail =
        problem === undefined
          ? `${file}${aside}`
          : `${file} cannot be written (${problem}): check free space and the disk${aside}`;
      return { kind: 'embedded', healthy: problem === undefined, detail, bytes };
    },
    close() {
      try {
        for (let batch = [...pages.values()]; batch.length > 0; batch = [...pages.values()])
          seal(batch.slice(0, 500));
      } finally {
        db.close();
      }
    },
  };
}
