/**
 * Tries every collector once, by itself, and tells what it gives here or why it gives nothing. Rates need two readings,
 * so each collector is called twice, a second apart.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { errorCode, errorText } from '#protocol/errors.ts';
import type { Declarations } from '#protocol/declarations.ts';
import type { Collector, CollectorEntry, Context, Fields } from '../collectors/collector.ts';
import { createReader } from '../collectors/reader.ts';

export interface Tried {
  readonly name: string;
  readonly state: 'measures' | 'absent' | 'fails' | 'hangs';
  readonly fields: Fields;
  /** Milliseconds from its second call to its answer. */
  readonly ms: number;
  /** Files that it wanted to read and could not, with the reason (`EACCES`). */
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[];
  /** Why it fails. */
  readonly problem: string | undefined;
  /** What is wrong with what it measures, though it measures. */
  readonly trouble: string | undefined;
  readonly declared: Declarations;
}

/** Between the two readings, in milliseconds. */
const APART = 1000;
/** A collector that has not answered for this long hangs. */
const PATIENCE = 15_000;

/** Why a file cannot be read; undefined where it can. */
function whyUnreadable(path: string): string | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    readSync(fd, Buffer.allocUnsafe(1), 0, 1, 0);
    return undefined;
  } catch (error) {
    return errorCode(error) || errorText(error);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

type Reader = Pick<Context, 'read' | 'readAside'>;

/** The reader, and the reasons by path for which it could not read. */
function noting({ read, readAside }: Reader): Reader & { readonly reasons: Map<string, string> } {
  const reasons = new Map<string, string>();
  const note = (path: string, text: string | undefined) => {
    const reason = text === undefined ? whyUnreadable(path) : undefined;
    if (reason !== undefined) reasons.set(path, reason);
    return text;
  };
  return {
    reasons,
    read: (path) => note(path, read(path)),
    readAside: async (path) => note(path, await readAside(path)),
  };
}

/** The collector's answer, or `hangs` where none comes in time. Rejects where it fails. */
async function answerOf(collector: Collector, context: Context): Promise<Fields | 'absent' | 'hangs'> {
  const waited = new AbortController();
  const late = pause(PATIENCE, 'hangs' as const, { signal: waited.signal }).catch(() => 'hangs' as const);
  try {
    return await Promise.race([collector.collect(context), late]);
  } finally {
    waited.abort();
  }
}

async function tryOne({ name, create }: CollectorEntry, reader: Reader): Promise<Tried> {
  const { reasons, ...noted } = noting(reader);
  const call = (collector: Collector) => answerOf(collector, { at: performance.now(), ...noted });
  const collector = create();
  const result = (state: Tried['state'], ms: number, fields: Fields = {}, problem?: string): Tried => ({
    ...{ name, state, fields, ms, problem },
    trouble: collector.trouble?.(),
    declared: collector.declared?.() ?? {},
    unreadable: [...reasons].map(([path, reason]) => ({ path, reason })),
  });
  let begun = performance.now();
  const since = () => performance.now() - begun;
  try {
    if ((await call(collector)) === 'hangs') return result('hangs', since());
    await pause(Math.max(0, APART - since()));
    begun = performance.now();
    const answer = await call(collector);
    if (answer === 'hangs') return result('hangs', since());
    return answer === 'absent' ? result('absent', since()) : result('measures', since(), answer);
  } catch (error) {
    return result('fails', since(), {}, errorText(error));
  } finally {
    collector.stop?.();
  }
}

/** Tries them all at once, in the order of the list. */
export async function tryCollectors(collectors: readonly CollectorEntry[]): Promise<Tried[]> {
  const reader = createReader();
  try {
    return await Promise.all(collectors.map((one) => tryOne(one, reader)));
  } finally {
    reader.close();
  }
}
