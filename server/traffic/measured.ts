/**
 * Bytes out of stored rates. A rate is the bytes since the sample before, a second, so that a bucket has moved its mean
 * times the time that its samples stand for. What time no sample stands for is not known, and nothing is made up for it.
 */
import { usualDistanceMs } from '#protocol/gaps.ts';
import { SECOND } from '#protocol/span.ts';
import type { Buckets } from '../history/history.ts';

/** What was measured in a bucket of the history. */
export interface Measured {
  /** When the bucket begins, epoch milliseconds. */
  readonly t: number;
  /** Bytes. */
  readonly in: number;
  readonly out: number;
  /** The time that is known of the bucket, milliseconds. */
  readonly knownMs: number;
}

/** What is known of the samples behind the buckets. */
export interface Taken {
  /** The width of the buckets, milliseconds. */
  readonly step: number;
  /** The time of the device's newest sample: what the last bucket is to have after it has not come yet. */
  readonly newest: number;
  /** How far apart the device's samples are by now, milliseconds; undefined where that is not known. */
  readonly apartMs: number | undefined;
}

/** So many buckets before and after one show how many samples a whole bucket has there. */
const NEIGHBOURS = 12;
/** Buckets with fewer of the most samples around are not whole, and say nothing about what is usual. */
const WHOLE = 0.75;
/** So many whole buckets are enough to know what is usual. */
const ENOUGH = 3;
/**
 * A bucket with this share of the usual samples counts as whole, and so does one that lacks a single sample: the agent
 * leaves out a second in which it got no processor time, and its next rate covers that second too.
 */
const NEARLY_WHOLE = 0.98;

/** How many samples whole buckets have around the bucket `i`. */
function usualCount(count: readonly number[], i: number, { step, apartMs }: Taken): number {
  const around = count.slice(Math.max(0, i - NEIGHBOURS), i + NEIGHBOURS + 1);
  const most = Math.max(...around);
  const whole = around.filter((n) => n >= most * WHOLE).sort((a, b) => a - b);
  // A new machine may have no whole bucket yet.
  if (whole.length < ENOUGH && apartMs !== undefined) return Math.max(most, Math.floor(step / apartMs));
  return whole[whole.length >> 1] ?? most;
}

/** How long each bucket of a series is known, milliseconds. */
function knownTimes({ t, count }: Buckets, taken: Taken): number[] {
  const { step, newest } = taken;
  // Where samples come less often than buckets, each stands for the time between them.
  const distance = Math.max(step, usualDistanceMs(t) ?? step);
  return t.map((time, i) => {
    const usual = usualCount(count, i, taken);
    const samples = count[i] ?? 0;
    const isWhole = samples >= usual * NEARLY_WHOLE || (usual > 2 && samples >= usual - 1);
    const whole = usual === 1 ? distance : step;
    const known = isWhole ? whole : (whole * samples) / usual;
    return Math.min(known, Math.max(0, newest + SECOND - time));
  });
}

/**
 * What was measured, in ascending order of time.
 * @param rx bytes received a second; absent where nothing is stored of it
 * @param tx the same of bytes sent
 */
export function measuredIn(rx: Buckets | undefined, tx: Buckets | undefined, taken: Taken): Measured[] {
  const found = new Map<number, { in: number; out: number; knownMs: number }>();
  for (const [way, buckets] of [
    ['in', rx],
    ['out', tx],
  ] as const) {
    if (buckets === undefined) continue;
    for (const [i, knownMs] of knownTimes(buckets, taken).entries()) {
      const t = buckets.t[i] ?? 0;
      const entry = found.get(t) ?? { in: 0, out: 0, knownMs: 0 };
      entry[way] = ((buckets.mean[i] ?? 0) * knownMs) / SECOND;
      entry.knownMs = Math.max(entry.knownMs, knownMs);
      found.set(t, entry);
    }
  }
  return [...found].sort(([a], [b]) => a - b).map(([t, entry]) => ({ t, ...entry }));
}
