/**
 * The journal makes an acknowledged push safe (I1). Records are appended to segment files; a record counts as
 * stored once it is written and synced to disk. Appends that come while a sync runs share the next sync. A
 * position is a record's number; later records have larger numbers. Exactly one process MUST use a folder.
 */
import type { FileHandle } from 'node:fs/promises';
import { mkdir, unlink } from 'node:fs/promises';
import { errorText } from '#protocol/errors.ts';
import type { Clock, Log } from '../../types.ts';
import type { Position } from '../history.ts';
import { recordBytes, writeRecord, type RecordFields } from './record.ts';
import {
  createSegment,
  openSegments,
  readChunks,
  SEGMENT_HEADER_BYTES,
  setAside,
  type JournalEntry,
  type Segment,
} from './segment.ts';

export type { JournalEntry } from './segment.ts';

/** How the journal writes to its open file; tests pass one that fails. */
export interface Disk {
  /** Writes all of `bytes` at `offset`, in bytes, and resolves only when they are on disk. */
  commit(file: FileHandle, bytes: Buffer, offset: number): Promise<void>;
}

export interface JournalOptions {
  /** The folder of the segment files; made with mode 0700 where it does not exist. */
  readonly dir: string;
  readonly log: Log;
  /** How long the first append of a group waits for others, in milliseconds. */
  readonly gatherMs?: number;
  /** A segment that has reached this size is closed and a new one begun. */
  readonly segmentBytes?: number;
  /** A segment older than this, in milliseconds, is closed too: only a closed segment can be forgotten. */
  readonly rotateMs?: number;
  /** An append is refused where more than this many bytes would then wait for the disk. */
  readonly maxPendingBytes?: number;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly disk?: Disk;
}

export interface Journal {
  /**
   * Resolves with the record's position once it is on disk.
   * @throws where it could not be stored: the journal is closed, too much waits for the disk, or writing
   *   failed
   */
  append(record: RecordFields): Promise<Position>;
  /**
   * Yields the committed records from position `from` on, in order, in batches of about a megabyte, and ends
   * at the last one. Positions may skip where records were lost to damage.
   */
  read(from: Position): AsyncGenerator<readonly JournalEntry[]>;
  /** Deletes the closed segments all of whose records lie below this position. */
  forget(below: Position): Promise<void>;
  /** Bytes on disk from a position to the end. Exact where a segment begins or ends, estimated in between. */
  bytesFrom(position: Position): number;
  /** Position of the oldest record kept. */
  readonly start: Position;
  /** Position that the next committed record gets. */
  readonly end: Position;
  /** Commits the waiting records, then closes the files. */
  close(): Promise<void>;
}

/** Records that share one write and one sync, and the promises of their appends. */
interface Group {
  buffer: Buffer;
  bytes: number;
  resolve: ((position: Position) => void)[];
  reject: ((error: Error) => void)[];
}

const emptyGroup = (): Group => ({
  buffer: Buffer.allocUnsafe(64 * 1024),
  bytes: 0,
  resolve: [],
  reject: [],
});

/** A larger buffer with a copy of the first `used` bytes and room for `more` bytes. */
function enlarged(buffer: Buffer, used: number, more: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, used + more));
  buffer.copy(larger, 0, 0, used);
  return larger;
}

/** Empties a group for its next use. A very large buffer is replaced, so that its memory is given back. */
function reset(group: Group): void {
  if (group.buffer.length > 4 * 1024 * 1024) group.buffer = Buffer.allocUnsafe(64 * 1024);
  group.bytes = 0;
  group.resolve = [];
  group.reject = [];
}

const realDisk: Disk = {
  commit: async (file, bytes, offset) => {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done);
      done += bytesWritten;
    }
    await file.datasync();
  },
};

/**
 * Opens the journal in `dir`, reading all of it once.
 * @throws where the folder cannot be read or written, with what to do
 */
