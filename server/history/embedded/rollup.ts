/**
 * Buckets of min, sum, max and count per field, in ascending order of time, made of samples or of finer
 * buckets.
 */
import type { Column, Table } from './table.ts';

export interface Series {
  /** The start of each bucket, epoch milliseconds. */
  readonly t: number[];
  readonly min: number[];
  readonly sum: number[];
  readonly max: number[];
  readonly count: number[];
}

/** The buckets of each field, by field id. */
export type Rollup = Map<number, Series>;

/** A field is stored as four columns: min, mean, max and count. */
const COLUMNS_PER_FIELD = 4;

/** The ids of the stored columns of these fields. */
export function rollupColumns(fields: Iterable<number>): Set<number> {
  const ids = new Set<number>();
  for (const field of fields)
    for (let i = 0; i < COLUMNS_PER_FIELD; i++) ids.add(field * COLUMNS_PER_FIELD + i);
  return ids;
}

function seriesOf(rollup: Rollup, field: number): Series {
  let series = rollup.get(field);
  if (series === undefined) rollup.set(field, (series = { t: [], min: [], sum: [], max: [], count: [] }));
  return series;
}

/** Adds to the bucket that starts at `t`. Calls for a series MUST come in ascending order of `t`. */
function addToBucket(series: Series, t: number, min: number, sum: number, max: number, count: number): void {
  const last = series.t.length - 1;
  if (last >= 0 && series.t[last] === t) {
    if (min < (series.min[last] ?? 0)) series.min[last] = min;
    if (max > (series.max[last] ?? 0)) series.max[last] = max;
    series.sum[last] = (series.sum[last] ?? 0) + sum;
    series.count[last] = (series.count[last] ?? 0) + count;
    return;
  }
  series.t.push(t);
  series.min.push(min);
  series.sum.push(sum);
  series.max.push(max);
  series.count.push(count);
}

/**
 * Adds the samples in [from, to) to buckets of `width` milliseconds. Tables MUST come in ascending order of
 * time.
 */
export function addSamples(
  rollup: Rollup,
  table: Table,
  width: number,
  from = -Infinity,
  to = Infinity,
): void {
  const { t } = table;
  for (const [field, { rows, values }] of table.columns) {
    let series: Series | undefined;
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? 0;
      const time = t[rows === undefined ? i : (rows[i] ?? 0)] ?? 0;
      if (time < from || time >= to) continue;
      series ??= seriesOf(rollup, field);
      addToBucket(series, time - (time % width), value, value, value, 1);
    }
  }
}

/**
 * Adds the finer buckets that start in [from, to) to buckets of `width` milliseconds, a multiple of their
 * width.
 */
export function addBuckets(
  rollup: Rollup,
  finer: Rollup,
  width: number,
  from = -Infinity,
  to = Infinity,
): void {
  for (const [field, { t, min, sum, max, count }] of finer) {
    let series: Series | undefined;
    for (let i = 0; i < t.length; i++) {
      const time = t[i] ?? 0;
      if (time < from || time >= to) continue;
      series ??= seriesOf(rollup, field);
      addToBucket(series, time - (time % width), min[i] ?? 0, sum[i] ?? 0, max[i] ?? 0, count[i] ?? 0);
    }
  }
}

/**
 * Merges two rollups of the same time: of each bucket it keeps the one that counts more samples. So a bucket
 * never loses samples when those it was made of have been deleted and only some of them come again.
 */
export function keepFuller(a: Rollup, b: Rollup): Rollup {
  if (a.size === 0) return b;
  if (b.size === 0) return a;
  const result: Rollup = new Map(a);
  for (const [field, right] of b) {
    const left = a.get(field);
    result.set(field, left === undefined ? right : keepFullerBuckets(left, right));
  }
  return result;
}

function keepFullerBuckets(a: Series, b: Series): Series {
  const result: Series = { t: [], min: [], sum: [], max: [], count: [] };
  let i = 0;
  let j = 0;
  while (i < a.t.length || j < b.t.length) {
    const left = a.t[i] ?? Infinity;
    const right = b.t[j] ?? Infinity;
    const [from, at] =
      left < right || (left === right && (a.count[i] ?? 0) > (b.count[j] ?? 0)) ? [a, i] : [b, j];
    addToBucket(
      result,
      from.t[at] ?? 0,
      from.min[at] ?? 0,
      from.sum[at] ?? 0,
      from.max[at] ?? 0,
      from.count[at] ?? 0,
    );
    if (left <= right) i++;
    if (right <= left) j++;
  }
  return result;
}

/** The table that is stored of a rollup. Means are rounded to six digits of the column's largest. */
export function rollupTable(rollup: Rollup): Table {
  const times = new Set<number>();
  for (const series of rollup.values()) for (const time of series.t) times.add(time);
  const t = Float64Array.from(times).sort();
  const rowOf = new Map([...t].map((time, i): [number, number] => [time, i]));
  const columns = new Map<number, Column>();
  for (const [field, series] of rollup) {
    const hasAll = series.t.length === t.length;
    const rows = hasAll ? undefined : new Uint32Array(series.t.map((time) => rowOf.get(time) ?? 0));
    const mean = new Float64Array(series.sum.map((sum, i) => sum / (series.count[i] ?? 1)));
    roundToSixDigits(mean);
    const ofField = [
      new Float64Array(series.min),
      mean,
      new Float64Array(series.max),
      new Float64Array(series.count),
    ];
    ofField.forEach((values, i) => columns.set(field * COLUMNS_PER_FIELD + i, { rows, values }));
  }
  return { t, columns };
}

/**
 * Rounds all values to as many decimals as the largest of them needs for six digits; at most six decimals.
 */
function roundToSixDigits(column: Float64Array): void {
  let largest = 0;
  for (const value of column) if (Math.abs(value) > largest) largest = Math.abs(value);
  const decimals = largest === 0 ? 0 : Math.min(6, Math.max(0, 5 - Math.floor(Math.log10(largest))));
  const power = 10 ** decimals;
  for (let i = 0; i < column.length; i++) column[i] = Math.round((column[i] ?? NaN) * power) / power;
}

/** The rollup that a stored table was made of. Sums are the means times the counts. */
export function tableRollup({ t, columns }: Table): Rollup {
  const rollup: Rollup = new Map();
  for (const id of columns.keys()) {
    if (id % COLUMNS_PER_FIELD !== 0) continue;
    const min = columns.get(id);
    const mean = columns.get(id + 1);
    const max = columns.get(id + 2);
    const count = columns.get(id + 3);
    if (min === undefined || mean === undefined || max === undefined || count === undefined) continue;
    const series = seriesOf(rollup, id / COLUMNS_PER_FIELD);
    // All four have their values in the same rows.
    const { rows } = count;
    for (let i = 0; i < count.values.length; i++) {
      const time = t[rows === undefined ? i : (rows[i] ?? 0)] ?? 0;
      const samples = count.values[i] ?? 0;
      const sum = (mean.values[i] ?? 0) * samples;
      addToBucket(series, time, min.values[i] ?? 0, sum, max.values[i] ?? 0, samples);
    }
  }
  return rollup;
}
