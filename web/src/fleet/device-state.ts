/** The state that a device is shown in: its dot, its word and its place in the list. */
import { alertReading, alertSentence, alertSubject } from '#protocol/alert-words.ts';
import type { Alert, Severity } from '#protocol/alerts.ts';
import type { Freshness } from '../stores/freshness.ts';
import type { State } from '../ui/state.ts';

/** Old values count before alerts: of a device that does not push, alerts say nothing about now. */
export function deviceState(freshness: Freshness, worst: Severity | undefined): State {
  return freshness === 'live' ? (worst ?? 'good') : freshness;
}

/** The alerts that fire on one device. */
export interface DeviceAlerts {
  readonly worst: Severity;
  readonly count: number;
  /** The newest of the worst severity: what to look at first. */
  readonly first: Alert;
  /** Field → its worst severity. */
  readonly byMetric: ReadonlyMap<string, Severity>;
}

const worse = (a: Severity | undefined, b: Severity): Severity =>
  a === 'critical' || b === 'critical' ? 'critical' : 'warning';

function comesFirst(alert: Alert, other: Alert): boolean {
  if (alert.severity !== other.severity) return alert.severity === 'critical';
  return alert.timestamp > other.timestamp;
}

/** Device id → the alerts that fire on it. */
export function alertsByDevice(alerts: readonly Alert[]): ReadonlyMap<string, DeviceAlerts> {
  interface Found {
    worst: Severity;
    count: number;
    first: Alert;
    readonly byMetric: Map<string, Severity>;
  }
  const found = new Map<string, Found>();
  for (const alert of alerts) {
    const { device_id, metric, severity } = alert;
    const known = found.get(device_id) ?? { worst: severity, count: 0, first: alert, byMetric: new Map() };
    known.worst = worse(known.worst, severity);
    known.count++;
    if (comesFirst(alert, known.first)) known.first = alert;
    known.byMetric.set(metric, worse(known.byMetric.get(metric), severity));
    found.set(device_id, known);
  }
  return found;
}

/** What is wrong with a machine, in a line: `CPU 97 %, above 90 %, and 2 more`. */
export function alertsWords({ first, count }: DeviceAlerts): string {
  const sentence = alertSentence(alertSubject(first), alertReading(first));
  return count === 1 ? sentence : `${sentence}, and ${count - 1} more`;
}
