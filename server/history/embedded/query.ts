/** Answers a query: chooses the tier and makes the asked buckets of what it holds. */
import { HOUR, MINUTE } from '#protocol/span.ts';
import {
  chooseTier,
  type Buckets,
  type HistoryQuery,
  type HistoryResult,
  type Retention,
} from '../history.ts';
import type { Registry } from './registry.ts';
import { tierStarts } from './retention.ts';
import { addBuckets, addSamples, type Rollup, type Series } from './rollup.ts';
import { BLOCK, type Tiers } from './tiers.ts';

export interface QueryParts {
  readonly query: HistoryQuery;
  readonly registry: Registry;
  readonly tiers: Tiers;
  readonly retention: Retention;
  /** Epoch milliseconds. */
  readonly now: number;
}

export function queryTiers({ query, registry, tiers, retention, now }: QueryParts): HistoryResult {
  const { tier, width, step } = chooseTier(query, tierStarts(retention, now));
  const device = registry.findDevice(query.deviceId);
  const fields = new Set(query.fields.flatMap((name) => registry.findFieldId(name) ?? []));
  if (device === undefined || fields.size === 0) return { step, series: new Map() };

  const oldest = Math.min(device.oldest * MINUTE, (tiers.firstSpan('raw') ?? Infinity) * MINUTE);
  const oldestHour = Math.min(oldest, (tiers.firstSpan('minutes') ?? Infinity) * HOUR);
  const oldestBlock = Math.min(oldestHour, (tiers.firstSpan('quarters') ?? Infinity) * BLOCK);
  const newest = (device.newest + 1) * MINUTE;
  /** The first span number of this width, and the one after the last, where the range can have data. */
  const spansWithData = (oldestTime: number, width: number): [number, number] => [
    Math.floor(Math.max(query.from, oldestTime) / width),
    Math.ceil(Math.min(query.to, newest) / width),
  ];

  const rollup: Rollup = new Map();
  if (tier === 'raw') {
    const [first, end] = spansWithData(oldest, MINUTE);
    for (let minute = first; minute < end; minute++) {
      const table = tiers.minuteTable(device.id, minute, fields);
      if (table !== undefined) addSamples(rollup, table, step, query.from, query.to);
    }
  } else if (tier === 'minutes') {
    const [first, end] = spansWithData(oldestHour, HOUR);
    const from = query.from - (query.from % width);
    for (let hour = first; hour < end; hour++)
      addBuckets(rollup, tiers.hourRollup(device.id, hour, fields), step, from, query.to);
  } else {
    const [first, end] = spansWithData(oldestBlock, BLOCK);
    const from = query.from - (query.from % width);
    for (let block = first; block < end; block++)
      addBuckets(rollup, tiers.blockRollup(device.id, block, fields), step, from, query.to);
  }
  const series = new Map<string, Buckets>();
  for (const name of query.fields) {
    const ofField = rollup.get(registry.findFieldId(name) ?? -1);
    if (ofField !== undefined) series.set(name, bucketsOf(ofField));
  }
  return { step, series };
}

function bucketsOf({ t, min, sum, max, count }: Series): Buckets {
  return { t, min, mean: sum.map((value, i) => value / (count[i] ?? 1)), max, count };
}
