/** A chart's question: which tier answers it, and what must be read besides. */
import type { QueryApi } from '@influxdata/influxdb-client';
import {
  chooseTier,
  type Buckets,
  type HistoryQuery,
  type HistoryResult,
} from '../server/history/history.ts';
import type { Places } from './buckets.ts';
import { readPart, type Part } from './read.ts';
import { heldFrom } from './roll.ts';
import { toBuckets, type Rollup } from './rollup.ts';
import type { Tiers } from './tiers.ts';

/** Without tiers everything is read from the samples. */
const FROM_SAMPLES = { tier: 'raw', width: 1 } as const;

export interface QueryParts {
  readonly api: QueryApi;
  readonly places: Places;
  readonly tiers: Tiers | undefined;
  readonly query: HistoryQuery;
  readonly now: number;
}

export async function queryTiers({ api, places, tiers, query, now }: QueryParts): Promise<HistoryResult> {
  const { deviceId, fields } = query;
  const all = places.tiers && { raw: places.raw, ...places.tiers };
  const { tier, width, step } =
    all === undefined || tiers === undefined
      ? { ...FROM_SAMPLES, step: query.step }
      : chooseTier(query, { raw: heldFrom(all.raw, now), minutes: heldFrom(all.minutes, now) });
  if (fields.length === 0 || query.to <= query.from) return { step, series: new Map() };
  const from = query.from - (query.from % width);
  const { to } = query;
  const samples = (first: number, end: number): Part => ({
    bucket: places.raw.bucket,
    holds: 'samples',
    ...{ deviceId, fields, width: step, from: first, to: end },
  });
  const rollup: Rollup = new Map();
  if (all === undefined || tiers === undefined || tier === 'raw') {
    await readPart(api, samples(from, to), rollup);
  } else {
    await tiers.settle(deviceId);
    const { mark } = tiers;
    const [first, end] = [Math.max(from, mark.from), Math.min(to, mark.to)];
    // What is not rolled up yet: from before the tiers, and the last quarters of an hour.
    const parts: Part[] = [
      samples(from, Math.min(to, mark.from)),
      { ...samples(first, end), bucket: all[tier].bucket, holds: 'rollups' },
      samples(Math.max(from, mark.to), to),
    ];
    await Promise.all(parts.map((part) => readPart(api, part, rollup)));
  }
  const series = new Map<string, Buckets>();
  for (const name of fields) {
    const found = rollup.get(name);
    if (found !== undefined) series.set(name, toBuckets(found));
  }
  return { step, series };
}
