/** What the page of probes says of them. */
import type { PlaceState, ProbeKind, ProbeView } from '#protocol/probes.ts';
import { plural } from '../../format/messages.ts';
import type { State } from '../../ui/state.ts';

export const KIND_NAMES: Readonly<Record<ProbeKind, string>> = {
  http: 'Page (HTTP)',
  tcp: 'Port (TCP)',
  ping: 'Ping',
  dns: 'Name (DNS)',
};

export const PLACE_STATES: Readonly<Record<PlaceState, { readonly state: State; readonly word: string }>> = {
  up: { state: 'good', word: 'Up' },
  failing: { state: 'warning', word: 'Failing' },
  down: { state: 'critical', word: 'Down' },
  refused: { state: 'warning', word: 'Not allowed' },
  left_out: { state: 'warning', word: 'Too many probes' },
  waits: { state: 'waiting', word: 'Not tried yet' },
  offline: { state: 'offline', word: 'Machine offline' },
};

/** From how many machines it is tried, and how many of them see it: `2 of 3 machines`. */
export function placesWords({ on, counts }: Pick<ProbeView, 'on' | 'counts'>): string {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (!on) return 'Switched off';
  if (all === 0) return 'No machine';
  const up = counts.up ?? 0;
  return up === all
    ? plural(all, `${all} machine`, `${all} machines`)
    : plural(all, `${up} of ${all} machine`, `${up} of ${all} machines`);
}
