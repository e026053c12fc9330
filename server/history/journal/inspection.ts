/**
 * What opening the journal finds in its folder: each segment is read once from end to end, damage is told, and an
 * unfinished write at the end of the last one is cut off.
 */
import { open, readdir, truncate } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { Log } from '../../types.ts';
import type { Position } from '../history.ts';
import { readExtent, type Extent } from './extent.ts';
import { readRecord, MIN_RECORD_BYTES } from './record.ts';
import {
  readBytes,
  readChunks,
  SEGMENT_HEADER,
  SEGMENT_HEADER_BYTES,
  segmentPath,
  type Segment,
} from './segment.ts';

const NAME = /^(\d{16})\.journal$/;
/** A file whose last bytes are all zero was enlarged before a power failure, and not yet written. */
const ZERO_TAIL = Buffer.alloc(16);

export interface InspectionOptions {
  readonly dir: string;
  readonly log: Log;
  /** Tells administrators of damage. */
  readonly notice: (text: string) => void;
  /** The history has everything below this position, so that damage below it loses nothing. */
  readonly storedTo: Position;
}

/** Reads all segments in the folder, in order of position. */
export async function inspectSegments(options: InspectionOptions): Promise<Segment[]> {
  const { dir, notice } = options;
  const firsts = (await readdir(dir))
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  const segments: Segment[] = [];
  for (const [index, first] of firsts.entries())
    segments.push(await inspect(segmentPath(dir, first), first, firsts[index + 1], options));
  const extent = await readExtent(dir);
  const missing = missingFiles(extent, segments);
  if (missing !== undefined)
    notice(
      `${missing} in the journal's folder ${dir}: ${lossText(segments.at(-1)?.end ?? Infinity, options)}`,
    );
  return segments;
}

/** What is wrong with the files as a whole; undefined where all are there, as far as that can be known. */
function missingFiles(
  extent: Extent | 'missing' | 'damaged',
  segments: readonly Segment[],
): string | undefined {
  if (extent === 'damaged') return 'The file extent is damaged, so that removed files would not be noticed';
  if (extent === 'missing') return undefined;
  const first = segments[0]?.first;
  if (first === undefined) return 'All journal files are missing';
  if (first > extent.oldest) return `The journal files from record ${extent.oldest} to ${first} are missing`;
  const newest = segments.at(-1)?.first ?? first;
  return newest < extent.newest
    ? `The newest journal files, from record ${extent.newest}, are missing`
    : undefined;
}

function lossText(end: Position, { storedTo }: InspectionOptions): string {
  return end <= storedTo
    ? 'nothing is lost, because the history has stored these samples.'
    : 'samples in it that the history had not stored yet are lost.';
}

/** What reading a segment from end to end has found beside its records. */
interface Findings {
  readonly segment: Segment;
  /** Size of the file, in bytes. */
  readonly size: number;
  readonly hasHeader: boolean;
  readonly records: number;
  /** Bytes between records, or after the last one, that hold no record. */
  skippedBytes: number;
}

/** @param next the first position of the next segment; undefined for the last segment */
async function inspect(
  path: string,
  first: Position,
  next: Position | undefined,
  options: InspectionOptions,
): Promise<Segment> {
  const findings = await readThrough(path, first);
  const { segment, hasHeader, records, skippedBytes } = findings;
  if (next === undefined) return inspectLast(findings, options);
  segment.end = next;
  const lost = next - first - records;
  if (!hasHeader || skippedBytes > 0) tellDamage(segment, Math.max(lost, 0), options);
  else if (lost > 0)
    options.notice(
      `The journal in ${options.dir} has no records ${first + records} to ${next - 1}: a file of it was removed or cut short; ${lossText(next, options)}`,
    );
  return segment;
}

async function readThrough(path: string, first: Position): Promise<Findings> {
  const { size, header } = await readHeader(path);
  const segment: Segment = { path, first, end: first, bytes: SEGMENT_HEADER_BYTES, damaged: false };
  let records = 0;
  let skippedBytes = 0;
  for await (const chunk of readChunks(path, SEGMENT_HEADER_BYTES, size)) {
    records += chunk.records.length;
    skippedBytes += chunk.skipped;
    if (chunk.records.length > 0) segment.bytes = chunk.offset;
  }
  return { segment, size, hasHeader: header.equals(SEGMENT_HEADER), records, skippedBytes };
}

/** Tells an unfinished write at the end of the last segment, which is cut off, from damage. */
async function inspectLast(findings: Findings, options: InspectionOptions): Promise<Segment> {
  const { segment, size, records } = findings;
  const { path } = segment;
  segment.end = segment.first + records;
  // The server ended while it made the file.
  if (size < SEGMENT_HEADER_BYTES) return segment;
  const tailBytes = size - segment.bytes;
  if (tailBytes > 0 && (await isUnfinished(path, segment.bytes, size))) {
    options.log.info({ path, bytes: tailBytes }, 'cut off an unfinished write at the end of the journal');
    await truncate(path, segment.bytes);
    findings.skippedBytes -= tailBytes;
  }
  if (findings.skippedBytes === 0 && findings.hasHeader) return segment;
  // At most this many records are lost; their positions are not used again.
  segment.end += Math.ceil(findings.skippedBytes / MIN_RECORD_BYTES);
  tellDamage(segment, undefined, options);
  return segment;
}

/**
 * Whether the bytes from `offset` to the end of the file are a write that was never finished: the record ends
 * after the file does, and not only because its length is damaged.
 */
async function isUnfinished(path: string, offset: number, size: number): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const tail = await readBytes(file, offset, size - offset);
    if (tail.subarray(-ZERO_TAIL.length).equals(ZERO_TAIL)) return true;
    if (readRecord(tail, 0).kind !== 'partial') return false;
    return tail.length < MIN_RECORD_BYTES || crc32(tail.subarray(8)) !== tail.readUInt32LE(4);
  } finally {
    await file.close();
  }
}

/** @param lost how many records cannot be read; undefined where that is not known */
function tellDamage(segment: Segment, lost: number | undefined, options: InspectionOptions): void {
  segment.damaged = true;
  const what = lost === undefined ? 'some' : String(lost);
  options.notice(
    `The journal file ${segment.path} is damaged: ${what} of its records cannot be read, all others are used; ${lossText(segment.end, options)} The file is kept as ${segment.path}.damaged.`,
  );
}

async function readHeader(path: string): Promise<{ size: number; header: Buffer }> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    return { size, header: await readBytes(file, 0, SEGMENT_HEADER_BYTES) };
  } finally {
    await file.close();
  }
}
