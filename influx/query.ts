/** A chart's question: which tier answers it, and what must be read besides. */
import type { QueryApi } from '@influxdata/influxdb-client';
import type { Buckets, HistoryQuery, HistoryResult } from '../server/history/history.ts';
import type { Places } from './buckets.ts';
import { readPart, type Part } from './read.ts';
import { heldFrom, MINUTE, QUARTER, type TierPlaces } from './roll.ts';
import { toBuckets, type Rollup } from './rollup.ts';
import type { Tiers } from './tiers.ts';

type TierName = 'raw' | 'minutes' | 'quarters';

/** The coarsest tier that gives the step exactly; a coarser one where that no longer holds the range's start. */
function chooseTier({ from, step }: HistoryQuery, places: TierPlaces, now: number): TierName {
  const minutes = from >= heldFrom(places.minutes, now);
  if (step % QUARTER === 0) return 'quarters';
  if (step % MINUTE === 0) return minutes ? 'minutes' : 'quarters';
  if (from >= heldFrom(places.raw, now)) return 'raw';
  return minutes ? 'minutes' : 'quarters';
}

const RESOLUTION: Readonly<Record<TierName, number>> = { raw: 1, minutes: MINUTE, quarters: QUARTER };

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
  const tier = all === undefined || tiers === undefined ? 'raw' : chooseTier(query, all, now);
  const step = Math.ceil(query.step / RESOLUTION[tier]) * RESOLUTION[tier];
  if (fields.length === 0 || query.to <= query.from) return { step, series: new Map() };
  const from = query.from - (query.from % RESOLUTION[tier]);
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
