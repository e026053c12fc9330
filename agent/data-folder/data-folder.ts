/** Small files of the data folder: private to this user, and whole or absent, whatever happens meanwhile. */
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

/** A mistake of a person's that a person can mend; its message says how. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}

/** The folder cannot be written, and what to do about it. */
export function unwritable(folder: string, error: unknown): SetupError {
  const code = errorCode(error);
  const remedy =
    code === 'ENOSPC' || code === 'EDQUOT' ? 'free some space there' : 'give this user the right to';
  return new SetupError(
    `the data folder ${folder} cannot be written (${code === '' ? errorText(error) : code}): ` +
      `${remedy}, or set WATCHFLOOR_AGENT_DATA to another folder`,
  );
}

/** Makes the folder (0700) where it is missing. @throws SetupError when it cannot be */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new SetupError(
      `the data folder ${path} cannot be made (${errorText(error)}): set WATCHFLOOR_AGENT_DATA to a folder this user may write to`,
    );
  }
}

/** Writes beside, syncs, renames: a reader sees the old or the new, never a part. Mode 0600. */
export function writeWhole(path: string, data: string | Uint8Array): void {
  const beside = `${path}.new`;
  const fd = openSync(beside, 'w', 0o600);
  try {
    writeSync(fd, typeof data === 'string' ? Buffer.from(data) : data);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(beside, path);
}

/** The file's text, or undefined where there is none. Other errors are thrown. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes a file that may be gone already. Whether it is gone now. */
export function removeFile(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    return errorCode(error) === 'ENOENT';
  }
}