export async function openJournal({
  dir,
  log,
  gatherMs = 15,
  segmentBytes = 16 * 1024 * 1024,
  rotateMs = 60_000,
  maxPendingBytes = 64 * 1024 * 1024,
  clock,
  disk: { commit } = realDisk,
}: JournalOptions): Promise<Journal> {
  const writeError = (error: unknown) =>
    new Error(
      `the journal in ${dir} cannot be written (${errorText(error)}): check that the disk is not full and the folder belongs to the server; samples are refused until then`,
      { cause: error },
    );

  const { segments, opened } = await openFiles(dir, log).catch((error: unknown) => {
    throw writeError(error);
  });
  let { active, file } = opened;
  let activeSince = clock.now();
  /** Whether the active file may hold bytes of a failed write; no more is then written to it. */
  let spoiled = false;

  /** Takes the appends that come now; while it is written, `spareGroup` takes its place. */
  let group = emptyGroup();
  let spareGroup = emptyGroup();
  /** The write under way, and its size. */
  let flushing: Promise<void> | undefined;
  let inFlightBytes = 0;
  let cancelGather: (() => void) | undefined;
  let closed = false;

  function append(record: RecordFields): Promise<Position> {
    const bytes = recordBytes(record);
    if (closed) return Promise.reject(new Error(`the journal in ${dir} is closed`));
    if (group.bytes + inFlightBytes + bytes > maxPendingBytes)
      return Promise.reject(
        new Error(
          `the journal in ${dir} has ${group.bytes + inFlightBytes} bytes waiting for the disk: try later`,
        ),
      );
    if (group.bytes + bytes > group.buffer.length) group.buffer = enlarged(group.buffer, group.bytes, bytes);
    writeRecord(group.buffer, group.bytes, bytes, record);
    group.bytes += bytes;
    if (flushing === undefined) cancelGather ??= clock.after(gatherMs, flush);
    return new Promise((resolve, reject) => {
      group.resolve.push(resolve);
      group.reject.push(reject);
    });
  }

  function flush(): void {
    cancelGather = undefined;
    const flushed = group;
    group = spareGroup;
    inFlightBytes = flushed.bytes;
    flushing = commitGroup(flushed).then(() => {
      reset(flushed);
      spareGroup = flushed;
      inFlightBytes = 0;
      flushing = undefined;
      if (group.bytes > 0) {
        if (closed) flush();
        else cancelGather = clock.after(gatherMs, flush);
      }
    });
  }

  /** Never rejects: an error rejects each append of the group instead. */
  async function commitGroup({ buffer, bytes, resolve, reject }: Group): Promise<void> {
    try {
      await prepareActiveSegment();
      await commit(file, buffer.subarray(0, bytes), active.bytes);
    } catch (error) {
      spoiled = true;
      const explained = writeError(error);
      log.error({ err: error, dir }, explained.message);
      for (const rejectAppend of reject) rejectAppend(explained);
      return;
    }
    const first = active.end;
    active.bytes += bytes;
    active.end += resolve.length;
    for (let i = 0; i < resolve.length; i++) resolve[i]?.(first + i);
  }

  /** Begins a new segment where the active one is spoiled, large or old. */
  async function prepareActiveSegment(): Promise<void> {
    if (spoiled) return replaceSpoiledSegment();
    const isDue = active.bytes >= segmentBytes || clock.now() - activeSince >= rotateMs;
    if (isDue && active.end > active.first) await nextSegment();
  }

  async function nextSegment(): Promise<void> {
    const previous = file;
    const [segment, handle] = await createSegment(dir, active.end);
    active = segment;
    file = handle;
    activeSince = clock.now();
    segments.push(segment);
    await previous.close();
  }

  /**
   * After a failed write or sync the file's content beyond the committed bytes is unknown, so it is cut off,
   * and the next records go to a new file.
   */
  async function replaceSpoiledSegment(): Promise<void> {
    if (active.end === active.first) {
      const previous = file;
      const [segment, handle] = await createSegment(dir, active.first);
      segments.splice(-1, 1, segment);
      active = segment;
      file = handle;
      activeSince = clock.now();
      await previous.close();
    } else {
      await file.truncate(active.bytes);
      await nextSegment();
    }
    spoiled = false;
  }

  async function* read(from: Position): AsyncGenerator<readonly JournalEntry[]> {
    let position = from;
    /** Where in which segment the last chunk ended: a segment that has grown since is read on from there. */
    let resume: { segment: Segment; offset: number } | undefined;
    for (;;) {
      const segment = segments.find((s) => s.end > position);
      if (segment === undefined) return;
      const { end, bytes } = segment;
      const resumeOffset = resume?.segment === segment ? resume.offset : undefined;
      let next = resumeOffset === undefined ? segment.first : position;
      for await (const chunk of readChunks(segment.path, resumeOffset ?? SEGMENT_HEADER_BYTES, bytes)) {
        const entries: JournalEntry[] = [];
        for (const { deviceId, arrived, payload } of chunk.records) {
          if (next >= position && next < end) entries.push({ deviceId, arrived, payload, position: next });
          next++;
        }
        resume = { segment, offset: chunk.offset };
        if (chunk.broken && !segment.damaged) {
          segment.damaged = true;
          log.error(
            { path: segment.path, offset: chunk.offset, records_at_most: end - next },
            'the journal is damaged here: the rest of this file cannot be used; the file is kept as *.damaged',
          );
        }
        if (entries.length > 0) {
          yield entries;
          position = Math.max(position, Math.min(next, end));
        }
      }
      position = Math.max(position, end);
    }
  }

  async function forget(below: Position): Promise<void> {
    for (;;) {
      const oldest = segments[0];
      if (oldest === undefined || oldest === active || oldest.end > below) return;
      segments.shift();
      try {
        await (oldest.damaged ? setAside(oldest) : unlink(oldest.path));
      } catch (error) {
        log.warn({ err: error, path: oldest.path }, 'cannot delete a journal file that is no longer needed');
      }
    }
  }

  function bytesFrom(position: Position): number {
    let sum = 0;
    for (const { first, end, bytes } of segments) {
      if (end <= position || end === first) continue;
      const share = position <= first ? 1 : (end - position) / (end - first);
      sum += Math.round((bytes - SEGMENT_HEADER_BYTES) * share);
    }
    return sum;
  }

  async function close(): Promise<void> {
    if (closed) return;
    closed = true;
    cancelGather?.();
    if (flushing === undefined && group.bytes > 0) flush();
    while (flushing !== undefined) await flushing;
    await file.close();
  }

  return {
    append,
    read,
    forget,
    bytesFrom,
    close,
    get start() {
      return segments[0]?.first ?? active.first;
    },
    get end() {
      return active.end;
    },
  };
}

async function openFiles(dir: string, log: Log) {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const segments = await openSegments(dir, log);
  const last = segments.at(-1);
  if (last !== undefined && last.end === last.first) segments.pop();
  const [active, file] = await createSegment(dir, last?.end ?? 0);
  segments.push(active);
  return { segments, opened: { active, file } };
}
