/**
 * Samples older than those InfluxDB keeps one by one, as they come from a spool after days: rolled up here, for
 * there is no bucket that would take them. A page is a quarter of an hour of a device; it stays for a while
 * after its last sample, so that a bucket whose samples come in several writes counts each once.
 */
import { Point } from '@influxdata/influxdb-client';
import type { Sample } from '#protocol/sample.ts';
import { influxName } from './names.ts';
import { MINUTE, QUARTER } from '../server/history/history.ts';
import { add, type Rollup } from './rollup.ts';

interface Page {
  readonly deviceId: string;
  readonly quarter: number;
  readonly seen: Set<number>;
  /** Minutes. */
  readonly rollup: Rollup;
  buckets: number;
  touched: number;
}

export interface Pages {
  add(deviceId: string, sample: Sample, now: number): void;
  /** The minutes of a device's quarters. */
  of(deviceId: string, quarters: readonly number[]): Rollup;
  forget(deviceId: string): void;
  /** Lets go of pages that rest, and of the oldest ones beyond the limit, but for those that `keep` names. */
  trim(now: number, keep: (deviceId: string, quarter: number) => boolean): void;
  /** More is held than the limit: what is pending should be rolled up now. */
  readonly full: boolean;
}

const REST_MS = 10 * MINUTE;
/** Some 60 MB. */
const MOST_BUCKETS = 500_000;

const key = (deviceId: string, quarter: number) => `${quarter} ${deviceId}`;

export function createPages(most = MOST_BUCKETS): Pages {
  /** In the order in which they were touched. */
  const pages = new Map<string, Page>();
  let held = 0;

  function pageOf(deviceId: string, quarter: number, now: number): Page {
    const k = key(deviceId, quarter);
    const page = pages.get(k) ?? {
      deviceId,
      quarter,
      seen: new Set(),
      rollup: new Map(),
      buckets: 0,
      touched: now,
    };
    pages.delete(k);
    pages.set(k, page);
    page.touched = now;
    return page;
  }

  function drop(page: Page): void {
    if (pages.delete(key(page.deviceId, page.quarter))) held -= page.buckets;
  }

  return {
    add(deviceId, { t, values }, now) {
      const page = pageOf(deviceId, t - (t % QUARTER), now);
      if (page.seen.has(t)) return;
      page.seen.add(t);
      held -= page.buckets;
      const minute = t - (t % MINUTE);
      for (const [field, value] of Object.entries(values)) {
        if (page.rollup.get(field)?.has(minute) !== true) page.buckets++;
        add(page.rollup, field, minute, { min: value, max: value, sum: value, count: 1 });
      }
      held += page.buckets;
    },
    of(deviceId, quarters) {
      const rollup: Rollup = new Map();
      for (const quarter of quarters)
        for (const [field, series] of pages.get(key(deviceId, quarter))?.rollup ?? [])
          for (const [t, bucket] of series) add(rollup, field, t, bucket);
      return rollup;
    },
    forget(deviceId) {
      for (const page of [...pages.values()]) if (page.deviceId === deviceId) drop(page);
    },
    trim(now, keep) {
      for (const page of [...pages.values()]) {
        if (page.touched + REST_MS > now && held <= most) break;
        if (!keep(page.deviceId, page.quarter)) drop(page);
      }
    },
    get full() {
      return held > most;
    },
  };
}

/** A device's buckets as points of a tier. */
export function rollupPoints(deviceId: string, rollup: Rollup): Point[] {
  const points: Point[] = [];
  for (const [field, series] of rollup) {
    const name = influxName(field);
    for (const [t, { min, max, sum, count }] of series) {
      const point = (stat: string) => new Point(stat).tag('device', influxName(deviceId)).timestamp(t);
      points.push(
        point('min').floatField(name, min),
        point('max').floatField(name, max),
        point('sum').floatField(name, sum),
        point('count').intField(name, count),
      );
    }
  }
  return points;
}
