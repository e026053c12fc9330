/** The journal's segment files, named `<first position>.journal`: a fixed header, then records. */
import { open, readdir, rename, truncate, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../types.ts';
import type { Position } from '../history.ts';
import { holdsRecord, readRecord, MIN_RECORD_BYTES, MAX_RECORD_BYTES, type RecordFields } from './record.ts';

const MAGIC = Buffer.from('WFJRNL1\n', 'latin1');
export const SEGMENT_HEADER_BYTES = MAGIC.length;
const NAME = /^(\d{16})\.journal$/;
const CHUNK_BYTES = 1024 * 1024;

export interface Segment {
  readonly path: string;
  /** Position of the segment's first record. */
  readonly first: Position;
  /** Position after the segment's last record. */
  end: Position;
  /** Bytes from the file's start that are known to be valid. */
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

function segmentPath(dir: string, first: Position): string {
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
    await file.write(MAGIC, 0, MAGIC.length, 0);
    await file.datasync();
    await syncDirectory(dir);
  } catch (error) {
    await file.close();
    throw error;
  }
  return [{ path, first, end: first, bytes: MAGIC.length, damaged: false }, file];
}

async function syncDirectory(dir: string): Promise<void> {
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
  /** Byte offset in the file after the last of these records. */
  readonly offset: number;
  /** Whether no whole record starts at `offset` although more bytes follow: reading ends here. */
  readonly broken: boolean;
}

/** Reads the records from byte `offset` up to byte `end`, about a megabyte at a time. */
export async function* readChunks(path: string, offset: number, end: number): AsyncGenerator<Chunk> {
  const file = await open(path, 'r');
  try {
    let size = CHUNK_BYTES;
    while (offset < end) {
      const length = Math.min(size, end - offset);
      const buffer = Buffer.allocUnsafe(length);
      const { bytesRead } = await file.read(buffer, 0, length, offset);
      const last = offset + bytesRead >= end || bytesRead < length;
      const chunk = parseRecords(buffer.subarray(0, bytesRead), offset);
      // A record larger than the buffer: read again with a larger one.
      const needsMore = chunk.records.length === 0 && !chunk.broken && !last && size < MAX_RECORD_BYTES;
      offset = chunk.offset;
      if (needsMore) {
        size = Math.min(size * 2, MAX_RECORD_BYTES);
        continue;
      }
      size = CHUNK_BYTES;
      const broken = chunk.broken || chunk.records.length === 0 || (last && offset < end);
      yield { ...chunk, broken };
      if (broken || last) return;
    }
  } finally {
    await file.close();
  }
}

/** The whole records at the start of `buffer`, which lies at byte `offset` of the file. */
function parseRecords(buffer: Buffer, offset: number): Chunk {
  const records: RecordFields[] = [];
  let at = 0;
  for (;;) {
    const read = readRecord(buffer, at);
    if (read.kind !== 'record') return { records, offset: offset + at, broken: read.kind === 'bad' };
    records.push(read.record);
    at = read.next;
  }
}

/**
 * Lists the segments in the folder, in order of position, and reads each once from end to end. An unfinished
 * write at the end of the last one is cut off.
 */
export async function openSegments(dir: string, log: Log): Promise<Segment[]> {
  const firsts = (await readdir(dir))
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  const segments: Segment[] = [];
  for (const [index, first] of firsts.entries())
    segments.push(await inspect(segmentPath(dir, first), first, firsts[index + 1], log));
  return segments;
}

async function inspect(
  path: string,
  first: Position,
  next: Position | undefined,
  log: Log,
): Promise<Segment> {
  const size = await fileBytes(path);
  const segment: Segment = { path, first, end: first, bytes: SEGMENT_HEADER_BYTES, damaged: false };
  if (await hasValidHeader(path)) {
    for await (const chunk of readChunks(path, SEGMENT_HEADER_BYTES, size)) {
      segment.end += chunk.records.length;
      segment.bytes = chunk.offset;
    }
  } else segment.bytes = 0;
  if (next === undefined) return inspectTail(segment, size, log);
  // Records whose positions lie beyond the next segment's start were never acknowledged.
  if (segment.end < next) {
    segment.damaged = true;
    logDamage(segment, next - segment.end, log);
  }
  segment.end = next;
  return segment;
}

/** Tells an unfinished write at the end of the last segment, which is cut off, from damage within it. */
async function inspectTail(segment: Segment, size: number, log: Log): Promise<Segment> {
  const invalidBytes = size - segment.bytes;
  if (invalidBytes === 0) return segment;
  if (await holdsRecordAfter(segment.path, segment.bytes)) {
    segment.damaged = true;
    // At most this many records were lost; their positions are not used again.
    const lost = Math.ceil(invalidBytes / MIN_RECORD_BYTES);
    logDamage(segment, lost, log);
    segment.end += lost;
    return segment;
  }
  log.info(
    { path: segment.path, bytes: invalidBytes },
    'cut off an unfinished write at the end of the journal',
  );
  await truncate(segment.path, segment.bytes);
  return segment;
}

function logDamage(segment: Segment, maxRecords: number, log: Log): void {
  log.error(
    { path: segment.path, offset: segment.bytes, records_at_most: maxRecords },
    'the journal is damaged here: records before this offset are used, the rest of the file is not; it is kept as *.damaged',
  );
}

async function hasValidHeader(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0);
    return buffer.equals(MAGIC);
  } finally {
    await file.close();
  }
}

async function holdsRecordAfter(path: string, offset: number): Promise<boolean> {
  const size = await fileBytes(path);
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(size - offset);
    await file.read(buffer, 0, buffer.length, offset);
    // Reading failed at the first of these bytes, so a record can only start after it.
    return holdsRecord(buffer.subarray(1));
  } finally {
    await file.close();
  }
}

async function fileBytes(path: string): Promise<number> {
  const file = await open(path, 'r');
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

/** Renames a damaged file, so that it is kept but no longer part of the journal. */
export async function setAside(segment: Segment): Promise<void> {
  await rename(segment.path, `${segment.path}.damaged`);
}
