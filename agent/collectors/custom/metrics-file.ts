/**
 * One file of metrics, read when it has changed. Whoever writes it may write it anew in its place, and a reader may then
 * come upon half of it; what was read before counts until it is whole.
 */
import type { Stats } from 'node:fs';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { errorCode, errorText } from '#protocol/errors.ts';
import type { Declarations } from '#protocol/declarations.ts';
import { instanceField } from '#protocol/fields.ts';
import { WHOLE } from '#protocol/meaning.ts';
import { span } from '#protocol/span.ts';
import type { Fields } from '../collector.ts';
import { parseExposition, type KnownSeries } from './exposition.ts';
import { createReadings } from './readings.ts';

/** The largest file that is read, in bytes. */
const MOST_BYTES = 4 * 1024 * 1024;
/** A file that ends within a line and was written this lately, in milliseconds, is still being written. */
const BEING_WRITTEN = 2000;

/** What a file gives now. */
export interface FileState {
  readonly fields: Fields;
  readonly declarations: Declarations;
  /** Why it gives nothing, or not everything. */
  readonly problem: string | undefined;
}

export interface MetricsFile {
  /** @param now epoch milliseconds */
  read(now: number): Promise<FileState>;
}

function whyUnread(error: unknown): string {
  const code = errorCode(error);
  if (code === 'EACCES' || code === 'EPERM')
    return 'the user of the agent may not read it: chmod o+r, on its folders o+x';
  if (code === 'ENOENT') return 'the link leads nowhere';
  return errorText(error);
}

/** What cannot be read as a file of metrics. */
function whyUnreadable(stats: Stats): string | undefined {
  if (!stats.isFile()) return 'is no file';
  if (stats.size <= MOST_BYTES) return undefined;
  return `has ${Math.round(stats.size / 1024 / 1024)} MiB, and at most ${MOST_BYTES / 1024 / 1024} are read`;
}

async function textOf(handle: FileHandle, size: number): Promise<string> {
  // One byte more, to notice that it has grown meanwhile.
  const buffer = Buffer.allocUnsafe(size + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    length += bytesRead;
    if (bytesRead === 0 || length === buffer.length)
      return buffer.toString('utf8', 0, Math.min(length, size));
  }
}

interface FileParts {
  readonly path: string;
  /** What its metrics are called by. */
  readonly kind: string;
  /** For how long after it was written its numbers are current, in milliseconds. */
  readonly freshMs: number;
}

export function openMetricsFile({ path, kind, freshMs }: FileParts): MetricsFile {
  const readings = createReadings(kind);
  const known: KnownSeries = new Map();
  const age = `metrics_file_age_seconds`;
  const ageField = instanceField(kind, WHOLE, age);
  const own: Declarations = {
    [`${kind}:*:${age}`]: {
      unit: 'seconds',
      label: 'Age of the file',
      help: `How long ago ${path.slice(-200)} was written`,
    },
  };
  let version = '';
  let writtenAt = 0;
  let fields: Fields = {};
  let declarations: Declarations = own;
  let problem: string | undefined;

  /** Takes the text, unless it is only half of what is being written. Returns whether it did. */
  const take = (text: string, now: number, mtime: number): boolean => {
    const exposition = parseExposition(text, known);
    if (!exposition.isWhole && now - mtime < BEING_WRITTEN) return false;
    // Its counters grew from one writing to the next, whenever they are read.
    fields = readings.take(exposition, mtime, now);
    declarations = { ...own, ...readings.declared() };
    const problems = [
      ...exposition.problems,
      ...readings.problems(),
      ...(exposition.points.length === 0 ? ['there is no metric in it'] : []),
    ];
    problem = problems[0] && problems.slice(0, 3).join('; ');
    return true;
  };

  /** Reads it where it has changed. */
  const look = async (now: number) => {
    // Without O_NONBLOCK, opening a pipe waits for somebody to write to it.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      const why = whyUnreadable(stats);
      if (why !== undefined) throw new Error(why);
      writtenAt = stats.mtimeMs;
      const found = `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
      if (found !== version && take(await textOf(handle, stats.size), now, stats.mtimeMs)) version = found;
    } finally {
      await handle.close();
    }
  };

  return {
    async read(now) {
      try {
        await look(now);
      } catch (error) {
        version = '';
        return { fields: {}, declarations, problem: whyUnread(error) };
      }
      const ageMs = Math.max(0, now - writtenAt);
      // A moment in the past is as true in an old file as in a new one, and its age goes on.
      const aging = { ...readings.ages(now), [ageField]: Math.round(ageMs / 1000) };
      if (ageMs <= freshMs) return { fields: { ...fields, ...aging }, declarations, problem };
      return {
        fields: aging,
        declarations,
        problem: `its numbers are left out, as it was written more than ${span(freshMs)} ago (metrics-fresh): see whether what writes it still runs`,
      };
    },
  };
}
