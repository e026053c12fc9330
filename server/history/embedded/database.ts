/** The database file: its schema, its settings, and what to do with one that cannot be read. */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errorText } from '#protocol/errors.ts';

const SCHEMA_VERSION = 1;

/**
 * Samples and buckets are keyed by time, then device (`span * DEVICES + device`): what is written goes to the
 * end, what is deleted lies at the front, and both stay dense.
 */
const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE devices (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, newest INTEGER NOT NULL) STRICT;
CREATE TABLE fields (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE device_fields (device INTEGER NOT NULL, field INTEGER NOT NULL, PRIMARY KEY (device, field)) STRICT, WITHOUT ROWID;
CREATE TABLE removed (device INTEGER PRIMARY KEY) STRICT;
CREATE TABLE dirty_hours (k INTEGER PRIMARY KEY) STRICT;
CREATE TABLE dirty_blocks (k INTEGER PRIMARY KEY) STRICT;
CREATE TABLE raw (k INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
CREATE TABLE minutes (k INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
CREATE TABLE quarters (k INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
`;

export interface OpenedDatabase {
  readonly db: DatabaseSync;
  /** Where a damaged predecessor was put. */
  readonly setAside: string | undefined;
}

/** Opens or makes the file (0600). A damaged one is renamed, never deleted. Throws what a person can act on. */
export function openDatabase(path: string, now: number): OpenedDatabase {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
  } catch (error) {
    throw new Error(
      `the history database ${path} cannot be written (${errorText(error)}): check the folder's owner and free space`,
      { cause: error },
    );
  }
  try {
    return { db: prepared(path), setAside: undefined };
  } catch (error) {
    if (!isDamage(error)) throw explained(path, error);
    const setAside = `${path}.corrupt-${new Date(now).toISOString().replaceAll(':', '-')}`;
    for (const suffix of ['', '-wal', '-shm'])
      if (existsSync(path + suffix)) renameSync(path + suffix, setAside + suffix);
    closeSync(openSync(path, 'a', 0o600));
    return { db: prepared(path), setAside };
  }
}

function prepared(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    db.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 16384; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -16384;`);
    const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version > SCHEMA_VERSION)
      throw new Error(
        `it was written by a newer Watchfloor (schema ${version}, this one knows ${SCHEMA_VERSION}): run that version, or move the file away`,
      );
    if (version === 0) db.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
    else db.exec('BEGIN IMMEDIATE; COMMIT');
    for (const table of ['meta', 'devices', 'fields', 'device_fields', 'dirty_hours', 'dirty_blocks'])
      db.prepare(`SELECT * FROM ${table}`).all();
    for (const table of ['raw', 'minutes', 'quarters'])
      db.prepare(`SELECT min(k), max(k) FROM ${table}`).get();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const BUSY = 5;

function code(error: unknown): number {
  return typeof error === 'object' && error !== null && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
}

function isDamage(error: unknown): boolean {
  return code(error) === CORRUPT || code(error) === NOT_A_DATABASE;
}

function explained(path: string, error: unknown): Error {
  const advice = code(error) === BUSY ? 'another process has it open: stop that one first' : errorText(error);
  return new Error(`the history database ${path} cannot be opened: ${advice}`, { cause: error });
}

/** Runs `work` as one transaction; a throw undoes it. What it did in memory is the caller's to undo. */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // On some errors, such as a full disk, SQLite has ended it already.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** A row's single number, or undefined where there is none. */
export function numberOf(row: Record<string, unknown> | undefined, column: string): number | undefined {
  const value = row?.[column];
  return typeof value === 'number' ? value : undefined;
}

export function bytesOf(row: Record<string, unknown> | undefined, column: string): Uint8Array | undefined {
  const value = row?.[column];
  return value instanceof Uint8Array ? value : undefined;
}
