/** Buckets of min, max, sum and count per field, which any number of sources add to. */
import type { Buckets } from '../server/history/history.ts';

export interface Bucket {
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly count: number;
}

/** Field → start of a bucket → what it holds. */
export type Rollup = Map<string, Map<number, Bucket>>;

function seriesOf(rollup: Rollup, field: string): Map<number, Bucket> {
  let series = rollup.get(field);
  if (series === undefined) rollup.set(field, (series = new Map()));
  return series;
}

export function add(rollup: Rollup, field: string, t: number, { min, max, sum, count }: Bucket): void {
  const series = seriesOf(rollup, field);
  const held = series.get(t);
  series.set(
    t,
    held === undefined
      ? { min, max, sum, count }
      : {
          min: Math.min(held.min, min),
          max: Math.max(held.max, max),
          sum: held.sum + sum,
          count: held.count + count,
        },
  );
}

/** The same buckets, wider. */
export function widened(rollup: Rollup, width: number): Rollup {
  const result: Rollup = new Map();
  for (const [field, series] of rollup)
    for (const [t, bucket] of series) add(result, field, t - (t % width), bucket);
  return result;
}

/**
 * `fresh` with what `held` knows of the same buckets. They may have samples in common: every extreme counts, and
 * the mean is that of the one with more samples. So a bucket never shrinks when some of its samples come again.
 */
export function completed(fresh: Rollup, held: Rollup): Rollup {
  const result: Rollup = new Map();
  for (const [field, series] of fresh)
    for (const [t, bucket] of series) {
      const known = held.get(field)?.get(t) ?? bucket;
      const { sum, count } = known.count > bucket.count ? known : bucket;
      seriesOf(result, field).set(t, {
        min: Math.min(known.min, bucket.min),
        max: Math.max(known.max, bucket.max),
        sum,
        count,
      });
    }
  return result;
}

/** All buckets of both; where both have one, that of `over`. */
export function overlaid(under: Rollup, over: Rollup): Rollup {
  const result: Rollup = new Map([...under].map(([field, series]) => [field, new Map(series)]));
  for (const [field, series] of over)
    for (const [t, bucket] of series) seriesOf(result, field).set(t, bucket);
  return result;
}

/** For a chart, ascending. A mean lies within its extremes whatever the rounding of a sum. */
export function toBuckets(series: ReadonlyMap<number, Bucket>): Buckets {
  const rows = [...series].sort(([a], [b]) => a - b);
  return {
    t: rows.map(([t]) => t),
    min: rows.map(([, { min }]) => min),
    mean: rows.map(([, { min, max, sum, count }]) => Math.min(max, Math.max(min, sum / count))),
    max: rows.map(([, { max }]) => max),
  };
}
