/** The Flux behind each question, and its rows as plain values. */
import { flux, fluxExpression, type QueryApi } from '@influxdata/influxdb-client';
import type { Sample } from '#protocol/sample.ts';
import { ALL_TIME, at, MEASUREMENT, source, STATS, windows } from './flux.ts';
import { influxName, originalName } from './names.ts';
import { add, type Bucket, type Rollup } from './rollup.ts';

export interface Part {
  readonly bucket: string;
  /** What `bucket` holds: samples, or buckets rolled up from them. */
  readonly holds: 'samples' | 'rollups';
  readonly deviceId: string;
  readonly from: number;
  readonly to: number;
  /** Of the buckets made of it. */
  readonly width: number;
  /** All of them where undefined. */
  readonly fields?: readonly string[];
}

type Half = { -readonly [K in keyof Bucket]?: number } & { mean?: number };

/** A mean and not a sum of samples: the four are read one after the other, and samples come meanwhile. */
const OF_SAMPLES = ['min', 'max', 'mean', 'count'] as const;

/** What is the same in every row takes a third of the time to send and to read. */
const LEAN = fluxExpression('drop(columns: ["_start", "_stop", "_measurement", "device"])');

function fluxOf({ bucket, holds, deviceId, from, to, width, fields }: Part): string {
  const of = { bucket, devices: [deviceId], fields, from, to };
  if (holds === 'samples')
    return OF_SAMPLES.map(
      (stat) =>
        flux`${source({ ...of, measurement: MEASUREMENT })} |> ${windows(width, stat)} |> ${LEAN} |> yield(name: ${stat})`,
    ).join('\n');
  return STATS.map(
    (stat) =>
      flux`${source({ ...of, measurement: stat })} |> ${windows(width, stat === 'count' ? 'sum' : stat)} |> ${LEAN} |> yield(name: ${stat})`,
  ).join('\n');
}

function isStat(name: string): name is 'min' | 'max' | 'mean' | 'sum' | 'count' {
  return name === 'mean' || STATS.some((stat) => stat === name);
}

/** Adds what the part holds to `rollup`. */
export async function readPart(api: QueryApi, part: Part, rollup: Rollup): Promise<void> {
  if (part.to <= part.from) return;
  const halves = new Map<string, Map<number, Half>>();
  for await (const { values, tableMeta } of api.iterateRows(fluxOf(part))) {
    const stat = String(tableMeta.get(values, 'result'));
    if (!isStat(stat)) continue;
    const field = String(tableMeta.get(values, '_field'));
    let series = halves.get(field);
    if (series === undefined) halves.set(field, (series = new Map()));
    // The first window starts at the range's start, not at its bucket's.
    const time = Date.parse(String(tableMeta.get(values, '_time')));
    const t = time - (time % part.width);
    let half = series.get(t);
    if (half === undefined) series.set(t, (half = {}));
    half[stat] = Number(tableMeta.get(values, '_value'));
  }
  for (const [field, series] of halves) {
    const name = originalName(field);
    for (const [
      t,
      { min, max, mean, count, sum = mean === undefined ? undefined : mean * (count ?? 0) },
    ] of series)
      // What lacks one of them came, or was rolled up, just now; it is whole when it is read again.
      if (min !== undefined && max !== undefined && sum !== undefined && count !== undefined)
        add(rollup, name, t, { min, max, sum, count });
  }
}

/** The fields a device has in one of these. */
export async function readFields(
  api: QueryApi,
  places: readonly { readonly bucket: string; readonly measurement: string }[],
  deviceId: string,
): Promise<string[]> {
  const names = new Set<string>();
  for (const { bucket, measurement } of places) {
    const asked = flux`import "influxdata/influxdb/schema"
schema.fieldKeys(bucket: ${bucket}, predicate: (r) => r._measurement == ${measurement} and r.device == ${influxName(deviceId)}, start: ${at(ALL_TIME.from)})`;
    for await (const { values, tableMeta } of api.iterateRows(asked))
      names.add(originalName(String(tableMeta.get(values, '_value'))));
  }
  return [...names].sort();
}

export async function readTimestamps(
  api: QueryApi,
  bucket: string,
  deviceId: string,
  from: number,
  to: number,
): Promise<number[]> {
  const of = source({ bucket, measurement: MEASUREMENT, devices: [deviceId], from, to });
  const asked = flux`${of} |> keep(columns: ["_time"]) |> group() |> unique(column: "_time") |> sort(columns: ["_time"])`;
  const times: number[] = [];
  for await (const { values, tableMeta } of api.iterateRows(asked))
    times.push(Date.parse(String(tableMeta.get(values, '_time'))));
  return times;
}

/** The newest sample of each device: the fields that have the newest time. */
export async function readLatest(api: QueryApi, bucket: string): Promise<Map<string, Sample>> {
  const asked = flux`${source({ bucket, measurement: MEASUREMENT, ...ALL_TIME })} |> last() |> keep(columns: ["_time", "_value", "_field", "device"])`;
  const samples = new Map<string, { t: number; values: Record<string, number> }>();
  for await (const { values, tableMeta } of api.iterateRows(asked)) {
    const device = originalName(String(tableMeta.get(values, 'device')));
    const t = Date.parse(String(tableMeta.get(values, '_time')));
    let sample = samples.get(device);
    if (sample !== undefined && t < sample.t) continue;
    if (sample === undefined || t > sample.t) samples.set(device, (sample = { t, values: {} }));
    sample.values[originalName(String(tableMeta.get(values, '_field')))] = Number(
      tableMeta.get(values, '_value'),
    );
  }
  return samples;
}

/** When the oldest sample was taken; undefined where there is none. */
export async function readOldest(api: QueryApi, bucket: string): Promise<number | undefined> {
  const asked = flux`${source({ bucket, measurement: MEASUREMENT, ...ALL_TIME })} |> first() |> keep(columns: ["_time"]) |> group() |> min(column: "_time")`;
  for await (const { values, tableMeta } of api.iterateRows(asked))
    return Date.parse(String(tableMeta.get(values, '_time')));
  return undefined;
}
