/** Buckets of min, mean, max and count per field, ascending in time, made from samples or from finer buckets. */
import type { Table } from './codec.ts';

export interface Series {
  /** Bucket starts. */
  readonly t: number[];
  readonly min: number[];
  readonly sum: number[];
  readonly max: number[];
  readonly count: number[];
}

/** Field id → its buckets. */
export type Rollup = Map<number, Series>;

const KINDS = 4;

/** The stored column ids of these fields. */
export function rollupColumns(fields: Iterable<number>): Set<number> {
  const ids = new Set<number>();
  for (const field of fields) for (let kind = 0; kind < KINDS; kind++) ids.add(field * KINDS + kind);
  return ids;
}

function seriesOf(rollup: Rollup, field: number): Series {
  let series = rollup.get(field);
  if (series === undefined) rollup.set(field, (series = { t: [], min: [], sum: [], max: [], count: [] }));
  return series;
}

/** MUST be called in ascending time. */
function add(series: Series, t: number, min: number, sum: number, max: number, count: number): void {
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

/** Adds the samples in [from, to) to buckets of `width`. Tables MUST come in ascending time. */
export function addSamples(
  rollup: Rollup,
  table: Table,
  width: number,
  from = -Infinity,
  to = Infinity,
): void {
  const { t } = table;
  for (const [field, column] of table.columns) {
    let series: Series | undefined;
    for (let i = 0; i < t.length; i++) {
      const value = column[i] ?? NaN;
      const time = t[i] ?? 0;
      if (Number.isNaN(value) || time < from || time >= to) continue;
      series ??= seriesOf(rollup, field);
      add(series, time - (time % width), value, value, value, 1);
    }
  }
}

/** Adds finer buckets that start in [from, to) to buckets of `width`, a multiple of theirs. */
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
      add(series, time - (time % width), min[i] ?? 0, sum[i] ?? 0, max[i] ?? 0, count[i] ?? 0);
    }
  }
}

/**
 * Two rollups of the same time: of each bucket the one that counts more samples. So a bucket never shrinks when
 * the samples it was made from are gone and some of them come again.
 */
export function fuller(a: Rollup, b: Rollup): Rollup {
  if (a.size === 0) return b;
  if (b.size === 0) return a;
  const result: Rollup = new Map(a);
  for (const [field, right] of b) {
    const left = a.get(field);
    result.set(field, left === undefined ? right : fullerSeries(left, right));
  }
  return result;
}

function fullerSeries(a: Series, b: Series): Series {
  const result: Series = { t: [], min: [], sum: [], max: [], count: [] };
  let i = 0;
  let j = 0;
  while (i < a.t.length || j < b.t.length) {
    const left = a.t[i] ?? Infinity;
    const right = b.t[j] ?? Infinity;
    const [from, at] =
      left < right || (left === right && (a.count[i] ?? 0) > (b.count[j] ?? 0)) ? [a, i] : [b, j];
    add(
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

/** For storage; means keep six digits of the column's largest. */
export function rollupTable(rollup: Rollup): Table {
  const times = new Set<number>();
  for (const series of rollup.values()) for (const time of series.t) times.add(time);
  const t = Float64Array.from(times).sort();
  const place = new Map([...t].map((time, i): [number, number] => [time, i]));
  const columns = new Map<number, Float64Array>();
  for (const [field, series] of rollup) {
    const parts = Array.from({ length: KINDS }, () => new Float64Array(t.length).fill(NaN));
    const [min, mean, max, count] = parts;
    if (min === undefined || mean === undefined || max === undefined || count === undefined) continue;
    for (let i = 0; i < series.t.length; i++) {
      const at = place.get(series.t[i] ?? 0) ?? 0;
      min[at] = series.min[i] ?? 0;
      mean[at] = (series.sum[i] ?? 0) / (series.count[i] ?? 1);
      max[at] = series.max[i] ?? 0;
      count[at] = series.count[i] ?? 0;
    }
    shorten(mean);
    parts.forEach((column, kind) => columns.set(field * KINDS + kind, column));
  }
  return { t, columns };
}

function shorten(column: Float64Array): void {
  let most = 0;
  for (const value of column) if (Math.abs(value) > most) most = Math.abs(value);
  const decimals = most === 0 ? 0 : Math.min(6, Math.max(0, 5 - Math.floor(Math.log10(most))));
  const power = 10 ** decimals;
  for (let i = 0; i < column.length; i++) column[i] = Math.round((column[i] ?? NaN) * power) / power;
}

export function tableRollup({ t, columns }: Table): Rollup {
  const rollup: Rollup = new Map();
  for (const id of columns.keys()) {
    if (id % KINDS !== 0) continue;
    const min = columns.get(id);
    const mean = columns.get(id + 1);
    const max = columns.get(id + 2);
    const count = columns.get(id + 3);
    if (min === undefined || mean === undefined || max === undefined || count === undefined) continue;
    const series = seriesOf(rollup, id / KINDS);
    for (let i = 0; i < t.length; i++) {
      const samples = count[i] ?? NaN;
      if (Number.isNaN(samples)) continue;
      add(series, t[i] ?? 0, min[i] ?? 0, (mean[i] ?? 0) * samples, max[i] ?? 0, samples);
    }
  }
  return rollup;
}
