/** A chart's question: which tier answers it, and its buckets. */
import {
  chooseTier,
  HOUR,
  MINUTE,
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
  readonly now: number;
}

export function queryTiers({ query, registry, tiers, retention, now }: QueryParts): HistoryResult {
  const { tier, width, step } = chooseTier(query, tierStarts(retention, now));
  const device = registry.find(query.deviceId);
  const fields = new Set(query.fields.flatMap((name) => registry.knownField(name) ?? []));
  if (device === undefined || fields.size === 0) return { step, series: new Map() };

  const oldest = Math.min(device.oldest * MINUTE, (tiers.first('raw') ?? Infinity) * MINUTE);
  const oldestHour = Math.min(oldest, (tiers.first('minutes') ?? Infinity) * HOUR);
  const oldestBlock = Math.min(oldestHour, (tiers.first('quarters') ?? Infinity) * BLOCK);
  const newest = (device.newest + 1) * MINUTE;
  const spans = (least: number, width: number): [number, number] => [
    Math.floor(Math.max(query.from, least) / width),
    Math.ceil(Math.min(query.to, newest) / width),
  ];

  const rollup: Rollup = new Map();
  if (tier === 'raw') {
    const [first, end] = spans(oldest, MINUTE);
    for (let minute = first; minute < end; minute++) {
      const table = tiers.minute(device.id, minute, fields);
      if (table !== undefined) addSamples(rollup, table, step, query.from, query.to);
    }
  } else if (tier === 'minutes') {
    const [first, end] = spans(oldestHour, HOUR);
    const from = query.from - (query.from % width);
    for (let hour = first; hour < end; hour++)
      addBuckets(rollup, tiers.hour(device.id, hour, fields), step, from, query.to);
  } else {
    const [first, end] = spans(oldestBlock, BLOCK);
    const from = query.from - (query.from % width);
    for (let block = first; block < end; block++)
      addBuckets(rollup, tiers.block(device.id, block, fields), step, from, query.to);
  }
  const series = new Map<string, Buckets>();
  for (const name of query.fields) {
    const found = rollup.get(registry.knownField(name) ?? -1);
    if (found !== undefined) series.set(name, buckets(found));
  }
  return { step, series };
}

function buckets({ t, min, sum, max, count }: Series): Buckets {
  return { t, min, mean: sum.map((value, i) => value / (count[i] ?? 1)), max };
}
