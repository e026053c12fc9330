/** The paths of alerts and silences. Every method rejects as those of `api.ts`. Times are epoch milliseconds. */
import {
  alert,
  alertDetail,
  alertsReply,
  alertStatistics,
  type Alert,
  type AlertState,
  type Severity,
} from '#protocol/alerts.ts';
import {
  silence,
  silenceMatches,
  silencesReply,
  silenceWindowsReply,
  type silenceCreate,
  type silencePatch,
  type silenceScope,
} from '#protocol/silences.ts';
import type { z } from 'zod';
import { parsed, type Send } from './request.ts';

export type NewSilence = z.input<typeof silenceCreate>;
type SilencePatch = z.input<typeof silencePatch>;
type Scope = z.input<typeof silenceScope>;

/** Which alerts to look for; what is left out or empty narrows nothing. */
export interface AlertQuery {
  readonly state?: 'active' | 'all' | 'pending' | AlertState;
  readonly severity?: Severity | undefined;
  readonly device?: string;
  readonly rule?: string;
  readonly q?: string;
  readonly from?: number;
  readonly to?: number;
  readonly limit?: number;
  readonly cursor?: string | null;
}

/** The query as it stands in a URL, with its `?`; empty where it narrows nothing. */
export function alertQuery(query: AlertQuery): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  return search.size > 0 ? `?${search}` : '';
}

const id = encodeURIComponent;

export function alertsApi(send: Send) {
  const read = async (query: AlertQuery, signal?: AbortSignal) =>
    parsed(alertsReply, await send({ method: 'GET', path: `/alerts${alertQuery(query)}`, signal }));
  const change = async (method: 'POST' | 'DELETE', path: string, body?: unknown): Promise<Alert> =>
    parsed(alert, await send({ method, path, body }));

  return {
    async list(query: AlertQuery, signal?: AbortSignal) {
      return (await read(query, signal)).alerts;
    },
    /** The alerts, and what to ask with for more of them. */
    async page(query: AlertQuery, signal?: AbortSignal) {
      const { alerts, next = null } = await read(query, signal);
      return { alerts, next };
    },
    async pending(signal?: AbortSignal) {
      return (await read({ state: 'pending' }, signal)).pending ?? [];
    },
    async get(alertId: string, signal?: AbortSignal) {
      return parsed(alertDetail, await send({ method: 'GET', path: `/alerts/${id(alertId)}`, signal }));
    },
    async statistics(signal?: AbortSignal) {
      return parsed(alertStatistics, await send({ method: 'GET', path: '/alerts/statistics', signal }));
    },
    /** Resolves with the alerts as they are then. */
    async acknowledge(ids: readonly string[], comment = '') {
      const reply = await send({ method: 'POST', path: '/alerts/acknowledge', body: { ids, comment } });
      return parsed(alertsReply, reply).alerts;
    },
    unacknowledge: (alertId: string) => change('DELETE', `/alerts/${id(alertId)}/acknowledge`),
    comment: (alertId: string, text: string) => change('POST', `/alerts/${id(alertId)}/comments`, { text }),
  };
}

export function silencesApi(send: Send) {
  return {
    async list(signal?: AbortSignal) {
      return parsed(silencesReply, await send({ method: 'GET', path: '/silences', signal })).silences;
    },
    async windows({ from, to }: { from: number; to: number }, signal?: AbortSignal) {
      const path = `/silences/windows?from=${from}&to=${to}`;
      return parsed(silenceWindowsReply, await send({ method: 'GET', path, signal })).windows;
    },
    /** How many machines and active alerts the scope covers now. */
    async matches(scope: Scope, signal?: AbortSignal) {
      const reply = await send({ method: 'POST', path: '/silences/matches', body: { scope }, signal });
      return parsed(silenceMatches, reply);
    },
    async create(newSilence: NewSilence) {
      return parsed(silence, await send({ method: 'POST', path: '/silences', body: newSilence }));
    },
    async patch(silenceId: string, patch: SilencePatch) {
      const path = `/silences/${id(silenceId)}`;
      return parsed(silence, await send({ method: 'PATCH', path, body: patch }));
    },
    async remove(silenceId: string) {
      await send({ method: 'DELETE', path: `/silences/${id(silenceId)}` });
    },
  };
}
