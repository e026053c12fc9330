/** One line of `npm run bench`. */
export interface Row {
  /** `push, complete: CPU per push`. */
  readonly what: string;
  readonly value: number;
  /** `µs`, `bytes`, `% of a core`. */
  readonly unit: string;
  /** The same figure of what it is compared with, measured in the same run. */
  readonly control?: { readonly what: string; readonly value: number };
  /** value / control.value. */
  readonly ratio?: number;
  /** The most that `ratio` may be, or `value` where there is no ratio. */
  readonly budget?: number;
  /** The least that `value` may be, where more is better. */
  readonly least?: number;
}

/** The median: the middle measurement, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new Error('no measurements');
  return (upper + lower) / 2;
}

/** The value that this share of the values does not exceed: the highest of all for 1, the p99 for 0.99. */
export function highest(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
