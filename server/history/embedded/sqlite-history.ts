/**
 * The synchronous part of the embedded history, on one database. Its thread (`worker.ts`) calls `tick` for
 * the work that is due; tests call it themselves and pass a clock. New samples are kept in memory as pages,
 * one per device and minute, and stored when their minute is over.
 */
import { errorText } from '#protocol/errors.ts';
import { FIELDS_PER_DEVICE } from '#protocol/fields.ts';
import type { Log } from '../../types.ts';
import type { Sample } from '#protocol/sample.ts';
import { MINUTE } from '#protocol/span.ts';
import {
  DEFAULT_RETENTION,
  type HistoryHealth,
  type HistoryQuery,
  type HistoryResult,
  type Position,
  type Retention,
} from '../history.ts';
import { openCheckpoints } from './checkpoints.ts';
import { isDamage, openDatabase, numberOf, transaction } from './database.ts';
import type { PackedWrite } from './packed.ts';
import { addSample, emptyPage, expectedBytes, fillPage, pageTable, type Page } from './page.ts';
import { queryTiers } from './query.ts';
import { loadRegistry, type Device } from './registry.ts';
import { openRetention, tierStarts } from './retention.ts';
import { createShapes } from './shapes.ts';
import { valueAt } from './table.ts';
import { key, openTiers } from './tiers.ts';
import { createUnreadableRows } from './unreadable.ts';

export interface SqliteHistoryOptions {
  /** Path of the database file. */
  readonly file: string;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  /** Tells administrators of damage that was found. */
  readonly notice?: (text: string) => void;
  readonly retention?: Retention;
  /** The clock, in epoch milliseconds. */
  readonly now?: () => number;
  /** Most memory for samples that are not stored yet; beyond it the oldest pages are stored early. */
  readonly maxMemoryBytes?: number;
  /** About how long one tick may take, in milliseconds. */
  readonly tickMs?: number;
  /** Whether the file is known to be damaged, so that it is set aside unread and a new one begun. */
  readonly isDamaged?: boolean;
}

/**
 * The methods of the History contract, synchronous, and `tick`. Where one throws an error for which `isDamage` is
 * true, the file is damaged: call `abandon`, and open the history anew with `isDamaged`.
 */
export interface SqliteHistory {
  readonly storedTo: Position;
  write(packed: PackedWrite): Position;
  query(query: HistoryQuery): HistoryResult;
  fields(deviceId: string): readonly string[];
  timestamps(deviceId: string, from: number, to: number): readonly number[];
  latest(): ReadonlyMap<string, Sample>;
  remove(deviceId: string): void;
  health(): HistoryHealth;
  /**
   * Does some of the work that is due; returns whether more is. An error other than damage shows in `health`.
   */
  tick(): boolean;
  close(): void;
  /** Closes the file and stores nothing more in it. */
  abandon(): void;
}

/**
 * A page is stored this long after its minute ended, in milliseconds, plus some seconds that differ by
 * device.
 */
const STORE_GRACE = 10_000;
const STORE_SPREAD_SECONDS = 20;
/**
 * A page is stored this long after it was made at the latest, in milliseconds, even if its minute is in the
 * future.
 */
const MAX_STORE_WAIT = 2 * MINUTE;
const PAGES_A_STEP = 20;
const NO_PAGES: ReadonlySet<Page> = new Set();

