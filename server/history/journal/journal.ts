/**
 * The journal: what makes an acknowledged push safe (I1). Records are appended to segment files and count as
 * stored once written and synced; appends that come while a sync runs share the next one. A position is a
 * record's number and only ever grows. Exactly one process MUST use a folder.
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

/** What the journal does to its open file; tests hand in one that fails. */
export interface Disk {
  /** Writes all of `bytes` at `offset` and returns only when it is on disk. */
  commit(file: FileHandle, bytes: Buffer, offset: number): Promise<void>;
}

export interface JournalOptions {
  /** Made (0700) where it does not exist. */
  readonly dir: string;
  readonly log: Log;
  /** How long the first append of a group waits for others. */
  readonly gatherMs?: number;
  readonly segmentBytes?: number;
  /** A segment older than this is closed, so that it can be forgotten. */
  readonly rotateMs?: number;
  /** Appends beyond this many waiting bytes are refused. */
  readonly maxPendingBytes?: number;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly disk?: Disk;
}

export interface Journal {
  /** Resolves with the record's position once it is on disk; rejects when it could not be stored. */
  append(record: RecordFields): Promise<Position>;
  /**
   * Committed records from `from` on, in order, in batches of about a megabyte; ends at the present end.
   * Positions may skip where records were lost to damage.
   */
  read(from: Position): AsyncGenerator<readonly JournalEntry[]>;
  /** Deletes segments that lie wholly below. */
  forget(below: Position): Promise<void>;
  /** Bytes on disk from a position to the end; exact at both ends of the journal. */
  bytesFrom(position: Position): number;
  /** Position of the oldest record kept. */
  readonly start: Position;
  /** Position that the next committed record gets. */
  readonly end: Position;
  /** Commits what waits, then lets go of the files. */
  close(): Promise<void>;
}

/** Records that share one write and one sync, and who waits for them. */
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

/** A larger copy of the first `used` bytes, with room for `more`. */
function grown(buffer: Buffer, used: number, more: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, used + more));
  buffer.copy(larger, 0, 0, used);
  return larger;
}

/** Empties a group for its next use, keeping a buffer of ordinary size. */
function reset(group: Group): void {
  if (group.buffer.length > 4 * 1024 * 1024) group.buffer = Buffer.allocUnsafe(64 * 1024);
  group.bytes = 0;
  group.resolve = [];
  group.reject = [];
}

const disk: Disk = {
  commit: async (file, bytes, offset) => {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done);
      done += bytesWritten;
    }
    await file.datasync();
  },
};

/** Opens the journal in `dir`, reading all of it once. Rejects when the folder cannot be read or written. */
export async function openJournal({
  dir,
  log,
  gatherMs = 15,
  segmentBytes = 16 * 1024 * 1024,
  rotateMs = 60_000,
  maxPendingBytes = 64 * 1024 * 1024,
  clock,
  disk: { commit } = disk,
}: JournalOptions): Promise<Journal> {
  const failure = (error: unknown) =>
    new Error(
      `the journal in ${dir} cannot be written (${errorText(error)}): check that the disk is not full and the folder belongs to the server; samples are refused until then`,
      { cause: error },
    );

  const { segments, opened } = await openFiles(dir, log).catch((error: unknown) => {
    throw failure(error);
  });
  let { active, file } = opened;
  let activeSince = clock.now();
  /** The active file may hold bytes of a failed write: it takes no more. */
  let spoiled = false;

  let group = emptyGroup();
  let spare = emptyGroup();
  let flushing: Promise<void> | undefined;
  let inFlight = 0;
  let cancelGather: (() => void) | undefined;
  let closed = false;

  function append(record: RecordFields): Promise<Position> {
    const bytes = recordBytes(record);
    if (closed) return Promise.reject(new Error(`the journal in ${dir} is closed`));
    if (group.bytes + inFlight + bytes > maxPendingBytes)
      return Promise.reject(
        new Error(
          `the journal in ${dir} has ${group.bytes + inFlight} bytes waiting for the disk: try later`,
        ),
      );
    if (group.bytes + bytes > group.buffer.length) group.buffer = grown(group.buffer, group.bytes, bytes);
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
    const taken = group;
    group = spare;
    inFlight = taken.bytes;
    flushing = store(taken).then(() => {
      reset(taken);
      spare = taken;
      inFlight = 0;
      flushing = undefined;
      if (group.bytes > 0) {
        if (closed) flush();
        else cancelGather = clock.after(gatherMs, flush);
      }
    });
  }

  /** Never rejects: what goes wrong is told to each append of the group. */
  async function store(taken: Group): Promise<void> {
    try {
      await makeRoom();
      await commit(file, taken.buffer.subarray(0, taken.bytes), active.bytes);
    } catch (error) {
      spoiled = true;
      const told = failure(error);
      log.error({ err: error, dir }, told.message);
      for (const reject of taken.reject) reject(told);
      return;
    }
    const first = active.end;
    active.bytes += taken.bytes;
    active.end += taken.resolve.length;
    for (let i = 0; i < taken.resolve.length; i++) taken.resolve[i]?.(first + i);
  }

  async function makeRoom(): Promise<void> {
    if (spoiled) return replaceSpoiled();
    const old = active.bytes >= segmentBytes || clock.now() - activeSince >= rotateMs;
    if (old && active.end > active.first) await nextSegment();
  }

  async function nextSegment(): Promise<void> {
    const left = file;
    const [segment, handle] = await createSegment(dir, active.end);
    active = segment;
    file = handle;
    activeSince = clock.now();
    segments.push(segment);
    await left.close();
  }

  /** After a failed write or sync nothing in that file beyond its good bytes is trusted, nor is the file itself. */
  async function replaceSpoiled(): Promise<void> {
    if (active.end === active.first) {
      const left = file;
      const [segment, handle] = await createSegment(dir, active.first);
      segments.splice(-1, 1, segment);
      active = segment;
      file = handle;
      activeSince = clock.now();
      await left.close();
    } else {
      await file.truncate(active.bytes);
      await nextSegment();
    }
    spoiled = false;
  }

  async function* read(from: Position): AsyncGenerator<readonly JournalEntry[]> {
    let position = from;
    let resume: { segment: Segment; offset: number } | undefined;
    for (;;) {
      const segment = segments.find((s) => s.end > position);
      if (segment === undefined) return;
      const { end, bytes } = segment;
      const known = resume?.segment === segment ? resume.offset : undefined;
      let at = known === undefined ? segment.first : position;
      for await (const chunk of readChunks(segment.path, known ?? SEGMENT_HEADER_BYTES, bytes)) {
        const entries: JournalEntry[] = [];
        for (const { deviceId, arrived, payload } of chunk.records) {
          if (at >= position && at < end) entries.push({ deviceId, arrived, payload, position: at });
          at++;
        }
        resume = { segment, offset: chunk.offset };
        if (chunk.broken && !segment.damaged) {
          segment.damaged = true;
          log.error(
            { path: segment.path, offset: chunk.offset, records_at_most: end - at },
            'the journal is damaged here: the rest of this file cannot be used; the file is kept as *.damaged',
          );
        }
        if (entries.length > 0) {
          yield entries;
          position = Math.max(position, Math.min(at, end));
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
