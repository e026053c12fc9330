/**
 * [G1] Samples on disk while the server cannot be reached. A sample is one line of JSON. Lines gather in one open
 * file; full, it becomes a sealed, compressed segment, which is later sent as one push and then removed. Within
 * the limit the oldest segments go first, and what is lost is counted. Nothing is touched until the first sample.
 *
 *     spool/00000007-600.jsonl.gz   sealed: its place in the order, and how many samples it holds
 *     spool/00000008.jsonl          open: after a crash its last line may be torn, and is left out
 *
 * Of a disk that is full, read-only or cleared by somebody only `append` complains; the rest goes on.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '#protocol/errors.ts';
import { readIfThere, removeFile, writeWhole } from '../data-folder/data-folder.ts';
import type { Log } from '../log.ts';
import { compress, readPlain, readSegment, type Segment } from './segment.ts';

export interface SpoolLimits {
  /** Bytes on disk. */
  readonly bytes: number;
  readonly segmentSamples: number;
  /** Inflated: a segment must fit into one push. */
  readonly segmentBytes: number;
}

export const SEGMENT = { segmentSamples: 600, segmentBytes: 600 * 1024 } as const;

/** The oldest samples there are. `done` forgets them; until then they are kept. */
export interface SpooledBatch {
  readonly samples: readonly string[];
  done(): void;
}

export interface Spool {
  /** Keeps the samples, oldest first. @throws when the disk does not take them; then none was kept */
  append(samples: readonly string[]): void;
  /** Takes back up to `count` of the samples appended last: they were sent otherwise. */
  forgetNewest(count: number): void;
  oldest(): SpooledBatch | undefined;
  /** Samples waiting. */
  size(): number;
  /** Samples lost since `reported` last said so. */
  dropped(): number;
  reported(count: number): void;
  /** Counts samples that were lost elsewhere. */
  lose(count: number): void;
  close(): void;
}

interface Open {
  readonly path: string;
  readonly fd: number;
  /** Where each line begins. */
  readonly starts: number[];
  bytes: number;
}

