/** One line of `npm run bench`. */
export interface Row {
  /** `push, complete: CPU per push`. */
  readonly what: string;
  readonly value: number;
  /** `µs`, `bytes`, `% of a core`. */
  readonly unit: string;
  /** The same measured, in the same run, on what it is compared with. */
  readonly control?: { readonly what: string; readonly value: number };
  /** value / control.value. */
  readonly ratio?: number;
  /** The most that `ratio` may be, or `value` where there is no control. */
  readonly budget?: number;
}

/** The middle one of an odd number of measurements, the mean of the middle two of an even number. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new Error('no measurements');
  return (upper + lower) / 2;
}
