/** Reads from InfluxDB: the Flux of each query, and its rows as plain values. */
import { flux, fluxExpression, type QueryApi, type Row } from '@influxdata/influxdb-client';
import type { Sample } from '#protocol/sample.ts';
import { ALL_TIME, eachRow, fluxTime, MEASUREMENT, rows, source, STATS, windows } from './flux.ts';
import { influxName, originalName } from './names.ts';
import { addBucket, type Bucket, type Rollup } from './rollup.ts';

/** A range of one InfluxDB bucket that is read for a device. */
export interface Part {
  readonly bucket: string;
  /** What `bucket` holds: samples, or buckets rolled up from them. */
  readonly holds: 'samples' | 'rollups';
  readonly deviceId: string;
  /** The range [from, to), epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  /** Width of the buckets that are made of it, in milliseconds. */
  readonly width: number;
  /** Field names; all fields where undefined. */
  readonly fields?: readonly string[];
}

/** A bucket of which some numbers have been read. */
type PartialBucket = { -readonly [K in keyof Bucket]?: number } & { mean?: number };

/**
 * The mean and not the sum is read of samples: InfluxDB computes the four one after the other, and a sample
 * that comes in between would make sum and count disagree.
 */
const STATS_OF_SAMPLES = ['min', 'max', 'mean', 'count'] as const;

/** Columns that are the same in every row would take a third of the time to send and to read. */
const DROP_CONSTANTS = fluxExpression('drop(columns: ["_start", "_stop", "_measurement", "device"])');

function fluxOf({ bucket, holds, deviceId, from, to, width, fields }: Part, floatsOnly: boolean): string {
  const of = { bucket, devices: [deviceId], fields, from, to };
  if (holds === 'samples')
    return STATS_OF_SAMPLES.map(
      (stat) =>
        flux`${source({ ...of, measurement: MEASUREMENT, floatsOnly })} |> ${windows(width, stat)} |> ${DROP_CONSTANTS} |> yield(name: ${stat})`,
    ).join('\n');
  return STATS.map(
    (stat) =>
      flux`${source({ ...of, measurement: stat })} |> ${windows(width, stat === 'count' ? 'sum' : stat)} |> ${DROP_CONSTANTS} |> yield(name: ${stat})`,
  ).join('\n');
}

function isStat(name: string): name is 'min' | 'max' | 'mean' | 'sum' | 'count' {
  return name === 'mean' || STATS.some((stat) => stat === name);
}

/** Reads the part and adds its buckets to `rollup`. */
export async function readPart(api: QueryApi, part: Part, rollup: Rollup): Promise<void> {
  if (part.to <= part.from) return;
  const partials = new Map<string, Map<number, PartialBucket>>();
  function add({ values, tableMeta }: Row): void {
    const stat = String(tableMeta.get(values, 'result'));
    if (!isStat(stat)) return;
    const field = String(tableMeta.get(values, '_field'));
    let series = partials.get(field);
    if (series === undefined) partials.set(field, (series = new Map()));
    // The first window begins at the start of the range, which may lie within a bucket.
    const time = Date.parse(String(tableMeta.get(values, '_time')));
    const t = time - (time % part.width);
    let bucket = series.get(t);
    if (bucket === undefined) series.set(t, (bucket = {}));
    bucket[stat] = Number(tableMeta.get(values, '_value'));
  }
  await eachRow(
    api,
    (floatsOnly) => fluxOf(part, floatsOnly),
    () => {
      partials.clear();
      return add;
    },
  );
  for (const [field, series] of partials) {
    const name = originalName(field);
    for (const [
      t,
      { min, max, mean, count, sum = mean === undefined ? undefined : mean * (count ?? 0) },
    ] of series)
      // A bucket that lacks one of them was written while this query ran; the next query reads it whole.
      if (min !== undefined && max !== undefined && sum !== undefined && count !== undefined)
        addBucket(rollup, name, t, { min, max, sum, count });
  }
}

/** The names of the fields that a device has in any of these buckets, sorted. */
export async function readFields(
  api: QueryApi,
  sources: readonly { readonly bucket: string; readonly measurement: string }[],
  deviceId: string,
): Promise<string[]> {
  const names = new Set<string>();
  for (const { bucket, measurement } of sources) {
    const query = flux`import "influxdata/influxdb/schema"
schema.fieldKeys(bucket: ${bucket}, predicate: (r) => r._measurement == ${measurement} and r.device == ${influxName(deviceId)}, start: ${fluxTime(ALL_TIME.from)})`;
    for await (const { values, tableMeta } of rows(api, query))
      names.add(originalName(String(tableMeta.get(values, '_value'))));
  }
  return [...names].sort();
}

/** The times of a device's samples in [from, to), epoch milliseconds, ascending. */
export async function readTimestamps(
  api: QueryApi,
  bucket: string,
  deviceId: string,
  from: number,
  to: number,
): Promise<number[]> {
  const of = source({ bucket, measurement: MEASUREMENT, devices: [deviceId], from, to });
  const query = flux`${of} |> keep(columns: ["_time"]) |> group() |> unique(column: "_time") |> sort(columns: ["_time"])`;
  const times: number[] = [];
  for await (const { values, tableMeta } of rows(api, query))
    times.push(Date.parse(String(tableMeta.get(values, '_time'))));
  return times;
}

/**
 * The newest sample of each device, by device id. It has the fields whose last value is of the newest time.
 */
export async function readLatest(api: QueryApi, bucket: string): Promise<Map<string, Sample>> {
  const query = flux`${source({ bucket, measurement: MEASUREMENT, ...ALL_TIME })} |> last() |> keep(columns: ["_time", "_value", "_field", "device"])`;
  const samples = new Map<string, { t: number; values: Map<string, number> }>();
  for await (const { values, tableMeta } of rows(api, query)) {
    const device = originalName(String(tableMeta.get(values, 'device')));
    const t = Date.parse(String(tableMeta.get(values, '_time')));
    let sample = samples.get(device);
    if (sample !== undefined && t < sample.t) continue;
    if (sample === undefined || t > sample.t) samples.set(device, (sample = { t, values: new Map() }));
    const value = tableMeta.get(values, '_value');
    // Another program may have written something else.
    if (typeof value === 'number')
      sample.values.set(originalName(String(tableMeta.get(values, '_field'))), value);
  }
  // `fromEntries` makes own keys even of names such as `__proto__`.
  return new Map([...samples].map(([id, { t, values }]) => [id, { t, values: Object.fromEntries(values) }]));
}

/** The time of the oldest sample, epoch milliseconds; undefined where there is none. */
export async function readOldest(api: QueryApi, bucket: string): Promise<number | undefined> {
  const query = flux`${source({ bucket, measurement: MEASUREMENT, ...ALL_TIME })} |> first() |> keep(columns: ["_time"]) |> group() |> min(column: "_time")`;
  for await (const { values, tableMeta } of rows(api, query))
    return Date.parse(String(tableMeta.get(values, '_time')));
  return undefined;
}
