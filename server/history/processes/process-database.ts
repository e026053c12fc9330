/**
 * The synchronous part of the history of processes, on one SQLite file: a row for each report. Its thread (`worker.ts`)
 * calls `tick` for the work that is due. New reports wait in memory for some seconds, so that they share one sync to disk;
 * the journal keeps them as long.
 */
import { DatabaseSync } from 'node:sqlite';
import { errorText } from '#protocol/errors.ts';
import type { ProcessReport } from '#protocol/processes.ts';
import { DAY, HOUR, SECOND } from '#protocol/span.ts';
import type { Log } from '../../types.ts';
import { openCheckpoints } from '../embedded/checkpoints.ts';
import { bytesOf, isDamage, numberOf, openDatabase, setUp, transaction } from '../embedded/database.ts';
import type { Position } from '../history.ts';
import { mergeReports } from './merge.ts';
import { compress, unpackReport } from './packed-report.ts';

/** A report as it is handed over. */
export interface NewReport {
  readonly deviceId: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** As `packReport` makes it. */
  readonly packed: string;
}

/** All reports of a range as one, and the end and the length in seconds of the period of each. */
export interface RangeOfProcesses {
  readonly report: ProcessReport | null;
  readonly moments: [number, number][];
}

interface ProcessDatabaseOptions {
  /** Path of the database file. */
  readonly file: string;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly notice?: (text: string) => void;
  /** How long reports are kept. */
  readonly days: number;
  /** [I8] How much is kept of one device, in compressed bytes; past it, its oldest reports are deleted. */
  readonly bytesPerDevice?: number;
  readonly now?: () => number;
  readonly isDamaged?: boolean;
}

export interface ProcessDatabase {
  readonly storedTo: Position;
  /** Returns the position below which everything is stored. */
  write(reports: readonly NewReport[], upTo: Position): Position;
  /** The report whose period has this moment in it, else the newest one before it. */
  at(deviceId: string, at: number): ProcessReport | null;
  range(deviceId: string, from: number, to: number): RangeOfProcesses;
  remove(deviceId: string): void;
  tick(): boolean;
  close(): void;
  abandon(): void;
}

/** A report's key is its device and the second of its end. So the reports of a device lie together. */
const SECONDS = 2 ** 32;
const keyOf = (device: number, at: number) => device * SECONDS + Math.floor(at / SECOND);

