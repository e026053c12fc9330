/** The journal's files: `<first position>.journal`, a fixed header, then records. */
import { open, readdir, rename, truncate, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../types.ts';
import type { Position } from '../history.ts';
import {
  holdsRecord,
  readRecord,
  RECORD_LEAST_BYTES,
  RECORD_MOST_BYTES,
  type RecordFields,
} from './record.ts';

const MAGIC = Buffer.from('WFJRNL1\n', 'latin1');
export const SEGMENT_HEADER_BYTES = MAGIC.length;
const NAME = /^(\d{16})\.journal$/;
const CHUNK = 1024 * 1024;

export interface Segment {
  readonly path: string;
  /** Position of its first record. */
  readonly first: Position;
  /** Position after its last. */
  end: Position;
  /** Bytes that are known good. */
  bytes: number;
  /** Holds bytes that could not be read: set aside, never deleted. */
  damaged: boolean;
}

/** A record at its place in the journal. */
export interface JournalEntry extends RecordFields {
  readonly position: Position;
}

function segmentPath(dir: string, first: Position): string {
  return join(dir, `${String(first).padStart(16, '0')}.journal`);
}

/** Makes an empty segment file (0600), on disk with its name. */
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
  /** Offset in the file after the last of them. */
  readonly offset: number;
  /** Whether the bytes at `offset` are no whole record although more bytes follow. */
  readonly broken: boolean;
}

/** Reads records from byte `offset` up to byte `end`, about a megabyte at a time. */
export async function* readChunks(path: string, offset: number, end: number): AsyncGenerator<Chunk> {
  const file = await open(path, 'r');
  try {
    let size = CHUNK;
    while (offset < end) {
      const wanted = Math.min(size, end - offset);
      const buffer = Buffer.allocUnsafe(wanted);
      const { bytesRead } = await file.read(buffer, 0, wanted, offset);
      const last = offset + bytesRead >= end || bytesRead < wanted;
      const chunk = parse(buffer.subarray(0, bytesRead), offset);
      const grow = chunk.records.length === 0 && !chunk.broken && !last && size < RECORD_MOST_BYTES;
      offset = chunk.offset;
      if (grow) {
        size = Math.min(size * 2, RECORD_MOST_BYTES);
        continue;
      }
      size = CHUNK;
      const stuck = chunk.broken || chunk.records.length === 0 || (last && offset < end);
      yield { ...chunk, broken: stuck };
      if (stuck || last) return;
    }
  } finally {
    await file.close();
  }
}

function parse(buffer: Buffer, offset: number): Chunk {
  const records: RecordFields[] = [];
  let at = 0;
  for (;;) {
    const read = readRecord(buffer, at);
    if (read.kind !== 'record') return { records, offset: offset + at, broken: read.kind === 'bad' };
    records.push(read.record);
    at = read.next;
  }
}

/** Every segment in the folder, in order, each read once from end to end; a torn tail of the last is cut off. */
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
  if (await headerIsGood(path)) {
    for await (const chunk of readChunks(path, SEGMENT_HEADER_BYTES, size)) {
      segment.end += chunk.records.length;
      segment.bytes = chunk.offset;
    }
  } else segment.bytes = 0;
  if (next === undefined) return inspectTail(segment, size, log);
  // What lies beyond the next segment's start was never acknowledged.
  if (segment.end < next) {
    segment.damaged = true;
    sayDamaged(segment, next - segment.end, log);
  }
  segment.end = next;
  return segment;
}

async function inspectTail(segment: Segment, size: number, log: Log): Promise<Segment> {
  const rest = size - segment.bytes;
  if (rest === 0) return segment;
  if (await holdsRecordAfter(segment.path, segment.bytes)) {
    segment.damaged = true;
    const lost = Math.ceil(rest / RECORD_LEAST_BYTES);
    sayDamaged(segment, lost, log);
    segment.end += lost;
    return segment;
  }
  log.info({ path: segment.path, bytes: rest }, 'cut off an unfinished write at the end of the journal');
  await truncate(segment.path, segment.bytes);
  return segment;
}

function sayDamaged(segment: Segment, most: number, log: Log): void {
  log.error(
    { path: segment.path, offset: segment.bytes, records_at_most: most },
    'the journal is damaged here: what precedes it is used, what follows in this file is not; the file is kept as *.damaged',
  );
}

async function headerIsGood(path: string): Promise<boolean> {
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
    // Byte 0 is where reading failed; a record can only start after it.
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

/** Takes a damaged file out of the journal under another name. */
export async function setAside(segment: Segment): Promise<void> {
  await rename(segment.path, `${segment.path}.damaged`);
}
