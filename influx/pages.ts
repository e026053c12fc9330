/**
 * Rolls up samples that are older than the per-second samples InfluxDB keeps, as an agent's spool brings them
 * after days. They are rolled up in memory, because InfluxDB would drop them as expired. A page holds a
 * quarter of an hour of one device. It stays in memory for some minutes after its last sample, so that a
 * bucket whose samples come in several writes counts each of them exactly once.
 */
import type { Sample } from '#protocol/sample.ts';
import { fieldName, seriesOf, type Line } from './lines.ts';
import { MINUTE } from '#protocol/span.ts';
import { QUARTER } from '../server/history/history.ts';
import { STATS } from './flux.ts';
import { addBucket, type Rollup } from './rollup.ts';

interface Page {
  readonly deviceId: string;
  /** Start of the quarter of an hour, epoch milliseconds. */
  readonly quarter: number;
  /** Times of the samples that are counted already, epoch milliseconds. */
  readonly seen: Set<number>;
  /** Minute buckets. */
  readonly rollup: Rollup;
  /** Number of buckets in `rollup`. */
  bucketCount: number;
  /** When the last sample was added, epoch milliseconds. */
  touchedAt: number;
}

export interface Pages {
  add(deviceId: string, sample: Sample, now: number): void;
  /** The minute buckets of these quarters of a device. */
  rollupOf(deviceId: string, quarters: readonly number[]): Rollup;
  forgetDevice(deviceId: string): void;
  /**
   * Drops pages that got no sample for some minutes and, beyond the limit of memory, those that got none for
   * longest. Pages for which `keep` is true stay.
   */
  trim(now: number, keep: (deviceId: string, quarter: number) => boolean): void;
  /** Whether more is held than the limit; late samples should then be rolled up now. */
  readonly full: boolean;
}

/** How long a page stays after its last sample, in milliseconds. */
const KEEP_MS = 10 * MINUTE;
/** Takes about 60 MB. */
const MAX_BUCKETS = 500_000;

const key = (deviceId: string, quarter: number) => `${quarter} ${deviceId}`;

export function createPages(maxBuckets = MAX_BUCKETS): Pages {
  /** The least recently touched page comes first. */
  const pages = new Map<string, Page>();
  let heldBuckets = 0;

  function pageOf(deviceId: string, quarter: number, now: number): Page {
    const k = key(deviceId, quarter);
    const page = pages.get(k) ?? {
      deviceId,
      quarter,
      seen: new Set(),
      rollup: new Map(),
      bucketCount: 0,
      touchedAt: now,
    };
    pages.delete(k);
    pages.set(k, page);
    page.touchedAt = now;
    return page;
  }

  function drop(page: Page): void {
    if (pages.delete(key(page.deviceId, page.quarter))) heldBuckets -= page.bucketCount;
  }

  return {
    add(deviceId, { t, values }, now) {
      const page = pageOf(deviceId, t - (t % QUARTER), now);
      if (page.seen.has(t)) return;
      page.seen.add(t);
      heldBuckets -= page.bucketCount;
      const minute = t - (t % MINUTE);
      for (const [field, value] of Object.entries(values)) {
        if (page.rollup.get(field)?.has(minute) !== true) page.bucketCount++;
        addBucket(page.rollup, field, minute, { min: value, max: value, sum: value, count: 1 });
      }
      heldBuckets += page.bucketCount;
    },
    rollupOf(deviceId, quarters) {
      const rollup: Rollup = new Map();
      for (const quarter of quarters)
        for (const [field, series] of pages.get(key(deviceId, quarter))?.rollup ?? [])
          for (const [t, bucket] of series) addBucket(rollup, field, t, bucket);
      return rollup;
    },
    forgetDevice(deviceId) {
      for (const page of [...pages.values()]) if (page.deviceId === deviceId) drop(page);
    },
    trim(now, keep) {
      for (const page of [...pages.values()]) {
        if (page.touchedAt + KEEP_MS > now && heldBuckets <= maxBuckets) break;
        if (!keep(page.deviceId, page.quarter)) drop(page);
      }
    },
    get full() {
      return heldBuckets > maxBuckets;
    },
  };
}

/** A device's buckets as lines of a tier: four for each bucket. */
export function rollupLines(deviceId: string, rollup: Rollup): Line[] {
  const lines: Line[] = [];
  for (const stat of STATS) {
    const series = seriesOf(stat, deviceId);
    for (const [field, buckets] of rollup) {
      const name = fieldName(field);
      for (const [t, bucket] of buckets)
        lines.push({ series, fields: [[name, `${bucket[stat]}${stat === 'count' ? 'i' : ''}`]], t });
    }
  }
  return lines;
}
