/** Writes pages into the tiers, merged with what these hold of the same time. */
import type { Point, QueryApi } from '@influxdata/influxdb-client';
import { rollupPoints, type Pages } from './pages.ts';
import { readPart } from './read.ts';
import { MINUTE, QUARTER } from '../server/history/history.ts';
import { heldFrom, type TierPlaces } from './roll.ts';
import { completed, overlaid, widened, type Rollup } from './rollup.ts';

export interface PagesToRoll {
  readonly api: QueryApi;
  readonly places: TierPlaces;
  readonly write: (bucket: string, points: readonly Point[]) => Promise<void>;
  readonly pages: Pick<Pages, 'of'>;
  readonly deviceId: string;
  /** Ascending, within a day or so. */
  readonly quarters: readonly number[];
  readonly now: number;
}

export async function rollPages(parts: PagesToRoll): Promise<void> {
  const { places, pages, deviceId, now } = parts;
  const { minutes, quarters } = places;
  const kept = parts.quarters.filter((quarter) => quarter >= heldFrom(quarters, now));
  const [first, last] = [kept[0], kept.at(-1)];
  if (first === undefined || last === undefined) return;

  async function complete(bucket: string, width: number, fresh: Rollup, from: number): Promise<Rollup> {
    const held: Rollup = new Map();
    const to = (last ?? from) + QUARTER;
    await readPart(parts.api, { bucket, holds: 'rollups', deviceId, from, to, width }, held);
    const whole = completed(fresh, held);
    await parts.write(bucket, rollupPoints(deviceId, whole));
    return overlaid(held, whole);
  }

  const split = heldFrom(minutes, now);
  let fresh = widened(
    pages.of(
      deviceId,
      kept.filter((quarter) => quarter < split),
    ),
    QUARTER,
  );
  const newer = kept.filter((quarter) => quarter >= split);
  if (newer[0] !== undefined) {
    const whole = await complete(minutes.bucket, MINUTE, pages.of(deviceId, newer), newer[0]);
    fresh = overlaid(fresh, widened(whole, QUARTER));
  }
  await complete(quarters.bucket, QUARTER, fresh, first);
}
