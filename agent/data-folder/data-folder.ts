/** Small files of the data folder. They are private to this user, and complete or absent even after a crash. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { errorCode, errorText } from '#protocol/errors.ts';

/** A problem with the setup that a person can solve; the message says how. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}

/** `error`: why `folder` cannot be made or written. */
export function unwritable(folder: string, error: unknown): SetupError {
  const code = errorCode(error);
  const remedy =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'free some space there'
      : 'give this user the right to write there';
  return new SetupError(
    `the data folder ${folder} cannot be written (${code === '' ? errorText(error) : code}): ` +
      `${remedy}, or set WATCHFLOOR_AGENT_DATA to another folder`,
  );
}

/** Makes the folder, with mode 0700, if it is missing. @throws SetupError when that fails */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** Windows refuses to replace a file that somebody reads at this moment, such as a scanner: how often, and after how long it is tried again. */
const [TRIES, PAUSE_MS] = [20, 25];

function replaceFile(from: string, to: string): void {
  for (let left = TRIES; ; left--) {
    try {
      return renameSync(from, to);
    } catch (error) {
      const isInUse = ['EPERM', 'EACCES', 'EBUSY'].includes(errorCode(error));
      if (process.platform !== 'win32' || !isInUse || left === 0) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}

/** Writes the file with mode 0600, so that readers see the old or the new content, never a part of it. */
export function writeWhole(path: string, data: string | Uint8Array): void {
  const temporary = `${path}.new`;
  const fd = openSync(temporary, 'w', 0o600);
  try {
    writeSync(fd, typeof data === 'string' ? Buffer.from(data) : data);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  replaceFile(temporary, path);
}

/** The file's text, or undefined when there is no such file. @throws any other error */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes a file. Returns whether it is gone; it may have been gone before. */
export function removeFile(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    return errorCode(error) === 'ENOENT';
  }
}
