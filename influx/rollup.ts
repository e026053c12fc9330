/** Buckets of min, max, sum and count per field. Buckets from several sources can be added to one rollup. */
import type { Buckets } from '../server/history/history.ts';

export interface Bucket {
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly count: number;
}

/** The buckets of each field, by field name and then by the bucket's start, epoch milliseconds. */
export type Rollup = Map<string, Map<number, Bucket>>;

function seriesOf(rollup: Rollup, field: string): Map<number, Bucket> {
  let series = rollup.get(field);
  if (series === undefined) rollup.set(field, (series = new Map()));
  return series;
}

/** Adds a bucket to the one that starts at `t`. The two MUST have no sample in common. */
export function addBucket(rollup: Rollup, field: string, t: number, { min, max, sum, count }: Bucket): void {
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

/** The same rollup in wider buckets; `width` in milliseconds, a multiple of the present one. */
export function widened(rollup: Rollup, width: number): Rollup {
  const result: Rollup = new Map();
  for (const [field, series] of rollup)
    for (const [t, bucket] of series) addBucket(result, field, t - (t % width), bucket);
  return result;
}

/**
 * The buckets of `fresh`, each merged with the same bucket of `held`. The two may have samples in common: min
 * and max are taken over both, sum and count from the one with more samples. So a bucket never loses samples
 * when only some of them come again.
 */
export function completed(fresh: Rollup, held: Rollup): Rollup {
  const result: Rollup = new Map();
  for (const [field, series] of fresh)
    for (const [t, bucket] of series) {
      const other = held.get(field)?.get(t) ?? bucket;
      const { sum, count } = other.count > bucket.count ? other : bucket;
      seriesOf(result, field).set(t, {
        min: Math.min(other.min, bucket.min),
        max: Math.max(other.max, bucket.max),
        sum,
        count,
      });
    }
  return result;
}

/** All buckets of both; where both have the same bucket, that of `over`. */
export function overlaid(under: Rollup, over: Rollup): Rollup {
  const result: Rollup = new Map([...under].map(([field, series]) => [field, new Map(series)]));
  for (const [field, series] of over)
    for (const [t, bucket] of series) seriesOf(result, field).set(t, bucket);
  return result;
}

/**
 * The columns of a query's answer, ascending. A mean is kept within min and max, which a rounded sum may
 * exceed.
 */
export function toBuckets(series: ReadonlyMap<number, Bucket>): Buckets {
  const rows = [...series].sort(([a], [b]) => a - b);
  return {
    t: rows.map(([t]) => t),
    min: rows.map(([, { min }]) => min),
    mean: rows.map(([, { min, max, sum, count }]) => Math.min(max, Math.max(min, sum / count))),
    max: rows.map(([, { max }]) => max),
    count: rows.map(([, { count }]) => count),
  };
}
