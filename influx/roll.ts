/**
 * Rolls up a range of samples inside InfluxDB: it reads them and writes their buckets; no sample is sent to
 * the server.
 */
import { flux, type QueryApi } from '@influxdata/influxdb-client';
import { HOUR, MINUTE } from '#protocol/span.ts';
import { QUARTER } from '../server/history/history.ts';
import type { InfluxBucket } from './buckets.ts';
import { eachRow, MEASUREMENT, source, STATS, windows } from './flux.ts';

export interface TierBuckets {
  readonly raw: InfluxBucket;
  readonly minutes: InfluxBucket;
  readonly quarters: InfluxBucket;
}

/** A range [from, to) of whole quarters of an hour, epoch milliseconds, of these devices or of all. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly devices?: readonly string[] | undefined;
}

/**
 * The time from which a bucket surely holds what is written to it, epoch milliseconds. It is an hour later
 * than the retention says, so that nothing expires between being written and being rolled up.
 */
export function heldFrom({ retentionMs }: InfluxBucket, now: number): number {
  return retentionMs === Infinity ? 0 : Math.ceil((now - retentionMs + HOUR) / QUARTER) * QUARTER;
}

/**
 * Makes the buckets of a span again from its samples, in both tiers. Repeating this gives the same buckets:
 * InfluxDB overwrites a point by one of the same series and time.
 */
export async function rollUp(
  api: QueryApi,
  buckets: TierBuckets,
  { from, to, devices }: Span,
  now: number,
): Promise<void> {
  const { raw, minutes, quarters } = buckets;
  const oldest = Math.max(from, heldFrom(quarters, now));
  // The minute tier no longer holds what lies before this time: that is rolled up into quarters directly.
  const minutesFrom = Math.min(to, Math.max(oldest, heldFrom(minutes, now)));
  const samples = { bucket: raw.name, rolledUp: false, devices };
  if (oldest < minutesFrom)
    await rollUpInto(api, { ...samples, from: oldest, to: minutesFrom }, quarters, QUARTER);
  if (minutesFrom >= to) return;
  const rollups = { bucket: minutes.name, rolledUp: true, devices };
  await rollUpInto(api, { ...samples, from: minutesFrom, to }, minutes, MINUTE);
  await rollUpInto(api, { ...rollups, from: minutesFrom, to }, quarters, QUARTER);
}

/** @param input what is read; `rolledUp` says whether its bucket holds buckets of a finer tier or samples */
async function rollUpInto(
  api: QueryApi,
  input: Span & { readonly bucket: string; readonly rolledUp: boolean },
  target: InfluxBucket,
  width: number,
): Promise<void> {
  const query = (floatsOnly: boolean) =>
    STATS.map((stat) => {
      const from = source(
        input.rolledUp ? { ...input, measurement: stat } : { ...input, measurement: MEASUREMENT, floatsOnly },
      );
      const by = input.rolledUp && stat === 'count' ? 'sum' : stat;
      // InfluxDB would send back all that `to` writes; `limit` and `filter` leave nothing of it.
      return flux`${from} |> ${windows(width, by)} |> set(key: "_measurement", value: ${stat}) |> to(bucket: ${target.name}) |> limit(n: 1) |> filter(fn: (r) => false) |> yield(name: ${stat})`;
    }).join('\n');
  await eachRow(api, query, () => () => undefined);
}
