/** Lines of several machines in one chart: which of them matter most, and where most of them lie. */
import type { Point } from '#protocol/api.ts';
import type { Buckets } from './history.ts';

/** One field of one machine over time. */
export interface Line {
  readonly deviceId: string;
  readonly field: string;
  readonly buckets: Buckets;
}

function meanOf({ mean }: Buckets): number | null {
  if (mean.length === 0) return null;
  return mean.reduce((sum, value) => sum + value, 0) / mean.length;
}

/** The lines that have values, each with its mean over them: the largest first, equal ones by machine and field. */
export function linesBy(lines: readonly Line[]): readonly (Line & { readonly mean: number })[] {
  return lines
    .flatMap((line) => {
      const mean = meanOf(line.buckets);
      return mean === null ? [] : [{ ...line, mean }];
    })
    .toSorted(
      (a, b) => b.mean - a.mean || a.deviceId.localeCompare(b.deviceId) || a.field.localeCompare(b.field),
    );
}

/** The value below which the fraction lies, of ascending values; between two of them in proportion. */
function percentile(sorted: readonly number[], fraction: number): number | null {
  const place = (sorted.length - 1) * fraction;
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  if (below === undefined || above === undefined) return null;
  return below + (above - below) * (place - Math.floor(place));
}

/**
 * For each bucket of `stepMs` milliseconds, the two percentages and the median of the lines' means in it, as
 * `[t, low, median, high]`. A bucket in which no line has a value is left out.
 */
export function bandOver(
  lines: readonly Line[],
  stepMs: number,
  [low, high]: readonly [number, number],
): Point[] {
  const byTime = new Map<number, number[]>();
  for (const { buckets } of lines)
    for (const [i, t] of buckets.t.entries()) {
      const value = buckets.mean[i];
      if (value === undefined) continue;
      const start = Math.floor(t / stepMs) * stepMs;
      const values = byTime.get(start);
      if (values) values.push(value);
      else byTime.set(start, [value]);
    }
  return [...byTime]
    .toSorted(([a], [b]) => a - b)
    .map(([t, values]) => {
      const sorted = values.toSorted((a, b) => a - b);
      return [t, percentile(sorted, low / 100), percentile(sorted, 0.5), percentile(sorted, high / 100)];
    });
}
