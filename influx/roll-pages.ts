/** Writes pages into the tiers, merged with the buckets that the tiers hold of the same time. */
import type { QueryApi } from '@influxdata/influxdb-client';
import type { InfluxBucket } from './buckets.ts';
import type { Line } from './lines.ts';
import { rollupLines, type Pages } from './pages.ts';
import { readPart } from './read.ts';
import { MINUTE } from '#protocol/span.ts';
import { QUARTER } from '../server/history/history.ts';
import { heldFrom, type TierBuckets } from './roll.ts';
import { completed, overlaid, widened, type Rollup } from './rollup.ts';

export interface PagesToRoll {
  readonly api: QueryApi;
  readonly buckets: TierBuckets;
  readonly write: (bucket: InfluxBucket, lines: readonly Line[]) => Promise<void>;
  readonly pages: Pick<Pages, 'rollupOf'>;
  readonly deviceId: string;
  /** Starts of the quarters of an hour, epoch milliseconds, ascending, within about a day. */
  readonly quarters: readonly number[];
  /** Epoch milliseconds. */
  readonly now: number;
}

export async function rollPages(parts: PagesToRoll): Promise<void> {
  const { buckets, pages, deviceId, now } = parts;
  const { minutes, quarters } = buckets;
  const kept = parts.quarters.filter((quarter) => quarter >= heldFrom(quarters, now));
  const [first, last] = [kept[0], kept.at(-1)];
  if (first === undefined || last === undefined) return;

  /** Merges `fresh` with what the bucket holds from `from` on, writes the result and returns it. */
  async function mergeInto(
    bucket: InfluxBucket,
    width: number,
    fresh: Rollup,
    from: number,
  ): Promise<Rollup> {
    const held: Rollup = new Map();
    const to = (last ?? from) + QUARTER;
    await readPart(parts.api, { bucket: bucket.name, holds: 'rollups', deviceId, from, to, width }, held);
    const merged = completed(fresh, held);
    await parts.write(bucket, rollupLines(deviceId, merged));
    return overlaid(held, merged);
  }

  // The minute tier no longer holds what lies before this time: that goes to the quarters only.
  const minutesFrom = heldFrom(minutes, now);
  let fresh = widened(
    pages.rollupOf(
      deviceId,
      kept.filter((quarter) => quarter < minutesFrom),
    ),
    QUARTER,
  );
  const newer = kept.filter((quarter) => quarter >= minutesFrom);
  if (newer[0] !== undefined) {
    const merged = await mergeInto(minutes, MINUTE, pages.rollupOf(deviceId, newer), newer[0]);
    fresh = overlaid(fresh, widened(merged, QUARTER));
  }
  await mergeInto(quarters, QUARTER, fresh, first);
}
