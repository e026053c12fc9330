/** The journal's segment files, named `<first position>.journal`: a fixed header, then records. */
import { open, rename, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Position } from '../history.ts';
import { findRecord, readRecord, MAX_RECORD_BYTES, type RecordFields } from './record.ts';

export const SEGMENT_HEADER = Buffer.from('WFJRNL1\n', 'latin1');
export const SEGMENT_HEADER_BYTES = SEGMENT_HEADER.length;
const CHUNK_BYTES = 1024 * 1024;
/** How many bytes after damage are first searched for the next record; then eight times as many. */
const FIRST_SEARCH_BYTES = 64 * 1024;

export interface Segment {
  readonly path: string;
  /** Position of the segment's first record. */
  readonly first: Position;
  /** Position after the segment's last record. */
  end: Position;
  /** Offset after the last valid record, in bytes. */
  bytes: number;
  /**
   * Whether it holds bytes that could not be read. Such a file is renamed when it is forgotten, never
   * deleted.
   */
  damaged: boolean;
}

/** A record with its position in the journal. */
export interface JournalEntry extends RecordFields {
  readonly position: Position;
}

export function segmentPath(dir: string, first: Position): string {
  return join(dir, `${String(first).padStart(16, '0')}.journal`);
}

/**
 * Makes an empty segment file (mode 0600) and syncs both the file and its folder, so that its name survives
 * too.
 */
export async function createSegment(dir: string, first: Position): Promise<[Segment, FileHandle]> {
  const path = segmentPath(dir, first);
  const file = await open(path, 'w+', 0o600);
  try {
    await file.write(SEGMENT_HEADER, 0, SEGMENT_HEADER_BYTES, 0);
    await file.datasync();
    await syncDirectory(dir);
  } catch (error) {
    await file.close();
    throw error;
  }
  return [{ path, first, end: first, bytes: SEGMENT_HEADER_BYTES, damaged: false }, file];
}

export async function syncDirectory(dir: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export interface Chunk {
  readonly records: readonly RecordFields[];
  /** Byte offset in the file after the last of these records, or after the skipped bytes. */
  readonly offset: number;
  /** Bytes before `offset` that hold no whole record: damage. Such a chunk has no records. */
  readonly skipped: number;
}

/**
 * Reads the records from byte `offset` up to byte `end`, about a megabyte at a time. After damage it goes on
 * with the next whole record.
 */
export async function* readChunks(path: string, offset: number, end: number): AsyncGenerator<Chunk> {
  const file = await open(path, 'r');
  try {
    let size = CHUNK_BYTES;
    while (offset < end) {
      const buffer = await readBytes(file, offset, Math.min(size, end - offset));
      const { records, bytes, isBad } = parseRecords(buffer);
      const isCut = buffer.length < size || size >= MAX_RECORD_BYTES;
      if (records.length === 0 && !isBad && !isCut) {
        // A record larger than the buffer: read again with a larger one.
        size = Math.min(size * 2, MAX_RECORD_BYTES);
        continue;
      }
      const next = records.length > 0 ? offset + bytes : await nextRecord(file, offset + 1, end);
      yield { records, offset: next, skipped: records.length > 0 ? 0 : next - offset };
      offset = next;
      size = CHUNK_BYTES;
    }
  } finally {
    await file.close();
  }
}

/** The offset of the next whole record at or after byte `from`; `end` where there is none. */
async function nextRecord(file: FileHandle, from: number, end: number): Promise<number> {
  for (let size = FIRST_SEARCH_BYTES; from < end; size *= 8) {
    const found = findRecord(await readBytes(file, from, Math.min(size, end - from)), 0);
    if (found !== undefined) return from + found;
    if (from + size >= end) break;
  }
  return end;
}

/** Reads `length` bytes from byte `offset` on; fewer where the file ends. */
export async function readBytes(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, offset);
  return buffer.subarray(0, bytesRead);
}

/** The whole records at the start of `buffer`, their bytes, and whether what follows is surely no record. */
function parseRecords(buffer: Buffer): { records: RecordFields[]; bytes: number; isBad: boolean } {
  const records: RecordFields[] = [];
  let at = 0;
  for (;;) {
    const read = readRecord(buffer, at);
    if (read.kind !== 'record') return { records, bytes: at, isBad: read.kind === 'bad' };
    records.push(read.record);
    at = read.next;
  }
}

/** Renames a damaged file, so that it is kept but no longer part of the journal. */
export async function setAside(segment: Segment): Promise<void> {
  await rename(segment.path, `${segment.path}.damaged`);
}