export function openSpool(folder: string, limits: SpoolLimits, log: Log): Spool {
  const sealed: Segment[] = [];
  let open: Open | undefined;
  let next = 1;
  let lost = 0;
  const lostPath = join(folder, 'dropped');

  const setLost = (count: number) => {
    lost = count;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeWhole(lostPath, `${count}\n`);
    } catch (error) {
      // It is still in memory; the one who appends says that the disk is not writable.
      log.debug({ reason: errorText(error) }, 'the number of dropped samples cannot be kept on disk');
    }
  };

  const name = (number: number) => join(folder, String(number).padStart(8, '0'));

  /** What cannot be removed is sent again after a restart, which is harmless [I2]. */
  const remove = (path: string) => {
    if (!removeFile(path)) log.warn({ file: path }, 'a file of the spool cannot be removed');
  };

  /** A full file becomes a segment, compressed where that is possible. */
  const seal = (file: Segment): Segment => {
    try {
      const segment = compress(file.path, readPlain(file.path));
      remove(file.path);
      return segment;
    } catch (error) {
      log.warn(
        { file: file.path, reason: errorText(error) },
        'a file of the spool cannot be compressed: it is sent as it is',
      );
      return file;
    }
  };

  const sealOpen = () => {
    if (open === undefined) return;
    const { path, fd, starts, bytes } = open;
    open = undefined;
    closeSync(fd);
    if (starts.length === 0) return remove(path);
    sealed.push(seal({ path, bytes, samples: starts.length }));
  };

  const begin = (): Open => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = `${name(next++)}.jsonl`;
    return { path, fd: openSync(path, 'w', 0o600), starts: [], bytes: 0 };
  };

  const dropOldest = () => {
    const used = () => sealed.reduce((sum, { bytes }) => sum + bytes, open?.bytes ?? 0);
    let gone = 0;
    while (used() > limits.bytes) {
      const oldest = sealed.shift();
      if (oldest === undefined) break;
      remove(oldest.path);
      gone += oldest.samples;
    }
    if (gone === 0) return;
    setLost(lost + gone);
    log.warn(
      { samples: gone, limit_bytes: limits.bytes },
      'the spool is full: the oldest samples were dropped',
    );
  };

  /** What cannot be cut off is written over by the next sample, or sent twice, which is harmless [I2]. */
  const cut = ({ fd, bytes }: Open) => {
    try {
      ftruncateSync(fd, bytes);
    } catch (error) {
      log.debug({ reason: errorText(error) }, 'the spool cannot be shortened');
    }
  };

  const writeLine = (file: Open, sample: string) => {
    const line = Buffer.from(`${sample}\n`);
    try {
      if (writeSync(file.fd, line, 0, line.length, file.bytes) < line.length)
        throw new Error('the disk is full');
    } catch (error) {
      cut(file);
      throw error;
    }
    file.starts.push(file.bytes);
    file.bytes += line.length;
  };

  const recoverOpen = (path: string) => {
    try {
      const samples = readPlain(path).length;
      if (samples === 0) return remove(path);
      sealed.push(seal({ path, bytes: statSync(path).size, samples }));
    } catch (error) {
      log.warn(
        { file: path, reason: errorText(error) },
        'a file of the spool cannot be read and was left aside',
      );
    }
  };

  const recover = () => {
    let names: string[];
    try {
      names = readdirSync(folder).sort();
    } catch {
      // Nothing was ever spooled.
      return;
    }
    for (const file of names) {
      const [, number, samples] = /^(\d+)(?:-(\d+)\.jsonl\.gz|\.jsonl)$/.exec(file) ?? [];
      const path = join(folder, file);
      if (number === undefined) {
        if (file.endsWith('.new')) remove(path);
        continue;
      }
      next = Math.max(next, Number(number) + 1);
      if (samples !== undefined) sealed.push({ path, bytes: statSync(path).size, samples: Number(samples) });
      // Sealed already, and only not yet removed.
      else if (names.some((other) => other.startsWith(`${number}-`) && other.endsWith('.gz'))) remove(path);
      else recoverOpen(path);
    }
    const count = Number(readIfThere(lostPath));
    lost = Number.isSafeInteger(count) && count > 0 ? count : 0;
  };

  const load = (segment: Segment): readonly string[] | undefined => {
    try {
      return readSegment(segment);
    } catch (error) {
      log.warn(
        { file: segment.path, reason: errorText(error) },
        'a spooled segment is damaged or gone and was dropped',
      );
      return undefined;
    }
  };

  const forget = (segment: Segment) => {
    const place = sealed.indexOf(segment);
    // It may have been dropped for want of room meanwhile.
    if (place < 0) return;
    sealed.splice(place, 1);
    remove(segment.path);
  };

  const forgetNewest = (count: number) => {
    if (open === undefined) return;
    const keep = Math.max(0, open.starts.length - count);
    open.bytes = open.starts[keep] ?? open.bytes;
    open.starts.length = keep;
    cut(open);
    if (keep === 0) sealOpen();
  };

  recover();
  dropOldest();

  return {
    append(samples) {
      const before = open?.starts.length ?? 0;
      try {
        for (const sample of samples) {
          if (
            open !== undefined &&
            (open.starts.length >= limits.segmentSamples || open.bytes + sample.length > limits.segmentBytes)
          )
            sealOpen();
          open ??= begin();
          writeLine(open, sample);
        }
      } catch (error) {
        if (open !== undefined && open.starts.length > before) forgetNewest(open.starts.length - before);
        throw error;
      }
      dropOldest();
    },
    forgetNewest,
    oldest() {
      for (;;) {
        if (sealed.length === 0) sealOpen();
        const [segment] = sealed;
        if (segment === undefined) return undefined;
        const samples = load(segment);
        if (samples !== undefined) return { samples, done: () => forget(segment) };
        forget(segment);
        setLost(lost + segment.samples);
      }
    },
    size: () => sealed.reduce((sum, { samples }) => sum + samples, open?.starts.length ?? 0),
    dropped: () => lost,
    reported: (count) => {
      if (count > 0) setLost(Math.max(0, lost - count));
    },
    lose: (count) => setLost(lost + count),
    close() {
      if (open !== undefined) closeSync(open.fd);
      open = undefined;
    },
  };
}
