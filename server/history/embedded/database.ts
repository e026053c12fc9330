/**
 * The database file of the embedded history: its schema, its settings, and what happens to a file that is
 * damaged.
 */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errorText } from '#protocol/errors.ts';

const SCHEMA_VERSION = 1;

/**
 * The key of a row of samples or buckets is made of its span of time and then its device (`span * DEVICES +
 * device`). So new rows go to the end of a table, deleted ones lie at its front, and both stay dense.
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
  /** The path that a damaged file was renamed to; undefined where there was none. */
  readonly setAside: string | undefined;
}

/**
 * Opens the file, or makes it (mode 0600). A damaged one is renamed, never deleted, and a new one begun.
 * @param now epoch milliseconds, for the new name of a damaged file
 * @throws where the file cannot be written, is in use, or is of a newer Watchfloor, with what to do
 */
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
    return { db: openAndCheck(path), setAside: undefined };
  } catch (error) {
    if (!isDamage(error)) throw openError(path, error);
    const setAside = `${path}.corrupt-${new Date(now).toISOString().replaceAll(':', '-')}`;
    for (const suffix of ['', '-wal', '-shm'])
      if (existsSync(path + suffix)) renameSync(path + suffix, setAside + suffix);
    closeSync(openSync(path, 'a', 0o600));
    return { db: openAndCheck(path), setAside };
  }
}

/** Opens the file, makes the schema where it is new, and reads enough of each table to notice damage. */
function openAndCheck(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    db.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 16384; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -16384;`);
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

/** SQLite's result codes (sqlite.org/rescode.html). */
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const BUSY = 5;

/** SQLite's primary result code of an error; 0 where it is no error of SQLite. */
function resultCode(error: unknown): number {
  return typeof error === 'object' && error !== null && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
}

function isDamage(error: unknown): boolean {
  return resultCode(error) === CORRUPT || resultCode(error) === NOT_A_DATABASE;
}

function openError(path: string, error: unknown): Error {
  const advice =
    resultCode(error) === BUSY ? 'another process has it open: stop that one first' : errorText(error);
  return new Error(`the history database ${path} cannot be opened: ${advice}`, { cause: error });
}

/**
 * Runs `work` as one transaction and returns its result. Where `work` throws, the transaction is rolled back;
 * the caller must undo what `work` changed in memory.
 */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // On some errors, such as a full disk, SQLite has rolled the transaction back already.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** The number in this column of a row; undefined where the row or the number is missing. */
export function numberOf(row: Record<string, unknown> | undefined, column: string): number | undefined {
  const value = row?.[column];
  return typeof value === 'number' ? value : undefined;
}

/** The bytes in this column of a row; undefined where the row or the bytes are missing. */
export function bytesOf(row: Record<string, unknown> | undefined, column: string): Uint8Array | undefined {
  const value = row?.[column];
  return value instanceof Uint8Array ? value : undefined;
}
