/** A line of a chart: times and values as parallel columns. A null breaks the line. */
import type { Point } from '#protocol/api.ts';
import { bucketGapMs, gapMs, usualDistanceMs } from '#protocol/gaps.ts';

export interface Trace {
  /** Epoch milliseconds, ascending. */
  readonly t: readonly number[];
  readonly value: readonly (number | null)[];
  /** The least and the largest value of each bucket, where the line comes from the history. */
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
}

export const NO_TRACE: Trace = { t: [], value: [] };

/** The usual distance is that of the last so many points, so that a changed interval is soon the usual one. */
const RECENT = 41;

/** The usual distance between the last points, milliseconds; 0 below two points. */
export function recentDistanceMs(t: readonly number[]): number {
  return usualDistanceMs(t.slice(-RECENT)) ?? 0;
}

/**
 * The line of one field from `from` on. Rows without the field are left out, because it may be measured less often
 * than others; the line is broken where it was not measured for much longer than usual.
 */
export function liveTrace(
  t: readonly number[],
  column: readonly (number | null)[] | undefined,
  from: number,
): Trace {
  if (!column) return NO_TRACE;
  const times: number[] = [];
  const found: number[] = [];
  for (let i = 0; i < t.length; i++) {
    const value = column[i];
    const time = t[i] ?? 0;
    if (value === null || value === undefined || time < from) continue;
    times.push(time);
    found.push(value);
  }
  return broken(times, found, gapMs(recentDistanceMs(times)));
}

/** Puts a null between neighbours that are more than `gap` milliseconds apart. */
function broken(t: readonly number[], value: readonly number[], gap: number): Trace {
  const times: number[] = [];
  const values: (number | null)[] = [];
  for (let i = 0; i < t.length; i++) {
    const time = t[i] ?? 0;
    const before = t[i - 1];
    if (before !== undefined && time - before > gap) {
      times.push(before + 1);
      values.push(null);
    }
    times.push(time);
    values.push(value[i] ?? null);
  }
  return { t: times, value: values };
}

/**
 * The line of a series of the history, with its band, broken at gaps. Each point is at the middle of its bucket.
 */
export function historyTrace(points: readonly Point[], step: number): Trace {
  const found = points.filter(([, , mean]) => mean !== null);
  const gap = bucketGapMs(
    found.map(([start]) => start),
    step,
  );
  const t: number[] = [];
  const value: (number | null)[] = [];
  const low: (number | null)[] = [];
  const high: (number | null)[] = [];
  const push = (time: number, [min, mean, max]: readonly [number | null, number | null, number | null]) => {
    t.push(time);
    low.push(min);
    value.push(mean);
    high.push(max);
  };
  let before: number | undefined;
  for (const [start, min, mean, max] of found) {
    const time = start + step / 2;
    if (before !== undefined && time - before > gap) push(before + step / 2, [null, null, null]);
    push(time, [min, mean, max]);
    before = time;
  }
  return { t, value, low, high };
}

/** The largest value that is drawn, the band included; 0 for an empty trace. */
export function highest({ value, high }: Trace): number {
  let most = 0;
  for (const one of high ?? value) if (one !== null && one > most) most = one;
  return most;
}

/** The last value of a trace and its time; undefined where it has none. */
export function lastOf({ t, value }: Trace): { t: number; value: number } | undefined {
  for (let i = value.length - 1; i >= 0; i--) {
    const found = value[i];
    if (found !== null && found !== undefined) return { t: t[i] ?? 0, value: found };
  }
  return undefined;
}

/** The index of the value nearest to `time` and at most `within` milliseconds away; -1 for none. */
export function nearest({ t, value }: Trace, time: number, within: number): number {
  let [low, high] = [0, t.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((t[middle] ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  let [best, distance] = [-1, within];
  for (let i = Math.max(0, low - 3); i < Math.min(t.length, low + 3); i++) {
    const apart = Math.abs((t[i] ?? 0) - time);
    if (value[i] !== null && apart <= distance) [best, distance] = [i, apart];
  }
  return best;
}

/** Moves labels apart so that none covers another: they keep their order and are at least `height` apart. */
export function spread(places: readonly number[], height: number, top: number, bottom: number): number[] {
  const order = places.map((_, i) => i).sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
  const placed = [...places];
  let edge = top;
  for (const i of order) {
    placed[i] = Math.max(placed[i] ?? 0, edge);
    edge = (placed[i] ?? 0) + height;
  }
  edge = bottom;
  for (const i of order.toReversed()) {
    placed[i] = Math.min(placed[i] ?? 0, edge);
    edge = (placed[i] ?? 0) - height;
  }
  return placed;
}
