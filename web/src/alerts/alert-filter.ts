/** Which alerts the page shows: kept in the URL, read and written here. */
import { alertSearchText } from '#protocol/alert-words.ts';
import type { Alert, Severity } from '#protocol/alerts.ts';
import { isUnattended } from '#protocol/alerts.ts';

export type View = 'active' | 'pending' | 'history' | 'statistics';
export const VIEWS: readonly View[] = ['active', 'pending', 'history', 'statistics'];

export interface AlertFilter {
  readonly view: View;
  readonly severity: Severity | 'all';
  /** A machine's id; empty for all. */
  readonly device: string;
  /** Words that must all be found. */
  readonly q: string;
  /** Of the active alerts, only those that need somebody. */
  readonly unattended: boolean;
}

export function parseFilter(query: Pick<URLSearchParams, 'get'>): AlertFilter {
  const severity = query.get('severity');
  return {
    view: VIEWS.find((view) => view === query.get('view')) ?? 'active',
    severity: severity === 'critical' || severity === 'warning' ? severity : 'all',
    device: query.get('device') ?? '',
    q: query.get('q') ?? '',
    unattended: query.get('show') === 'unattended',
  };
}

/** The filter as it stands in the URL, with its `?`; empty for all active alerts. */
export function writeFilter({ view, severity, device, q, unattended }: AlertFilter): string {
  const query = new URLSearchParams();
  if (view !== 'active') query.set('view', view);
  if (severity !== 'all') query.set('severity', severity);
  if (device !== '') query.set('device', device);
  if (q !== '') query.set('q', q);
  if (unattended) query.set('show', 'unattended');
  return query.size > 0 ? `?${query}` : '';
}

/** Whether the filter narrows what its view shows. */
export function isNarrowed({ severity, device, q, unattended }: AlertFilter): boolean {
  return severity !== 'all' || device !== '' || q !== '' || unattended;
}

/** Whether the alert is one of those that are looked for. */
export function isShown(alert: Alert, { severity, device, q, view, unattended }: AlertFilter): boolean {
  if (severity !== 'all' && alert.severity !== severity) return false;
  if (device !== '' && alert.device_id !== device) return false;
  if (view === 'active' && unattended && !isUnattended(alert)) return false;
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const text = alertSearchText(alert);
  return words.every((word) => text.includes(word));
}
