/**
 * The lock of a data folder: two agents in one folder would use one identity and mix their spools. It is a lock of the
 * operating system on the file `lock`, taken through SQLite because Node has no call for one: fcntl on Linux and macOS,
 * LockFileEx on Windows. The system gives it up when its holder ends, however it ends, and a copy of the folder is not
 * locked. The file is always empty and stays; removing it would let two agents lock two files. The server's lock
 * (`server/state/lock.ts`) works in the same way.
 */
import { lstatSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { errorCode, errorText } from '#protocol/errors.ts';
import { SetupError, unwritable } from './data-folder.ts';

/** How long an agent waits for one that is just stopping, milliseconds. */
const WAIT_MS = 3000;
/**
 * How long SQLite tries at a time, milliseconds. It takes the lock in steps, so processes that start at once can
 * keep each other from it for a moment.
 */
const TRY_MS = 200;
const PAUSE_MS = 100;
/** SQLite's code for a file that another process has locked. */
const BUSY = 5;

/** Makes the file where it is missing, and empties it: an earlier version kept text in it. @throws SetupError */
function prepare(path: string, folder: string): void {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
    else if (!found.isFile())
      throw new SetupError(`${path} is not a file: remove it, so that the agent can make its lock there`);
    else if (found.size > 0) truncateSync(path);
  } catch (error) {
    if (error instanceof SetupError) throw error;
    // EEXIST: another agent made the file just now.
    if (errorCode(error) !== 'EEXIST') throw unwritable(folder, error);
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

/** The process that holds a folder's lock; undefined where none does, or the system does not tell. */
export function lockHolder(folder: string): number | undefined {
  try {
    const { ino } = lstatSync(join(folder, 'lock'));
    const held = new RegExp(`WRITE (\\d+) \\w+:\\w+:${ino} 1073741824 `);
    const [, pid] = held.exec(readFileSync('/proc/locks', 'utf8')) ?? [];
    return pid === undefined ? undefined : Number(pid);
  } catch {
    // Only Linux has this list.
    return undefined;
  }
}

/** ` (process 123)` for a message, where the system tells which process holds the lock. */
function holderText(folder: string): string {
  const pid = lockHolder(folder);
  return pid === undefined ? '' : ` (process ${pid})`;
}

/**
 * Takes the folder's lock and resolves with its release. Rejects with a SetupError when another agent holds the lock
 * for `waitMs` milliseconds, or when the folder cannot be locked.
 */
export async function lockFolder(folder: string, waitMs = WAIT_MS): Promise<() => void> {
  const path = join(folder, 'lock');
  const deadline = performance.now() + waitMs;
  for (;;) {
    prepare(path, folder);
    let release: (() => void) | undefined;
    try {
      release = tryLock(path);
    } catch (error) {
      throw new SetupError(
        `${path} cannot be locked (${errorText(error)}): give this user the right to write it, ` +
          'or set WATCHFLOOR_AGENT_DATA to a folder on a local disk',
      );
    }
    if (release !== undefined) return release;
    if (performance.now() >= deadline)
      throw new SetupError(
        `an agent${holderText(folder)} already runs with the data folder ${folder}: ` +
          'stop it, or set WATCHFLOOR_AGENT_DATA to another folder for this one',
      );
    await pause(PAUSE_MS);
  }
}
