/**
 * What counts as silence, defined once for server, alerts and pages: how long a device may be quiet and still be
 * online, and how far apart two samples may lie before a chart is broken between them.
 */

/** A window is never shorter than this, so that a device which changes its interval does not flap. */
const LEAST_WINDOW_MS = 15_000;
/** Two neighbours further apart than this many usual distances have a gap between them. */
const GAP_DISTANCES = 3.5;
/** A sample a second is the finest there is. */
const LEAST_DISTANCE_MS = 1000;

/**
 * [F1] Milliseconds without a push after which a device is offline. Alerts count by it too: a longer silence within
 * a condition's duration begins the duration anew.
 * @param intervalS seconds between the device's pushes
 */
export function onlineWindowMs(intervalS: number): number {
  return Math.max(3 * intervalS * 1000, LEAST_WINDOW_MS);
}

/** Two neighbours of a series are a gap apart when they are more than this many milliseconds apart. */
export function gapMs(usualDistanceMs: number): number {
  return GAP_DISTANCES * Math.max(LEAST_DISTANCE_MS, usualDistanceMs);
}

/**
 * The usual distance between neighbours, milliseconds: the median, so that gaps do not count.
 * @param t ascending times
 * @returns undefined below two times
 */
export function usualDistanceMs(t: ArrayLike<number>): number | undefined {
  if (t.length < 2) return undefined;
  const distances = new Float64Array(t.length - 1);
  for (let i = 1; i < t.length; i++) distances[i - 1] = (t[i] ?? 0) - (t[i - 1] ?? 0);
  return distances.sort()[distances.length >> 1];
}
