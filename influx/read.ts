/** The Flux behind each question, and its rows as plain values. Every name goes through the client's quoting. */
import { flux, fluxDateTime, fluxDuration, fluxExpression, type QueryApi } from '@influxdata/influxdb-client';
import type { Sample } from '#protocol/sample.ts';
import type { Buckets, HistoryQuery } from '../server/history/history.ts';
import { influxName, originalName } from './names.ts';
import { MEASUREMENT } from './write.ts';

const ALL_TIME = { from: 0, to: Date.UTC(2200, 0, 1) };

const at = (time: number) => fluxDateTime(new Date(time).toISOString());

function ofDevice(bucket: string, deviceId: string, from: number, to: number) {
  return fluxExpression(
    flux`from(bucket: ${bucket}) |> range(start: ${at(from)}, stop: ${at(to)}) |> filter(fn: (r) => r._measurement == ${MEASUREMENT} and r.device == ${influxName(deviceId)})`.toString(),
  );
}

interface Column {
  readonly t: number[];
  readonly value: number[];
}

/** Min, mean and max of each bucket, by field. */
export async function readBuckets(
  api: QueryApi,
  bucket: string,
  query: HistoryQuery,
): Promise<Map<string, Buckets>> {
  const { deviceId, from, to, step, fields } = query;
  if (fields.length === 0 || to <= from) return new Map();
  const chosen = fields.map((name) => flux`r._field == ${influxName(name)}`.toString()).join(' or ');
  const every = fluxDuration(`${step}ms`);
  const source = flux`data = ${ofDevice(bucket, deviceId, from, to)} |> filter(fn: (r) => ${fluxExpression(chosen)})
data |> aggregateWindow(every: ${every}, fn: min, createEmpty: false, timeSrc: "_start") |> yield(name: "min")
data |> aggregateWindow(every: ${every}, fn: mean, createEmpty: false, timeSrc: "_start") |> yield(name: "mean")
data |> aggregateWindow(every: ${every}, fn: max, createEmpty: false, timeSrc: "_start") |> yield(name: "max")`;
  const columns = new Map<string, Column>();
  for await (const { values, tableMeta } of api.iterateRows(source)) {
    const field = originalName(String(tableMeta.get(values, '_field')));
    const key = `${String(tableMeta.get(values, 'result'))} ${field}`;
    let column = columns.get(key);
    if (column === undefined) columns.set(key, (column = { t: [], value: [] }));
    // The first window starts at the range's start, not at its bucket's.
    const time = Date.parse(String(tableMeta.get(values, '_time')));
    column.t.push(time - (time % step));
    column.value.push(Number(tableMeta.get(values, '_value')));
  }
  const series = new Map<string, Buckets>();
  for (const name of fields) {
    const [min, mean, max] = ['min', 'mean', 'max'].map((result) => columns.get(`${result} ${name}`));
    if (min === undefined || mean === undefined || max === undefined) continue;
    series.set(name, { t: min.t, min: min.value, mean: mean.value, max: max.value });
  }
  return series;
}

export async function readFields(api: QueryApi, bucket: string, deviceId: string): Promise<string[]> {
  const source = flux`import "influxdata/influxdb/schema"
schema.fieldKeys(bucket: ${bucket}, predicate: (r) => r._measurement == ${MEASUREMENT} and r.device == ${influxName(deviceId)}, start: ${at(ALL_TIME.from)})`;
  const names: string[] = [];
  for await (const { values, tableMeta } of api.iterateRows(source))
    names.push(originalName(String(tableMeta.get(values, '_value'))));
  return names.sort();
}

export async function readTimestamps(
  api: QueryApi,
  bucket: string,
  deviceId: string,
  from: number,
  to: number,
): Promise<number[]> {
  const source = flux`${ofDevice(bucket, deviceId, from, to)} |> keep(columns: ["_time"]) |> group() |> unique(column: "_time") |> sort(columns: ["_time"])`;
  const times: number[] = [];
  for await (const { values, tableMeta } of api.iterateRows(source))
    times.push(Date.parse(String(tableMeta.get(values, '_time'))));
  return times;
}

/** The newest sample of each device: the fields that have the newest time. */
export async function readLatest(api: QueryApi, bucket: string): Promise<Map<string, Sample>> {
  const source = flux`from(bucket: ${bucket}) |> range(start: ${at(ALL_TIME.from)}, stop: ${at(ALL_TIME.to)}) |> filter(fn: (r) => r._measurement == ${MEASUREMENT}) |> last() |> keep(columns: ["_time", "_value", "_field", "device"])`;
  const samples = new Map<string, { t: number; values: Record<string, number> }>();
  for await (const { values, tableMeta } of api.iterateRows(source)) {
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
