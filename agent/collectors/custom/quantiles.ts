/** Quantiles of a histogram: which time most requests took, from the counts of those that took at most so long. */

/** How many observations in an interval were at most `most`. */
export interface Bucket {
  readonly most: number;
  readonly count: number;
}

/**
 * The value below which the share `q` (0 to 1) of the observations lies, as far as the buckets tell: within a bucket they
 * are taken as spread evenly. Undefined where there are no observations.
 * @param buckets cumulative, in ascending order; the last one has all observations
 */
export function quantile(q: number, buckets: readonly Bucket[]): number | undefined {
  const all = buckets.at(-1)?.count ?? 0;
  if (!(all > 0)) return undefined;
  const rank = q * all;
  const place = buckets.findIndex(({ count }) => count >= rank);
  const bucket = buckets[place];
  const before = buckets[place - 1];
  if (bucket === undefined) return undefined;
  // Above the last bound that is a number, nothing more is known.
  if (!Number.isFinite(bucket.most)) return before?.most;
  const from = before?.most ?? Math.min(0, bucket.most);
  const within = bucket.count - (before?.count ?? 0);
  return within > 0 ? from + ((bucket.most - from) * (rank - (before?.count ?? 0))) / within : bucket.most;
}

/** `0.95` → `_p95`, `0.999` → `_p99.9`. */
export const quantileSuffix = (q: string) => `_p${Number((Number(q) * 100).toFixed(4))}`;
