/**
 * [G1] Samples on disk while the server cannot be reached. Each sample is one line: its JSON, a tab, and the checksum of
 * the JSON. Lines are appended to one open file. A full file is sealed: it becomes a compressed segment, which is later
 * sent as one push and then removed. When the spool is larger than its limit, the oldest segments are dropped. Dropped
 * samples are counted, and so are those that a damaged file no longer has. The disk is not touched before the first
 * sample.
 *
 *     spool/00000007-600.jsonl.gz   sealed: its place in the order, and how many samples it holds
 *     spool/00000008.jsonl          open: after a crash its last line may be torn
 *     spool/dropped                 how many lost samples the server has not been told of
 *
 * On a full, read-only or emptied disk only `append` throws; everything else logs what failed and goes on.
 */
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32, gunzipSync, gzipSync } from 'node:zlib';
import { errorText } from '#protocol/errors.ts';
import { readIfThere, removeFile, writeWhole } from '../data-folder/data-folder.ts';
import type { Log } from '../log.ts';
import { fromLine, toLine, type Sample } from '../sampling/sample.ts';

export interface SpoolLimits {
  /** Of the whole spool, in bytes on disk. */
  readonly bytes: number;
  readonly segmentSamples: number;
  /** Of a segment before it is compressed. The server must accept a segment's samples as one push. */
  readonly segmentBytes: number;
}

export const SEGMENT = { segmentSamples: 600, segmentBytes: 600 * 1024 } as const;

/** Samples to send with one push, oldest first. */
export interface Batch {
  readonly samples: readonly Sample[];
  /** Forgets the samples: they arrived, or were set aside. Until then they are kept. */
  done(): void;
}

export interface Spool {
  /** Writes the samples, oldest first. @throws when the disk does not take them; then none was written */
  append(samples: readonly Sample[]): void;
  /** Removes up to `count` of the samples appended last: they are sent from memory. */
  forgetNewest(count: number): void;
  /** The oldest samples; undefined when the spool is empty. */
  oldest(): Batch | undefined;
  /** How many samples are on disk. */
  size(): number;
  /** How many samples were lost that the server has not been told of. */
  dropped(): number;
  /** The server was told of `count` lost samples. */
  reported(count: number): void;
  /** Counts samples that were lost before they were written. */
  lose(count: number): void;
  close(): void;
}

/** A full file of the spool: compressed if the disk had room for that, otherwise as it was written. */
interface Segment {
  readonly path: string;
  /** Its size on disk. */
  readonly bytes: number;
  readonly samples: number;
}

/** The names of the spool's files: their place in the order and, of a sealed one, how many samples it holds. */
export const SEGMENT_NAME = /^(\d+)(?:-(\d+)\.jsonl\.gz|\.jsonl)$/;

/** The file that samples are appended to. */
interface Open {
  readonly path: string;
  readonly fd: number;
  /** Where each line begins, in bytes. */
  readonly starts: number[];
  bytes: number;
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, '0');
}

/** A line of a file as the JSON of its sample; undefined for a damaged line. Sealed and old lines have no checksum. */
function readLine(line: string): string | undefined {
  const [json = '', sum] = line.split('\t');
  const isWhole = sum === undefined || sum === checksum(json);
  return isWhole && fromLine(json) !== undefined ? json : undefined;
}

/** The samples of a plain file as lines of JSON, and how many lines it has, damaged ones included. */
export function readPlain(path: string): { samples: string[]; lines: number } {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return { samples: lines.map(readLine).filter((json) => json !== undefined), lines: lines.length };
}

/** Writes `00000008-600.jsonl.gz` beside `00000008.jsonl`, which the caller then removes. @throws on a full disk */
function compress(path: string): Segment {
  const { samples } = readPlain(path);
  const data = gzipSync(`${samples.join('\n')}\n`);
  const target = path.replace(/\.jsonl$/, `-${samples.length}.jsonl.gz`);
  try {
    writeWhole(target, data);
  } catch (error) {
    removeFile(`${target}.new`);
    throw error;
  }
  return { path: target, bytes: data.length, samples: samples.length };
}

