/** One rolling up: InfluxDB reads a range of samples and writes their buckets; no sample travels. */
import { flux, type QueryApi } from '@influxdata/influxdb-client';
import { HOUR, MINUTE, QUARTER } from '../server/history/history.ts';
import type { Place } from './buckets.ts';
import { MEASUREMENT, source, STATS, windows } from './flux.ts';

export interface TierPlaces {
  readonly raw: Place;
  readonly minutes: Place;
  readonly quarters: Place;
}

/** Whole quarters of an hour, of these devices or of all. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly devices?: readonly string[] | undefined;
}

/**
 * From when on a bucket surely holds what is written to it. An hour short of its retention, so that nothing
 * expires between being written and being rolled up.
 */
export function heldFrom({ keptMs }: Place, now: number): number {
  return keptMs === Infinity ? 0 : Math.ceil((now - keptMs + HOUR) / QUARTER) * QUARTER;
}

/**
 * Makes the buckets of a span anew from the samples, in both tiers. The same span again gives the same buckets:
 * a point of InfluxDB is overwritten by one of the same series and time.
 */
export async function rollUp(
  api: QueryApi,
  places: TierPlaces,
  { from, to, devices }: Span,
  now: number,
): Promise<void> {
  const { raw, minutes, quarters } = places;
  const oldest = Math.max(from, heldFrom(quarters, now));
  const split = Math.min(to, Math.max(oldest, heldFrom(minutes, now)));
  const samples = { bucket: raw.bucket, rolled: false, devices };
  if (oldest < split) await run(api, { ...samples, from: oldest, to: split }, quarters, QUARTER);
  if (split >= to) return;
  await run(api, { ...samples, from: split, to }, minutes, MINUTE);
  await run(api, { bucket: minutes.bucket, rolled: true, devices, from: split, to }, quarters, QUARTER);
}

async function run(
  api: QueryApi,
  of: Span & { readonly bucket: string; readonly rolled: boolean },
  into: Place,
  width: number,
): Promise<void> {
  const statements = STATS.map((stat) => {
    const input = source({ ...of, measurement: of.rolled ? stat : MEASUREMENT });
    const by = of.rolled && stat === 'count' ? 'sum' : stat;
    // What `to` has written would be sent back.
    return flux`${input} |> ${windows(width, by)} |> set(key: "_measurement", value: ${stat}) |> to(bucket: ${into.bucket}) |> limit(n: 1) |> filter(fn: (r) => false) |> yield(name: ${stat})`;
  });
  for await (const row of api.iterateRows(statements.join('\n'))) void row;
}