const SCHEMA_VERSION = 1;
const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE devices (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, bytes INTEGER NOT NULL) STRICT;
CREATE TABLE removed (device INTEGER PRIMARY KEY) STRICT;
CREATE TABLE reports (k INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
`;

const STORE_AFTER_MS = 5000;
/** So many waiting reports are stored at once. */
const MOST_WAITING = 2000;
const ROWS_A_SLICE = 500;
const ROWS_PAST_BOUND = 20;
const PAGES_A_SLICE = 16;
const KEPT_FREE_PAGES = 16;
/** How often each device's old reports are looked for. */
const EXPIRE_EVERY_MS = HOUR;
/** So many reports are read for one range: two days of minutes. The newest count. */
const MOST_READ = 3000;

interface Device {
  readonly id: number;
  bytes: number;
}

function openFile(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    if (setUp(db, SCHEMA_VERSION) === 0)
      db.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
    db.prepare('SELECT * FROM meta').all();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

export function openProcessDatabase({
  file,
  log,
  notice = () => undefined,
  days,
  bytesPerDevice = 16 * 1024 * 1024,
  now = Date.now,
  isDamaged = false,
}: ProcessDatabaseOptions): ProcessDatabase {
  const { db, setAside } = openDatabase({ path: file, now: now(), isDamaged, open: openFile });
  if (setAside !== undefined)
    notice(
      `The history of processes ${file} is damaged: it was set aside as ${setAside}, and a new one begun with what the journal still holds.`,
    );
  const checkpoints = openCheckpoints(db, file, now());
  const devices = new Map<string, Device>();
  for (const { id, name, bytes } of db.prepare('SELECT * FROM devices').all())
    devices.set(String(name), { id: Number(id), bytes: Number(bytes) });

  const addDevice = db.prepare('INSERT INTO devices (name, bytes) VALUES (?, 0)');
  const dropDevice = db.prepare('DELETE FROM devices WHERE id = ?');
  const saveBytes = db.prepare('UPDATE devices SET bytes = ? WHERE id = ?');
  const addRemoved = db.prepare('INSERT OR IGNORE INTO removed VALUES (?)');
  const dropRemoved = db.prepare('DELETE FROM removed WHERE device = ?');
  const nextRemoved = db.prepare('SELECT min(device) AS device FROM removed');
  const insert = db.prepare('INSERT OR IGNORE INTO reports VALUES (?, ?)');
  const first = db.prepare('SELECT body FROM reports WHERE k >= ? AND k < ? ORDER BY k LIMIT 1');
  const last = db.prepare('SELECT body FROM reports WHERE k >= ? AND k <= ? ORDER BY k DESC LIMIT 1');
  const newest = db.prepare(
    `SELECT body FROM reports WHERE k >= ? AND k <= ? ORDER BY k DESC LIMIT ${MOST_READ}`,
  );
  const deleteOldest = db.prepare(
    `DELETE FROM reports WHERE k IN (SELECT k FROM reports WHERE k >= ? AND k < ? ORDER BY k LIMIT ?) RETURNING length(body) AS bytes`,
  );
  const freePages = db.prepare('PRAGMA freelist_count');

  let waiting: NewReport[] = [];
  let waitingSince = Infinity;
  let written: Position = 0;
  /** The devices whose old reports are still to be looked for, and when the next look is due. */
  let toExpire: string[] = [];
  let expireAt = -Infinity;
  let mayHaveRemoved = true;
  let problem: string | undefined;

  function deviceOf(name: string): Device {
    let device = devices.get(name);
    if (device === undefined) {
      device = { id: Number(addDevice.run(name).lastInsertRowid), bytes: 0 };
      devices.set(name, device);
    }
    return device;
  }

  /** Deletes `most` of a device's oldest reports before `end`, or as many as there are. Returns how many. */
  function deleteSome(device: Device, end: number, most = ROWS_A_SLICE): number {
    const rows = deleteOldest.all(keyOf(device.id, 0), end, most);
    for (const row of rows) device.bytes -= numberOf(row, 'bytes') ?? 0;
    if (rows.length > 0) saveBytes.run(device.bytes, device.id);
    return rows.length;
  }

  function storeWaiting(): void {
    if (waiting.length === 0) return;
    const stored = waiting;
    try {
      transaction(db, () => {
        const touched = new Set<Device>();
        for (const { deviceId, at, packed } of stored) {
          const device = deviceOf(deviceId);
          const body = compress(packed);
          if (Number(insert.run(keyOf(device.id, at), body).changes) === 0) continue;
          device.bytes += body.length;
          touched.add(device);
        }
        for (const device of touched) {
          saveBytes.run(device.bytes, device.id);
          const end = keyOf(device.id + 1, 0);
          while (device.bytes > bytesPerDevice && deleteSome(device, end, ROWS_PAST_BOUND) > 0);
        }
        checkpoints.note(written);
      });
    } catch (error) {
      reload();
      throw error;
    }
    waiting = [];
    waitingSince = Infinity;
  }

  /** What is in memory may be ahead of the file after a transaction that was rolled back. */
  function reload(): void {
    devices.clear();
    for (const { id, name, bytes } of db.prepare('SELECT * FROM devices').all())
      devices.set(String(name), { id: Number(id), bytes: Number(bytes) });
  }

  function checkpoint(time: number): void {
    if (waiting.length === 0 && checkpoints.noted !== written)
      transaction(db, () => checkpoints.note(written));
    checkpoints.run(time);
  }

  function removeSome(): boolean {
    const id = mayHaveRemoved ? numberOf(nextRemoved.get(), 'device') : undefined;
    mayHaveRemoved = id !== undefined;
    if (id === undefined) return false;
    transaction(db, () => {
      if (deleteOldest.all(keyOf(id, 0), keyOf(id + 1, 0), ROWS_A_SLICE).length < ROWS_A_SLICE)
        dropRemoved.run(id);
    });
    return true;
  }

  function expireSome(time: number): boolean {
    if (toExpire.length === 0) {
      if (time < expireAt) return false;
      expireAt = time + EXPIRE_EVERY_MS;
      toExpire = [...devices.keys()];
    }
    const device = devices.get(toExpire.at(-1) ?? '');
    if (device === undefined) return toExpire.pop() !== undefined;
    const end = keyOf(device.id, time - days * DAY);
    if (transaction(db, () => deleteSome(device, end)) < ROWS_A_SLICE) toExpire.pop();
    return true;
  }

  function vacuumSome(): boolean {
    if ((numberOf(freePages.get(), 'freelist_count') ?? 0) <= KEPT_FREE_PAGES) return false;
    db.exec(`PRAGMA incremental_vacuum(${PAGES_A_SLICE})`);
    return true;
  }

  /** Does one step of the most urgent work; returns whether there was any. */
  function step(time: number): boolean {
    if (time - waitingSince >= STORE_AFTER_MS || waiting.length >= MOST_WAITING) {
      storeWaiting();
      return true;
    }
    if (
      checkpoints.isUrgent() ||
      checkpoints.isDue(waiting.length === 0 ? written : checkpoints.noted, time)
    ) {
      checkpoint(time);
      return true;
    }
    return removeSome() || expireSome(time) || vacuumSome();
  }

  const reportIn = (row: Record<string, unknown> | undefined) => {
    const body = bytesOf(row, 'body');
    return body === undefined ? undefined : unpackReport(body);
  };

  return {
    storedTo: checkpoints.storedTo,
    write(reports, upTo) {
      if (waiting.length >= MOST_WAITING) storeWaiting();
      for (const report of reports) waiting.push(report);
      if (reports.length > 0 && waitingSince === Infinity) waitingSince = now();
      written = upTo;
      return checkpoints.durable;
    },
    at(deviceId, at) {
      storeWaiting();
      const device = devices.get(deviceId);
      if (device === undefined) return null;
      const [begin, end] = [keyOf(device.id, 0), keyOf(device.id + 1, 0)];
      const next = reportIn(first.get(keyOf(device.id, at), end));
      if (next !== undefined && next.at - next.period_s * SECOND < at) return next;
      return reportIn(last.get(begin, keyOf(device.id, at))) ?? null;
    },
    range(deviceId, from, to) {
      storeWaiting();
      const device = devices.get(deviceId);
      if (device === undefined) return { report: null, moments: [] };
      const end = keyOf(device.id, to);
      // The last one's period may end after the range.
      const rows = [
        ...newest.all(keyOf(device.id, from), end).toReversed(),
        first.get(end + 1, keyOf(device.id + 1, 0)),
      ];
      const reports = rows
        .map(reportIn)
        .filter((report) => report !== undefined)
        .filter(({ at, period_s }) => at > from && at - period_s * SECOND < to);
      return {
        report: mergeReports(reports),
        moments: reports.map(({ at, period_s }) => [at, period_s]),
      };
    },
    remove(deviceId) {
      waiting = waiting.filter((report) => report.deviceId !== deviceId);
      const device = devices.get(deviceId);
      if (device === undefined) return;
      transaction(db, () => {
        addRemoved.run(device.id);
        dropDevice.run(device.id);
      });
      devices.delete(deviceId);
      mayHaveRemoved = true;
    },
    tick() {
      try {
        const did = step(now());
        problem = undefined;
        return did;
      } catch (error) {
        if (isDamage(error)) throw error;
        const text = errorText(error);
        if (problem !== text)
          log.error(
            { err: error, file },
            'the history of processes cannot be written: check free space and the disk; reports stay in the journal',
          );
        problem = text;
        return false;
      }
    },
    close() {
      try {
        storeWaiting();
        checkpoint(now());
      } finally {
        db.close();
      }
    },
    abandon: () => db.close(),
  };
}
