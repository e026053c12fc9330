/** The state that a device is shown in: its dot, its word and its place in the list. */
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
  /** Field → its worst severity. */
  readonly byMetric: ReadonlyMap<string, Severity>;
}

const worse = (a: Severity | undefined, b: Severity): Severity =>
  a === 'critical' || b === 'critical' ? 'critical' : 'warning';

/** Device id → the alerts that fire on it. */
export function alertsByDevice(alerts: readonly Alert[]): ReadonlyMap<string, DeviceAlerts> {
  const found = new Map<string, { worst: Severity; count: number; byMetric: Map<string, Severity> }>();
  for (const { device_id, metric, severity } of alerts) {
    const known = found.get(device_id) ?? { worst: severity, count: 0, byMetric: new Map() };
    known.worst = worse(known.worst, severity);
    known.count++;
    known.byMetric.set(metric, worse(known.byMetric.get(metric), severity));
    found.set(device_id, known);
  }
  return found;
}
