/**
 * How long a device may send no push and still be online, and how far apart two samples may lie before a
 * chart shows a gap between them. Server, alerts and pages all use these definitions.
 */

/** The shortest online window: a device that changes its interval must not go offline and online again. */
const MIN_WINDOW_MS = 15_000;
/** Two neighbouring samples further apart than this many usual distances have a gap between them. */
const GAP_DISTANCES = 3.5;
/** Samples are taken at most once a second. */
const MIN_DISTANCE_MS = 1000;

/**
 * [F2] [G2] The longest that an agent waits between two tries, in seconds, when nothing but the server's absence keeps
 * its samples back. After a start, the server waits this long beyond the online window before it calls a device offline.
 * Ten thousand agents that come back within this time make about 700 connections a second.
 */
export const LONGEST_RETRY_S = 15;

/**
 * [F1] The online window: milliseconds without a push after which a device is offline. Alerts use the same
 * window: when two samples lie further apart, a rule's duration starts again from zero.
 * @param intervalS seconds between the device's pushes
 */
export function onlineWindowMs(intervalS: number): number {
  return Math.max(3 * intervalS * 1000, MIN_WINDOW_MS);
}

/** The shortest time after which values are old: a push may be late by a moment. */
const MIN_STALE_MS = 5000;

/**
 * [L4] Milliseconds without a push after which a device's values are no longer shown as live, though it may be online.
 * @param intervalS seconds between the device's pushes
 */
export function staleAfterMs(intervalS: number): number {
  return Math.max(2 * intervalS * 1000, MIN_STALE_MS);
}

/**
 * Milliseconds that two neighbours of a series must be apart to have a gap between them.
 * @param usualDistanceMs the usual distance between neighbours, milliseconds
 */
export function gapMs(usualDistanceMs: number): number {
  return GAP_DISTANCES * Math.max(MIN_DISTANCE_MS, usualDistanceMs);
}

/**
 * The usual distance between neighbours, milliseconds: the median, so that a few gaps do not change it.
 * @param times ascending, epoch milliseconds
 * @returns undefined for fewer than two times
 */
export function usualDistanceMs(times: ArrayLike<number>): number | undefined {
  if (times.length < 2) return undefined;
  const distances = new Float64Array(times.length - 1);
  for (let i = 1; i < times.length; i++) distances[i - 1] = (times[i] ?? 0) - (times[i - 1] ?? 0);
  return distances.sort()[distances.length >> 1];
}

/** With fewer buckets the usual distance between them is not certain. */
const MIN_BUCKETS = 4;
/** The usual distance is that of the last so many buckets, so that a changed interval is soon the usual one. */
const LAST_BUCKETS = 41;

/**
 * How far apart two neighbouring buckets of a series may start, in milliseconds, before there is a gap between them.
 * A bucket without samples is a gap; where samples come less often than buckets, a much longer pause than usual is.
 * @param starts when the buckets start that hold samples, ascending
 * @param stepMs the width of a bucket
 */
export function bucketGapMs(starts: readonly number[], stepMs: number): number {
  const usualMs = usualDistanceMs(starts.slice(-LAST_BUCKETS)) ?? 0;
  const isSeldom = starts.length >= MIN_BUCKETS && usualMs > stepMs * 1.01;
  return isSeldom ? gapMs(usualMs) : stepMs * 1.5;
}
