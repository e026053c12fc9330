/** Answers a query: chooses the tier, and reads from the samples what that tier does not hold yet. */
import type { QueryApi } from '@influxdata/influxdb-client';
import {
  chooseTier,
  type Buckets,
  type HistoryQuery,
  type HistoryResult,
} from '../server/history/history.ts';
import type { InfluxBuckets } from './buckets.ts';
import { readPart, type Part } from './read.ts';
import { heldFrom } from './roll.ts';
import { toBuckets, type Rollup } from './rollup.ts';
import type { Tiers } from './tiers.ts';

/** The choice where there are no tiers. */
const FROM_SAMPLES = { tier: 'raw', width: 1 } as const;

export interface QueryParts {
  readonly api: QueryApi;
  readonly buckets: InfluxBuckets;
  readonly tiers: Tiers | undefined;
  readonly query: HistoryQuery;
  /** Epoch milliseconds. */
  readonly now: number;
}

export async function queryTiers({ api, buckets, tiers, query, now }: QueryParts): Promise<HistoryResult> {
  const { deviceId, fields } = query;
  const all = buckets.tiers && { raw: buckets.raw, ...buckets.tiers };
  const { tier, width, step } =
    all === undefined || tiers === undefined
      ? { ...FROM_SAMPLES, step: query.step }
      : chooseTier(query, { raw: heldFrom(all.raw, now), minutes: heldFrom(all.minutes, now) });
  if (fields.length === 0 || query.to <= query.from) return { step, series: new Map() };
  const from = query.from - (query.from % width);
  const { to } = query;
  const samples = (first: number, end: number): Part => ({
    bucket: buckets.raw.name,
    holds: 'samples',
    ...{ deviceId, fields, width: step, from: first, to: end },
  });
  const rollup: Rollup = new Map();
  if (all === undefined || tiers === undefined || tier === 'raw') {
    await readPart(api, samples(from, to), rollup);
  } else {
    await tiers.rollUpLate(deviceId);
    const { mark } = tiers;
    const [first, end] = [Math.max(from, mark.from), Math.min(to, mark.to)];
    // Outside of the mark the samples are read: those from before the tiers existed, and the newest quarters
    // of an hour.
    const parts: Part[] = [
      samples(from, Math.min(to, mark.from)),
      { ...samples(first, end), bucket: all[tier].name, holds: 'rollups' },
      samples(Math.max(from, mark.to), to),
    ];
    await Promise.all(parts.map((part) => readPart(api, part, rollup)));
  }
  const series = new Map<string, Buckets>();
  for (const name of fields) {
    const ofField = rollup.get(name);
    if (ofField !== undefined) series.set(name, toBuckets(ofField));
  }
  return { step, series };
}