/** The segment's samples, oldest first. @throws when the file cannot be read */
export function readSegment({ path }: Pick<Segment, 'path'>): Sample[] {
  const lines = path.endsWith('.gz')
    ? gunzipSync(readFileSync(path)).toString('utf8').split('\n')
    : readPlain(path).samples;
  return lines.map(fromLine).filter((sample) => sample !== undefined);
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
      // The number is still in memory, and `append` reports that the disk cannot be written.
      log.debug({ reason: errorText(error) }, 'the number of dropped samples cannot be kept on disk');
    }
  };

  /** A file that cannot be removed is sent again after a restart, which is harmless [I2]. */
  const remove = (path: string) => {
    if (!removeFile(path)) log.warn({ file: path }, 'a file of the spool cannot be removed');
  };

  /** Counts samples of a damaged file as lost. */
  const loseDamaged = (path: string, samples: number) => {
    if (samples <= 0) return;
    log.warn({ file: path, samples }, 'a file of the spool is damaged: samples in it are lost');
    setLost(lost + samples);
  };

  const seal = (file: Segment): Segment => {
    try {
      const segment = compress(file.path);
      remove(file.path);
      loseDamaged(file.path, file.samples - segment.samples);
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
    const path = join(folder, `${String(next++).padStart(8, '0')}.jsonl`);
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

  /** Cuts the open file off after its last line. What stays is overwritten by the next sample, or sent twice [I2]. */
  const cut = ({ fd, bytes }: Open) => {
    try {
      ftruncateSync(fd, bytes);
    } catch (error) {
      log.debug({ reason: errorText(error) }, 'the spool cannot be shortened');
    }
  };

  const writeLine = (file: Open, line: Uint8Array) => {
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
      const { lines } = readPlain(path);
      if (lines === 0) return remove(path);
      sealed.push(seal({ path, bytes: statSync(path).size, samples: lines }));
    } catch (error) {
      log.warn(
        { file: path, reason: errorText(error) },
        'a file of the spool cannot be read and was left alone',
      );
    }
  };

  /** Finds what an earlier run left in the folder. */
  const recover = () => {
    let names: string[];
    try {
      names = readdirSync(folder).sort();
    } catch {
      // Nothing was spooled yet.
      return;
    }
    for (const file of names) {
      const [, number, samples] = SEGMENT_NAME.exec(file) ?? [];
      const path = join(folder, file);
      if (number === undefined) {
        if (file.endsWith('.new')) remove(path);
        continue;
      }
      next = Math.max(next, Number(number) + 1);
      if (samples !== undefined) sealed.push({ path, bytes: statSync(path).size, samples: Number(samples) });
      // It was sealed, and the agent ended before it removed the plain file.
      else if (names.some((other) => other.startsWith(`${number}-`) && other.endsWith('.gz'))) remove(path);
      else recoverOpen(path);
    }
    const count = Number(readIfThere(lostPath));
    lost = Number.isSafeInteger(count) && count > 0 ? count : 0;
  };

  const load = (segment: Segment): readonly Sample[] => {
    try {
      return readSegment(segment);
    } catch (error) {
      log.warn({ file: segment.path, reason: errorText(error) }, 'a file of the spool cannot be read');
      return [];
    }
  };

  /** `read`: how many of its samples could be read; the others are lost. */
  const forget = (segment: Segment, read: number) => {
    const place = sealed.indexOf(segment);
    // It may have been dropped meanwhile, because the spool was full.
    if (place < 0) return;
    sealed.splice(place, 1);
    remove(segment.path);
    loseDamaged(segment.path, segment.samples - read);
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
          const json = toLine(sample);
          const line = Buffer.from(`${json}\t${checksum(json)}\n`);
          if (
            open !== undefined &&
            (open.starts.length >= limits.segmentSamples || open.bytes + line.length > limits.segmentBytes)
          )
            sealOpen();
          open ??= begin();
          writeLine(open, line);
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
        if (samples.length > 0) return { samples, done: () => forget(segment, samples.length) };
        forget(segment, 0);
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
