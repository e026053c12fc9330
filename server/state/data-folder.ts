/** Opens the server's data folder: makes it, checks that it is writable, and locks it for one server. */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '#protocol/errors.ts';
import { LockError, takeLock } from './lock.ts';

/** How long a start waits for a server that is just stopping, milliseconds. */
const WAIT_MS = 3000;

/** The reason why the server cannot start, in words for the person who starts it. */
export class StartError extends Error {}

export interface DataFolder {
  /** Why what is written to the folder's path would be lost; undefined while the folder is the one that was opened. */
  whyLost(): string | undefined;
  /** Gives up the lock. */
  close(): void;
}

/** The file's bytes, or undefined where there is no such file. Rejects with any other error. */
export async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** What tells one file or folder from another at the same path; '' when there is none. */
function identityOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? '' : `${found.dev} ${found.ino}`;
}

/**
 * Makes the folder (0700) and takes its lock. Rejects with a StartError.
 * @param waitMs how long to wait for the lock, milliseconds
 */
export async function openDataFolder(dir: string, waitMs = WAIT_MS): Promise<DataFolder> {
  const elsewhere = 'set WATCHFLOOR_DATA to another folder';
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new StartError(
      `the data folder ${dir} cannot be used (${errorCode(cause)}): give this user the right to write there, or ${elsewhere}`,
      { cause },
    );
  }
  const lock = join(dir, 'server.lock');
  try {
    const close = await takeLock(lock, waitMs);
    const folder = identityOf(dir);
    const file = identityOf(lock);
    return {
      close,
      whyLost() {
        try {
          if (identityOf(dir) === folder && identityOf(lock) === file) return undefined;
        } catch (error) {
          return `the data folder ${dir} cannot be read (${errorCode(error)}): check its disk and the rights of the folders above it`;
        }
        return `the data folder ${dir} was removed, moved or replaced while the server runs: put it back, or restart the server`;
      },
    };
  } catch (cause) {
    if (!(cause instanceof LockError)) throw cause;
    throw new StartError(`the data folder ${dir} cannot be used: ${cause.message}, or ${elsewhere}`, {
      cause,
    });
  }
}
