/**
 * The journal makes an acknowledged push safe (I1). Records are appended to segment files; a record counts as
 * stored once it is written and synced to disk. Appends that come while a sync runs share the next sync. A
 * position is a record's number; later records have larger numbers. Exactly one process MUST use a folder.
 */
import type { FileHandle } from 'node:fs/promises';
import { mkdir, stat, unlink } from 'node:fs/promises';
import { errorCode, errorText } from '#protocol/errors.ts';
import type { Clock, Log } from '../../types.ts';
import type { Position } from '../history.ts';
import { writeExtent } from './extent.ts';
import { inspectSegments, type InspectionOptions } from './inspection.ts';
import { addRecord, emptyGroup, resetGroup, type Group } from './group.ts';
import { recordBytes, type RecordFields } from './record.ts';
import {
  createSegment,
  readChunks,
  SEGMENT_HEADER_BYTES,
  setAside,
  type Chunk,
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
  /** Tells administrators of damage that was found. */
  readonly notice?: (text: string) => void;
  /**
   * Called with the reason when records cannot be written, and with null when they can again. Both may come
   * several times.
   */
  readonly onProblem?: (reason: string | null) => void;
  /** The history has everything below this position; the journal gives no new record a smaller one. */
  readonly storedTo?: Position;
  /** How long the first append of a group waits for others, in milliseconds. */
  readonly gatherMs?: number;
  /** A segment that has reached this size is closed and a new one begun. */
  readonly segmentBytes?: number;
  /** A segment older than this, in milliseconds, is closed too: only a closed segment can be forgotten. */
  readonly rotateMs?: number;
  /** An append is refused where more than this many bytes would then wait for the disk. */
  readonly maxPendingBytes?: number;
  readonly clock: Clock;
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

/** While records cannot be written, this often it is tried whether they can again, in milliseconds. */
const RETRY_MS = 2_000;
/** How often the open file is looked for under its path, in milliseconds. */
const WATCH_MS = 1_000;

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
  notice = () => undefined,
  onProblem = () => undefined,
  storedTo = 0,
  gatherMs = 15,
  segmentBytes = 16 * 1024 * 1024,
  rotateMs = 60_000,
  maxPendingBytes = 64 * 1024 * 1024,
  clock,
  disk: { commit } = realDisk,
}: JournalOptions): Promise<Journal> {
  const writeError = (error: unknown) =>
    new Error(
      `the journal in ${dir} cannot be written (${errorText(error)}): check that the disk is not full, and that the folder is there and belongs to the server; samples are refused until then`,
      { cause: error },
    );

  const inspection = { dir, log, notice, storedTo };
  const { segments, opened } = await openFiles(inspection).catch((error: unknown) => {
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
  let cancelRetry: (() => void) | undefined;
  const stopWatching = clock.every(() => void watchFile(), WATCH_MS);
  let savingExtent: Promise<void> = Promise.resolve();
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
    if (flushing === undefined) cancelGather ??= clock.after(gatherMs, flush);
    return addRecord(group, record, bytes);
  }

  function flush(): void {
    cancelGather = undefined;
    const flushed = group;
    group = spareGroup;
    inFlightBytes = flushed.bytes;
    flushing = commitGroup(flushed).then(() => {
      resetGroup(flushed);
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
      onProblem(explained.message);
      for (const rejectAppend of reject) rejectAppend(explained);
      cancelRetry ??= clock.after(RETRY_MS, retry);
      return;
    }
    onProblem(null);
    const first = active.end;
    active.bytes += bytes;
    active.end += resolve.length;
    for (let i = 0; i < resolve.length; i++) resolve[i]?.(first + i);
  }

  /** Writes nothing but the new segment that a failed write asks for: it tells whether the disk takes data again. */
  function retry(): void {
    cancelRetry = undefined;
    if (flushing === undefined && cancelGather === undefined && !closed) flush();
  }

  /** Begins a new segment where somebody has removed or moved the active one: what is written to it is lost. */
  async function watchFile(): Promise<void> {
    const watched = file;
    try {
      const { ino } = await watched.stat();
      const found = await stat(active.path).catch(() => undefined);
      if (found?.ino === ino || file !== watched || spoiled || closed) return;
    } catch (error) {
      // The file was closed meanwhile, because a new one has taken its place.
      return log.debug({ err: error }, 'the journal file was not looked for');
    }
    spoiled = true;
    notice(
      `The journal file ${active.path} was removed or moved while the server wrote to it. If the server ends before the history has stored the samples in it, they are lost.`,
    );
    retry();
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
    await saveExtent();
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
      const offset = resumeOffset ?? SEGMENT_HEADER_BYTES;
      for await (const chunk of readSegment(segment, offset, bytes)) {
        const entries: JournalEntry[] = [];
        for (const { deviceId, arrived, payload } of chunk.records) {
          if (next >= position && next < end) entries.push({ deviceId, arrived, payload, position: next });
          next++;
        }
        resume = { segment, offset: chunk.offset };
        if (chunk.skipped > 0) noteDamage(segment, 'is damaged: some of its records');
        if (entries.length > 0) {
          yield entries;
          position = Math.max(position, Math.min(next, end));
        }
      }
      position = Math.max(position, end);
    }
  }

  /** As `readChunks`, but nothing of a file that somebody has removed. */
  async function* readSegment(segment: Segment, offset: number, end: number): AsyncGenerator<Chunk> {
    try {
      yield* readChunks(segment.path, offset, end);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      noteDamage(segment, 'was removed: its records');
    }
  }

  function noteDamage(segment: Segment, what: string): void {
    if (!segment.damaged)
      notice(`The journal file ${segment.path} ${what} that the history has not stored yet are lost.`);
    segment.damaged = true;
  }

  async function forget(below: Position): Promise<void> {
    const kept = segments.findIndex((segment) => segment === active || segment.end > below);
    if (kept <= 0) return;
    const forgotten = segments.splice(0, kept);
    try {
      await saveExtent();
    } catch (error) {
      segments.unshift(...forgotten);
      return log.warn({ err: error, dir }, 'journal files that are no longer needed cannot be deleted now');
    }
    for (const segment of forgotten) {
      try {
        await (segment.damaged ? setAside(segment) : unlink(segment.path));
      } catch (error) {
        if (errorCode(error) === 'ENOENT') continue;
        log.warn({ err: error, path: segment.path }, 'cannot delete a journal file that is no longer needed');
      }
    }
  }

  /** Writes the extent, one call after another, each with the segments there are by then. */
  function saveExtent(): Promise<void> {
    const save = () => writeExtent(dir, { oldest: start(), newest: active.first });
    return (savingExtent = savingExtent.then(save, save));
  }

  function start(): Position {
    return segments[0]?.first ?? active.first;
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
    stopWatching();
    cancelRetry?.();
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
      return start();
    },
    get end() {
      return active.end;
    },
  };
}

async function openFiles(inspection: InspectionOptions) {
  const { dir, storedTo, notice } = inspection;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const segments = await inspectSegments(inspection);
  const last = segments.at(-1);
  if (last !== undefined && last.end === last.first) segments.pop();
  const end = last?.end ?? 0;
  if (end < storedTo)
    notice(
      `The journal in ${dir} ends with record ${end}, but the history has stored the records up to ${storedTo}: the newest journal files were removed or cut short, and samples that the history had not stored yet are lost.`,
    );
  const [active, file] = await createSegment(dir, Math.max(end, storedTo));
  segments.push(active);
  await writeExtent(dir, { oldest: segments[0]?.first ?? active.first, newest: active.first });
  return { segments, opened: { active, file } };
}