export function openSqliteHistory({
  file,
  log,
  notice = () => undefined,
  retention = DEFAULT_RETENTION,
  now = Date.now,
  maxMemoryBytes = 320 * 1024 * 1024,
  tickMs = 10,
  isDamaged = false,
}: SqliteHistoryOptions): SqliteHistory {
  const { db, setAside, structureProblem } = openDatabase({ path: file, now: now(), isDamaged });
  if (structureProblem !== undefined)
    notice(
      `The history database ${file} is damaged (${structureProblem}): some stored samples may be missing in charts. What can be read is used; check the disk.`,
    );
  if (setAside !== undefined)
    notice(
      `The history database ${file} is damaged: it was set aside as ${setAside}, and a new one begun with what the journal still holds.`,
    );
  const registry = loadRegistry(db, Math.floor(now() / MINUTE) + 1, notice);
  /** The pages in memory, by row key, in the order in which they changed. */
  const pages = new Map<number, Page>();
  const unreadable = createUnreadableRows(file, log, notice);
  const tiers = openTiers({
    db,
    pages,
    devices: registry.allDevices,
    now: now(),
    onUnreadable: unreadable.note,
  });
  const deletion = openRetention(db, retention, tiers);
  const checkpoints = openCheckpoints(db, file, now());
  const pageCount = db.prepare('PRAGMA page_count');
  const pageSize = numberOf(db.prepare('PRAGMA page_size').get(), 'page_size') ?? 4096;

  const shapes = createShapes(registry, ({ name }) =>
    notice(
      `The machine ${name} has brought more than ${FIELDS_PER_DEVICE} names of fields. The history keeps these, and no values of further ones.`,
    ),
  );
  /** Memory of the pages, as `expectedBytes` estimates it. */
  let heldBytes = 0;
  /** The journal position after the last write. */
  let written: Position = 0;
  /** Why the last tick failed; undefined where it did not. */
  let problem: string | undefined;

  function write({ reset, shapes: newShapes, devices, data, upTo }: PackedWrite): Position {
    shapes.take({ reset, shapes: newShapes });
    if (heldBytes > maxMemoryBytes) storeOldestPages();
    const time = now();
    let at = 0;
    for (const name of devices) {
      const device = registry.findOrAddDevice(name);
      for (let left = data[at++] ?? 0; left > 0; left--) at = writeSample(device, data, at, time);
    }
    written = upTo;
    return checkpoints.durable;
  }

  /** Writes the sample that begins at index `at` of `data`; returns the index after it. */
  function writeSample(device: Device, data: Float64Array, at: number, time: number): number {
    const t = data[at] ?? 0;
    const shape = data[at + 1] ?? 0;
    const minute = Math.floor(t / MINUTE);
    const page = pages.get(key(minute, device.id)) ?? newPage(device, minute, time);
    const wasChanged = page.changed;
    const bytesBefore = expectedBytes(page);
    const { ids, values, at: first } = shapes.keptOf(device, shape, data, at + 2);
    if (addSample(page, t, ids, values, first)) {
      heldBytes += expectedBytes(page) - bytesBefore;
      if (!wasChanged) noteChanged(page);
      if (page.newFields.length > 0) registry.noteFields(device, page.newFields.splice(0), minute);
      registry.noteMinute(device, minute);
      tiers.markLate(device.id, minute, time, false);
    }
    return at + 2 + shapes.size(shape);
  }

  function newPage(device: Device, minute: number, time: number): Page {
    const spreadMs = (device.id % STORE_SPREAD_SECONDS) * 1000;
    const wanted = Math.max((minute + 1) * MINUTE, time) + STORE_GRACE + spreadMs;
    const page = emptyPage(device.id, minute, written, Math.min(wanted, time + MAX_STORE_WAIT));
    const stored = tiers.storedMinute(device.id, minute);
    if (stored !== undefined) fillPage(page, stored);
    pages.set(key(minute, device.id), page);
    heldBytes += expectedBytes(page);
    return page;
  }

  /**
   * Moves a page that has just changed to the end, so that the first changed page has the least journal
   * position.
   */
  function noteChanged(page: Page): void {
    page.journalFrom = written;
    const k = key(page.minute, page.device);
    pages.delete(k);
    pages.set(k, page);
  }

  function dropPage(page: Page): void {
    pages.delete(key(page.minute, page.device));
    heldBytes -= expectedBytes(page);
  }

  /** Everything below this position is stored once the pages in `batch` are. */
  function storedPosition(batch: ReadonlySet<Page>): Position {
    for (const page of pages.values()) if (page.changed && !batch.has(page)) return page.journalFrom;
    return written;
  }

  /** Stores these pages in one transaction and drops them from memory. */
  function storePages(batch: readonly Page[]): void {
    if (batch.length === 0) return;
    const time = now();
    transaction(db, () => {
      registry.save();
      for (const page of batch) {
        if (!page.changed || registry.deviceById(page.device) === undefined) continue;
        tiers.putMinute(page.device, page.minute, pageTable(page));
        tiers.markLate(page.device, page.minute, time, true);
      }
      checkpoints.note(storedPosition(new Set(batch)));
    });
    registry.markSaved();
    for (const page of batch) dropPage(page);
  }

  /** Stores pages, the least recently changed first, until a fifth of the memory is free. */
  function storeOldestPages(): void {
    while (heldBytes >= maxMemoryBytes * 0.8 && pages.size > 0) {
      if (checkpoints.isUrgent()) checkpoint(now());
      storePages([...pages.values()].slice(0, PAGES_A_STEP));
    }
  }

  function checkpoint(time: number): void {
    const position = storedPosition(NO_PAGES);
    if (position !== checkpoints.noted) transaction(db, () => checkpoints.note(position));
    checkpoints.run(time);
  }

  function duePages(time: number): Page[] {
    const batch: Page[] = [];
    for (const page of pages.values()) {
      if (page.dueAt > time) continue;
      batch.push(page);
      if (batch.length >= PAGES_A_STEP) break;
    }
    return batch;
  }

  /**
   * Does one step of the most urgent work: store pages, roll up, delete. Returns false when nothing is due.
   */
  function step(time: number): boolean {
    if (checkpoints.isUrgent()) {
      checkpoint(time);
      return true;
    }
    const batch = duePages(time);
    if (batch.length > 0) {
      storePages(batch);
      return true;
    }
    if (checkpoints.isDue(storedPosition(NO_PAGES), time)) {
      checkpoint(time);
      return true;
    }
    if (rollUpSome(time)) return true;
    return transaction(db, () => deletion.deleteSome(time)) || deletion.vacuumSome();
  }

  /** Makes several rows in one transaction, because its sync to disk costs as much as a few rows. */
  function rollUpSome(time: number): boolean {
    if (tiers.nextStep(time) === undefined) return false;
    const end = performance.now() + tickMs / 2;
    try {
      transaction(db, () => {
        for (let next = tiers.nextStep(time); next !== undefined; next = tiers.nextStep(time)) {
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
      if (isDamage(error)) throw error;
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

  function fieldsInPages(): ReadonlySet<number> {
    const fields = new Set<number>();
    for (const page of pages.values())
      for (const { ids } of page.shapes) for (const field of ids) fields.add(field);
    return fields;
  }

  /** [I8] Forgets the fields of which all samples are deleted, so that the device has room for others. */
  function forgetOldFields(device: Device): void {
    const heldFrom = Math.min(...Object.values(tierStarts(retention, now())));
    if (!registry.hasOldFields(device, heldFrom)) return;
    shapes.forgetIds();
    transaction(db, () => registry.forgetOldFields(device, heldFrom, fieldsInPages()));
  }

  function newestSample(device: Device): Sample | undefined {
    const table = tiers.minuteTable(device.id, device.newest);
    const last = (table?.t.length ?? 0) - 1;
    if (table === undefined || last < 0) return undefined;
    const values = [...table.columns].map(([field, column]): [string, number] => [
      registry.fieldName(field),
      valueAt(column, last),
    ]);
    // Not assigned one by one: a field may be named __proto__.
    return {
      t: table.t[last] ?? 0,
      values: Object.fromEntries(values.filter(([, value]) => !Number.isNaN(value))),
    };
  }

  return {
    storedTo: checkpoints.storedTo,
    write,
    tick,
    query: (query) => queryTiers({ query, registry, tiers, retention, now: now() }),
    fields(deviceId) {
      const device = registry.findDevice(deviceId);
      if (device === undefined) return [];
      forgetOldFields(device);
      return [...device.fields.keys()].map(registry.fieldName).sort();
    },
    timestamps(deviceId, from, to) {
      const device = registry.findDevice(deviceId);
      if (device === undefined) return [];
      const first = Math.min(tiers.firstSpan('raw') ?? Infinity, device.oldest);
      const start = Math.max(Math.floor(from / MINUTE), first);
      const end = Math.min(Math.ceil(to / MINUTE), device.newest + 1);
      const times: number[] = [];
      for (let minute = start; minute < end; minute++)
        for (const t of tiers.minuteTable(device.id, minute, new Set())?.t ?? [])
          if (t >= from && t < to) times.push(t);
      return times;
    },
    latest() {
      const samples = new Map<string, Sample>();
      for (const device of registry.allDevices()) {
        const sample = newestSample(device);
        if (sample !== undefined) samples.set(device.name, sample);
      }
      return samples;
    },
    remove(deviceId) {
      const device = registry.findDevice(deviceId);
      if (device === undefined) return;
      for (const page of pages.values()) if (page.device === device.id) dropPage(page);
      shapes.forgetIds();
      transaction(db, () => registry.remove(device, fieldsInPages()));
      tiers.forgetDevice(device.id);
      deletion.deviceRemoved();
    },
    health() {
      const bytes = (numberOf(pageCount.get(), 'page_count') ?? 0) * pageSize;
      const notes = [
        setAside === undefined ? '' : `; a damaged database was set aside as ${setAside}`,
        unreadable.count() === 0
          ? ''
          : `; ${unreadable.count()} damaged rows were found, their samples are missing`,
      ].join('');
      const detail =
        problem === undefined
          ? `${file}${notes}`
          : `${file} cannot be written (${problem}): check free space and the disk${notes}`;
      return { kind: 'embedded', healthy: problem === undefined, detail, bytes };
    },
    close() {
      try {
        for (let batch = [...pages.values()]; batch.length > 0; batch = [...pages.values()])
          storePages(batch.slice(0, 500));
        checkpoint(now());
      } finally {
        db.close();
      }
    },
    abandon: () => db.close(),
  };
}
