/**
 * The database file of the embedded history: its schema, its settings, and what happens to a file that is
 * damaged.
 */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { errorCode, errorText } from '#protocol/errors.ts';
import { DAY } from '#protocol/span.ts';

const SCHEMA_VERSION = 3;
/** The structure of a larger file is not checked at the start. A second reads about half a gigabyte. */
const MAX_CHECKED_BYTES = 512 * 1024 * 1024;

/**
 * Each row of the registry carries a CRC-32 of the rest of it. Names are unique, but no index says so: an entry
 * of a damaged row would be in its way for ever.
 */
const REGISTRY_SCHEMA = `
CREATE TABLE devices (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, newest INTEGER NOT NULL, crc INTEGER NOT NULL) STRICT;
CREATE TABLE fields (id INTEGER PRIMARY KEY, name TEXT NOT NULL, crc INTEGER NOT NULL) STRICT;
CREATE TABLE device_fields (device INTEGER NOT NULL, field INTEGER NOT NULL, noted INTEGER NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (device, field)) STRICT, WITHOUT ROWID;
`;

/**
 * The key of a row of samples or buckets is made of its span of time and then its device (`span * DEVICES +
 * device`). So new rows go to the end of a table, deleted ones lie at its front, and both stay dense.
 */
const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
${REGISTRY_SCHEMA}
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
  /** What is wrong with the structure of a file that can still be used; undefined where nothing was found. */
  readonly structureProblem: string | undefined;
}

export interface OpenOptions {
  /** Path of the database file. */
  readonly path: string;
  /** Epoch milliseconds, for the new name of a damaged file. */
  readonly now: number;
  /** Whether the file is known to be damaged, and is to be set aside unread. */
  readonly isDamaged?: boolean;
  /** Opens the file, makes its schema where it is new, and reads enough of it to notice damage; `openAndCheck`. */
  readonly open?: (path: string, now: number) => DatabaseSync;
}

/**
 * Opens the file, or makes it (mode 0600). A damaged one is renamed, never deleted, and a new one begun.
 * @throws where the file cannot be written, is in use, or is of a newer Watchfloor, with what to do
 */
export function openDatabase({
  path,
  now,
  isDamaged = false,
  open = openAndCheck,
}: OpenOptions): OpenedDatabase {
  try {
    makeFile(path);
  } catch (error) {
    throw new Error(
      `the history database ${path} cannot be written (${errorText(error)}): check the folder's owner and free space`,
      { cause: error },
    );
  }
  try {
    if (!isDamaged) {
      const db = open(path, now);
      return { db, setAside: undefined, structureProblem: structureProblem(db, path) };
    }
  } catch (error) {
    if (!isDamage(error)) throw openError(path, error);
  }
  const setAside = `${path}.corrupt-${new Date(now).toISOString().replaceAll(':', '-')}`;
  for (const suffix of ['', '-wal', '-shm'])
    if (existsSync(path + suffix)) renameSync(path + suffix, setAside + suffix);
  makeFile(path);
  return { db: open(path, now), setAside, structureProblem: undefined };
}

function makeFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
}

/**
 * Sets what every database of the history is used with, and returns the version of its schema; 0: it is new.
 * @throws where it is of a newer version than `newest`
 */
export function setUp(db: DatabaseSync, newest: number): number {
  db.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 16384; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -16384;`);
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version > newest)
    throw new Error(
      `it was written by a newer Watchfloor (schema ${version}, this one knows ${newest}): run that version, or move the file away`,
    );
  return version;
}

/** Opens the file, makes the schema where it is new, and reads enough of each table to notice damage. */
function openAndCheck(path: string, now: number): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    const version = setUp(db, SCHEMA_VERSION);
    if (version === 0) db.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
    else if (version < SCHEMA_VERSION) renewRegistry(db, version, Math.floor(now / DAY));
    else db.exec('BEGIN IMMEDIATE; COMMIT');
    for (const table of ['meta', 'devices', 'fields', 'device_fields', 'dirty_hours', 'dirty_blocks'])
      db.prepare(`SELECT * FROM ${table}`).all();
    for (const table of ['raw', 'minutes', 'quarters']) db.prepare(spanOfKeys(table)).get();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Asks for the first and the last key of a table of rows, as `first` and `last`, without damaged ones, which may be
 * negative or too large for a number of JavaScript. In one SELECT the two would read the whole table.
 */
export function spanOfKeys(table: string): string {
  const valid = `k BETWEEN 0 AND ${Number.MAX_SAFE_INTEGER}`;
  return `SELECT (SELECT min(k) FROM ${table} WHERE ${valid}) AS first, (SELECT max(k) FROM ${table} WHERE ${valid}) AS last`;
}

/**
 * Makes the registry of an older database anew. Version 1 has no checksums; those of version 2 are kept, so that a
 * damaged name is noticed later. Neither knows when a field last had samples: `today` stands for it, as the number of
 * days since the epoch.
 */
function renewRegistry(db: DatabaseSync, version: number, today: number): void {
  const tables = ['devices', 'fields', 'device_fields'];
  const crcOf = (columns: string) => (version === 1 ? `checksum(${columns})` : 'crc');
  const isWhole = version === 1 ? 'true' : 'crc = checksum(device, field)';
  db.function('checksum', { varargs: true }, (...parts) => registryChecksum(...parts));
  db.exec('BEGIN IMMEDIATE');
  for (const table of tables) db.exec(`ALTER TABLE ${table} RENAME TO old_${table}`);
  db.exec(`${REGISTRY_SCHEMA}
    INSERT INTO devices SELECT id, name, newest, ${crcOf('id, name, newest')} FROM old_devices;
    INSERT INTO fields SELECT id, name, ${crcOf('id, name')} FROM old_fields;
    INSERT INTO device_fields SELECT device, field, ${today}, checksum(device, field, ${today}) FROM old_device_fields WHERE ${isWhole};`);
  for (const table of tables) db.exec(`DROP TABLE old_${table}`);
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
}

/** The checksum that a row of the registry carries of its other columns. */
export function registryChecksum(...columns: readonly unknown[]): number {
  return crc32(JSON.stringify(columns));
}

/**
 * Has SQLite check the structure of the file, which is how rows are noticed that no key leads to any more. Reading
 * a large file takes too long for a start, so there only what is read later is checked.
 * @returns what is wrong; undefined where nothing was found
 */
function structureProblem(db: DatabaseSync, path: string): string | undefined {
  if (statSync(path).size > MAX_CHECKED_BYTES) return undefined;
  try {
    const found = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    return found === 'ok' ? undefined : String(found);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return errorText(error);
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

/** Whether an error says that the file itself is damaged. */
export function isDamage(error: unknown): boolean {
  // Only a damaged number is too large for JavaScript.
  if (errorCode(error) === 'ERR_OUT_OF_RANGE') return true;
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
