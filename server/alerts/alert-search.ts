/** Finds alerts by what they are about, and pages through what was found: the newest first. */
import { setImmediate as nextTick } from 'node:timers/promises';
import { alertSearchText } from '#protocol/alert-words.ts';
import { isActive, type Alert, type AlertState, type Severity } from '#protocol/alerts.ts';

export interface AlertFilter {
  readonly state: 'active' | 'all' | AlertState;
  readonly severity?: Severity | undefined;
  readonly deviceId?: string | undefined;
  readonly ruleId?: string | undefined;
  /** Alerts that were active at some time from `from` (inclusive) to `to` (exclusive), epoch milliseconds. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Words that must all stand in the alert's names, its field, its comments, or the names of those who wrote them. */
  readonly text?: string | undefined;
}

export interface AlertPage {
  readonly alerts: readonly Alert[];
  /** What to ask with for the next page; null where there is none. */
  readonly next: string | null;
}

function hasState(alert: Alert, state: AlertFilter['state']): boolean {
  if (state === 'all') return true;
  return state === 'active' ? isActive(alert) : alert.state === state;
}

/** A search pauses after so many milliseconds, so that one among a hundred thousand alerts delays no push. */
const SLICE_MS = 5;
/** After so many alerts it is seen how long the search took. */
const LOOK_EVERY = 64;

/** Whether the alert is one that the filter lets through, whatever its words are. */
function isSought(alert: Alert, filter: AlertFilter): boolean {
  const { severity, deviceId, ruleId, from = -Infinity, to = Infinity } = filter;
  if (!hasState(alert, filter.state)) return false;
  if (severity !== undefined && alert.severity !== severity) return false;
  if (deviceId !== undefined && alert.device_id !== deviceId) return false;
  if (ruleId !== undefined && alert.rule_id !== ruleId) return false;
  return alert.timestamp < to && (alert.resolved_at ?? Infinity) >= from;
}

function hasWords(alert: Alert, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = alertSearchText(alert);
  return words.every((word) => text.includes(word));
}

/** The newest first; alerts of the same millisecond by their ids, so that a page begins where the last one ended. */
function isBefore(a: Pick<Alert, 'timestamp' | 'id'>, b: Pick<Alert, 'timestamp' | 'id'>): boolean {
  return a.timestamp === b.timestamp ? a.id < b.id : a.timestamp > b.timestamp;
}

/** The alert that a page ended with; undefined for a cursor that this server did not make. */
function readCursor(cursor: string): Pick<Alert, 'timestamp' | 'id'> | undefined {
  const [, timestamp, id] = /^(\d{1,16})\.(.+)$/.exec(cursor) ?? [];
  return id === undefined ? undefined : { timestamp: Number(timestamp), id };
}

export interface AskedPage {
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** The alert as whoever asks is told of it; undefined where they are not. Words are sought in what they are told. */
  readonly told?: (alert: Alert) => Alert | undefined;
}

/**
 * Resolves with the newest `limit` of the alerts that the filter lets through, after the page that ended with `cursor`;
 * with undefined for a cursor that is none.
 */
export async function searchAlerts(
  alerts: readonly Alert[],
  filter: AlertFilter,
  { limit, cursor, told = (alert) => alert }: AskedPage,
): Promise<AlertPage | undefined> {
  const after = cursor === undefined ? undefined : readCursor(cursor);
  if (cursor !== undefined && after === undefined) return undefined;
  const words = (filter.text ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const found: Alert[] = [];
  let begun = performance.now();
  for (const [i, alert] of alerts.entries()) {
    if (i % LOOK_EVERY === 0 && performance.now() - begun >= SLICE_MS) {
      await nextTick();
      begun = performance.now();
    }
    if ((after !== undefined && !isBefore(after, alert)) || !isSought(alert, filter)) continue;
    const shown = told(alert);
    if (shown !== undefined && hasWords(shown, words)) found.push(alert);
  }
  const page = found.sort((a, b) => (isBefore(a, b) ? -1 : 1)).slice(0, limit);
  const last = page.at(-1);
  const next = found.length > page.length && last !== undefined ? `${last.timestamp}.${last.id}` : null;
  return { alerts: page.flatMap((alert) => told(alert) ?? []), next };
}
