/**
 * The file `extent` in the journal's folder: which segments there are. It is how the journal notices that some
 * of its files were removed. A segment is named here only while its file exists: after it was made, and no
 * longer once it is about to be deleted.
 */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { errorCode } from '#protocol/errors.ts';
import type { Position } from '../history.ts';

export interface Extent {
  /** First position of the oldest segment. */
  readonly oldest: Position;
  /** First position of the newest segment. */
  readonly newest: Position;
}

const FORM = /^(\d{16}) (\d{16}) ([0-9a-f]{8})\n$/;
const digits = (position: Position): string => String(position).padStart(16, '0');
const checksum = (text: string): string => crc32(text).toString(16).padStart(8, '0');

/**
 * Overwrites the file in place and syncs it: it is always as long and within one block, so that this works on a
 * full disk too.
 */
export async function writeExtent(dir: string, { oldest, newest }: Extent): Promise<void> {
  const text = `${digits(oldest)} ${digits(newest)}`;
  // Not 'w', which empties the file first.
  const file = await open(extentPath(dir), 'r+').catch(() => open(extentPath(dir), 'w', 0o600));
  try {
    await file.write(`${text} ${checksum(text)}\n`, 0);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** What the file says; `missing` where there is none, `damaged` where it cannot be understood. */
export async function readExtent(dir: string): Promise<Extent | 'missing' | 'damaged'> {
  try {
    const text = await readFile(extentPath(dir), 'latin1');
    const [, oldest = '', newest = '', sum] = FORM.exec(text) ?? [];
    if (sum !== checksum(`${oldest} ${newest}`)) return 'damaged';
    return { oldest: Number(oldest), newest: Number(newest) };
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    return 'missing';
  }
}

function extentPath(dir: string): string {
  return join(dir, 'extent');
}
