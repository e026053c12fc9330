/** Finds alerts by what they are about, and pages through what was found: the newest first. */
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

function isSought(alert: Alert, filter: AlertFilter, words: readonly string[]): boolean {
  const { severity, deviceId, ruleId, from = -Infinity, to = Infinity } = filter;
  if (!hasState(alert, filter.state)) return false;
  if (severity !== undefined && alert.severity !== severity) return false;
  if (deviceId !== undefined && alert.device_id !== deviceId) return false;
  if (ruleId !== undefined && alert.rule_id !== ruleId) return false;
  if (alert.timestamp >= to || (alert.resolved_at ?? Infinity) < from) return false;
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

/**
 * The newest `limit` of the alerts that the filter lets through, after the page that ended with `cursor`; undefined
 * for a cursor that is none.
 */
export function searchAlerts(
  alerts: readonly Alert[],
  filter: AlertFilter,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): AlertPage | undefined {
  const after = cursor === undefined ? undefined : readCursor(cursor);
  if (cursor !== undefined && after === undefined) return undefined;
  const words = (filter.text ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const found = alerts
    .filter((alert) => (after === undefined || isBefore(after, alert)) && isSought(alert, filter, words))
    .toSorted((a, b) => (isBefore(a, b) ? -1 : 1));
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const next = found.length > page.length && last !== undefined ? `${last.timestamp}.${last.id}` : null;
  return { alerts: page, next };
}
