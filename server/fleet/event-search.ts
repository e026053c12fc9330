/** Finds events of machines: what the fleet noted of them, and the alerts that were raised and resolved. */
import type { Alert } from '#protocol/alerts.ts';
import type { EventKind, MachineEvent } from '#protocol/events.ts';
import type { Machine } from '#protocol/machine-scope.ts';
import type { DeviceEventRecord } from '../state/records.ts';

export interface EventFilter {
  /** Epoch milliseconds, inclusive. */
  readonly from: number;
  /** Epoch milliseconds, exclusive. */
  readonly to: number;
  /** Empty: all kinds. */
  readonly kinds: readonly EventKind[];
  readonly limit: number;
}

export interface EventSources {
  readonly machines: readonly Machine[];
  readonly eventsOf: (deviceId: string) => readonly DeviceEventRecord[];
  readonly alerts: readonly Alert[];
}

function alertEvents(alert: Alert): MachineEvent[] {
  const { id, device_id, device_name, rule_name, severity, timestamp, resolved_at } = alert;
  const base = { device_id, device_name, before: '', now: '', alert: { id, rule_name, severity } };
  const raised = { ...base, id: `${id}:raised`, at: timestamp, kind: 'alert_raised' } as const;
  if (resolved_at === null) return [raised];
  return [raised, { ...base, id: `${id}:resolved`, at: resolved_at, kind: 'alert_resolved' }];
}

/** The newest `limit` events of the machines that the filter lets through, the newest first. */
export function searchEvents(
  { machines, eventsOf, alerts }: EventSources,
  { from, to, kinds, limit }: EventFilter,
): MachineEvent[] {
  const isSought = ({ at, kind }: { readonly at: number; readonly kind: EventKind }) =>
    at >= from && at < to && (kinds.length === 0 || kinds.includes(kind));
  const ids = new Set(machines.map(({ id }) => id));
  const noted = machines.flatMap(({ id, name }) =>
    eventsOf(id)
      .filter(isSought)
      .map((event) => ({ ...event, device_name: name, alert: null })),
  );
  const ofAlerts = alerts
    .filter(({ device_id }) => ids.has(device_id))
    .flatMap(alertEvents)
    .filter(isSought);
  return [...noted, ...ofAlerts].toSorted((a, b) => b.at - a.at).slice(0, limit);
}
