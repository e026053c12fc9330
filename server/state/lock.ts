/**
 * The lock of the data folder: one server at a time writes it. It is a lock of the operating system on the file
 * `server.lock`, taken through SQLite because Node has no call for one: fcntl on Linux and macOS, LockFileEx on
 * Windows. The system gives it up when its holder ends, however it ends, and a copy of the folder is not locked.
 * The file is always empty and stays; removing it would let two servers lock two files.
 */
import { lstatSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { errorCode, errorText } from '#protocol/errors.ts';

/**
 * How long SQLite tries at a time, milliseconds. It takes the lock in steps, so processes that start at once can
 * keep each other from it for a moment.
 */
const TRY_MS = 200;
const PAUSE_MS = 100;
/** SQLite's code for a file that another process has locked. */
const BUSY = 5;

/** Why the lock cannot be taken, in words for the person who starts the server. */
export class LockError extends Error {}

/** Makes the file where it is missing, and empties it: an earlier version kept text in it. */
function prepare(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile())
    throw new LockError(`${path} is not a file: remove it, so that the server can make its lock there`);
  try {
    if (found === undefined) writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
    else if (found.size > 0) truncateSync(path);
  } catch (cause) {
    // EEXIST: another server made the file just now.
    if (errorCode(cause) === 'EEXIST') return;
    throw new LockError(
      `${path} cannot be written (${errorCode(cause)}): give this user the right to write it, or free some space`,
      { cause },
    );
  }
}

/** Locks the file and returns the release; undefined when another process holds the lock. */
function tryLock(path: string): (() => void) | undefined {
  const database = new DatabaseSync(path, { timeout: TRY_MS });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return () => database.close();
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === BUSY) return undefined;
    throw error;
  }
}

/** ` (process 123)` for a message, where the system tells which process holds the lock. */
function holderOf(path: string): string {
  try {
    const held = new RegExp(`WRITE (\\d+) \\w+:\\w+:${lstatSync(path).ino} 1073741824 `);
    const [, pid] = held.exec(readFileSync('/proc/locks', 'utf8')) ?? [];
    return pid === undefined ? '' : ` (process ${pid})`;
  } catch {
    // Only Linux has this list.
    return '';
  }
}

/**
 * Takes the lock and resolves with its release. Waits up to `waitMs` milliseconds for a server that is just
 * stopping. Rejects with a LockError.
 */
export async function takeLock(path: string, waitMs: number): Promise<() => void> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    prepare(path);
    let release: (() => void) | undefined;
    try {
      release = tryLock(path);
    } catch (cause) {
      throw new LockError(
        `${path} cannot be locked (${errorText(cause)}): give this user the right to write it, or use a folder on a local disk`,
        { cause },
      );
    }
    if (release !== undefined) return release;
    if (performance.now() >= deadline)
      throw new LockError(`another server${holderOf(path)} runs with this folder: stop it`);
    await pause(PAUSE_MS);
  }
}
