/** What a field's history says: when it reaches a level, and what is usual at this hour. Pure functions. */

/** A straight line through the history. Hours from the moment at which it was worked out. */
export interface Forecast {
  readonly kind: 'forecast';
  /** Hours until the line reaches the level; 0 where it is reached, Infinity where it never will be. */
  readonly hours: number;
  /** The hours within which it is reached with a certainty of about 95 %. */
  readonly soonest: number;
  readonly latest: number;
}
/** The usual value, and how far values usually are from it, in the field's unit. */
export interface Baseline {
  readonly kind: 'baseline';
  readonly median: number;
  readonly spread: number;
}
export type Trend = Forecast | Baseline;

/** Columns of equal length: epoch milliseconds, ascending, and values. */
export interface Points {
  readonly t: readonly number[];
  readonly value: readonly number[];
}

const HOUR_MS = 3_600_000;
/** Fewer points say nothing about a line; a shorter time says nothing about the next hours. */
const MIN_POINTS = 8;
/** Standard errors to each side of the slope. */
const SURE = 2;

interface Line {
  /** The value at `at`, and by how much it rises an hour. */
  readonly value: number;
  readonly slope: number;
  readonly slopeError: number;
}

/** The line of least squares; undefined below MIN_POINTS. */
function fitLine({ t, value }: Points, at: number): Line | undefined {
  const n = t.length;
  if (n < MIN_POINTS) return undefined;
  let [sumX, sumY] = [0, 0];
  for (let i = 0; i < n; i++) {
    sumX += ((t[i] ?? 0) - at) / HOUR_MS;
    sumY += value[i] ?? 0;
  }
  const [meanX, meanY] = [sumX / n, sumY / n];
  let [sxx, sxy, syy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const x = ((t[i] ?? 0) - at) / HOUR_MS - meanX;
    const y = (value[i] ?? 0) - meanY;
    sxx += x * x;
    sxy += x * y;
    syy += y * y;
  }
  if (sxx === 0) return undefined;
  const slope = sxy / sxx;
  const residual = Math.max(0, syy - slope * sxy);
  return { value: meanY - slope * meanX, slope, slopeError: Math.sqrt(residual / (n - 2) / sxx) };
}

/**
 * When the field reaches `reaches`, as seen at `at` (epoch milliseconds); undefined where the history is too short.
 * @param rising whether it rises to the level; else it falls to it
 */
export function forecastOf(
  points: Points,
  { reaches, rising }: { readonly reaches: number; readonly rising: boolean },
  at: number,
): Forecast | undefined {
  const line = fitLine(points, at);
  if (line === undefined) return undefined;
  const sign = rising ? 1 : -1;
  // What is left is measured from the newest value: the line says how fast, not where it stands.
  const left = sign * (reaches - (points.value.at(-1) ?? line.value));
  const hoursAt = (slope: number) => (left <= 0 ? 0 : slope > 0 ? left / slope : Infinity);
  const slope = sign * line.slope;
  return {
    kind: 'forecast',
    hours: hoursAt(slope),
    soonest: hoursAt(slope + SURE * line.slopeError),
    latest: hoursAt(slope - SURE * line.slopeError),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[(sorted.length >> 1) - 1] ?? NaN)) / 2;
}

/** A median absolute deviation times this is the standard deviation of values that scatter normally. */
const MAD_TO_SD = 1.4826;

/** What is usual, by values of the same hour in past weeks; undefined where there are too few. */
export function baselineOf(values: readonly number[]): Baseline | undefined {
  if (values.length < MIN_POINTS) return undefined;
  const middle = median(values);
  const spread = MAD_TO_SD * median(values.map((value) => Math.abs(value - middle)));
  return { kind: 'baseline', median: middle, spread };
}

/** The most usual deviations that are told apart; a flat line has none, and any change would be infinitely unusual. */
const MOST = 999;

/** How far the value is from what is usual, in usual deviations, negative below it; 0 within `least` of it. */
export function deviationOf({ median: usual, spread }: Baseline, value: number, least: number): number {
  const distance = value - usual;
  if (distance === 0 || Math.abs(distance) < least) return 0;
  return Math.max(-MOST, Math.min(MOST, distance / spread));
}
