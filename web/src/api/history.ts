/** The part of the HTTP API about what was: fields of many machines over time, and what happened to them. */
import { eventsReply, type EventKind } from '#protocol/events.ts';
import { type MachineScope } from '#protocol/machine-scope.ts';
import { manySeriesReply } from '#protocol/series.ts';
import { parsed, type Send } from './request.ts';

/** Times in epoch milliseconds. */
export interface ManySeriesQuery {
  readonly scope: MachineScope;
  /** Names of fields, or `mount:*:used` for all instances. */
  readonly fields: readonly string[];
  readonly from: number;
  readonly to: number;
  /** The width of a bucket, milliseconds; the server chooses where it is left out. */
  readonly step?: number | undefined;
  /** Only so many lines, those with the largest mean. */
  readonly top?: number | undefined;
  /** Two percentages, for a band over all lines. */
  readonly percentiles?: readonly [number, number] | undefined;
}

/** Times in epoch milliseconds. */
export interface EventsQuery {
  readonly scope: MachineScope;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Empty or left out: all kinds. */
  readonly kinds?: readonly EventKind[] | undefined;
  readonly limit?: number | undefined;
}

function scopeQuery({ devices, tags, name }: MachineScope): URLSearchParams {
  const query = new URLSearchParams();
  for (const device of devices) query.append('device', device);
  for (const tag of tags) query.append('tag', tag);
  if (name !== '') query.append('name', name);
  return query;
}

/** Adds those of the parameters that have a value. */
function addKnown(query: URLSearchParams, parameters: Readonly<Record<string, number | undefined>>): void {
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) query.append(name, String(value));
}

export function historyApi(send: Send) {
  return {
    async manySeries(asked: ManySeriesQuery, signal?: AbortSignal) {
      const { scope, fields, from, to, step, top, percentiles } = asked;
      const query = scopeQuery(scope);
      for (const field of fields) query.append('field', field);
      addKnown(query, { from, to, step, top });
      if (percentiles) query.append('percentiles', percentiles.join(','));
      return parsed(manySeriesReply, await send({ method: 'GET', path: `/series?${query}`, signal }));
    },
    /** Newest first. */
    async events({ scope, from, to, kinds = [], limit }: EventsQuery, signal?: AbortSignal) {
      const query = scopeQuery(scope);
      for (const kind of kinds) query.append('kind', kind);
      addKnown(query, { from, to, limit });
      return parsed(eventsReply, await send({ method: 'GET', path: `/events?${query}`, signal })).events;
    },
  };
}
