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
  /** The alert with the names of its rule and machine as they are now. */
  readonly named: (alert: Alert) => Alert;
}

interface AlertMoment {
  readonly at: number;
  readonly kind: 'alert_raised' | 'alert_resolved';
  readonly alert: Alert;
}

interface NotedMoment {
  readonly at: number;
  readonly kind: EventKind;
  readonly noted: DeviceEventRecord;
  readonly name: string;
}

function momentsOf(alert: Alert): AlertMoment[] {
  const raised = { at: alert.timestamp, kind: 'alert_raised', alert } as const;
  if (alert.resolved_at === null) return [raised];
  return [raised, { at: alert.resolved_at, kind: 'alert_resolved', alert }];
}

function eventOf(moment: AlertMoment | NotedMoment, named: EventSources['named']): MachineEvent {
  if ('noted' in moment) return { ...moment.noted, device_name: moment.name, alert: null };
  const { at, kind } = moment;
  const { id, device_id, device_name, rule_name, severity } = named(moment.alert);
  const end = kind === 'alert_raised' ? 'raised' : 'resolved';
  const alert = { id, rule_name, severity };
  return { id: `${id}:${end}`, device_id, device_name, at, kind, before: '', now: '', alert };
}

/** The newest first. [S5] Of a hundred thousand, only those that are taken are sorted as objects. */
function newest<Moment extends { readonly at: number }>(all: readonly Moment[], limit: number): Moment[] {
  const times = Float64Array.from(all, ({ at }) => at).sort();
  const from = times[times.length - limit] ?? -Infinity;
  return all
    .filter(({ at }) => at >= from)
    .sort((a, b) => b.at - a.at)
    .slice(0, limit);
}

/** The newest `limit` events of the machines that the filter lets through, the newest first. */
export function searchEvents(
  { machines, eventsOf, alerts, named }: EventSources,
  { from, to, kinds, limit }: EventFilter,
): MachineEvent[] {
  const isSought = ({ at, kind }: { readonly at: number; readonly kind: EventKind }) =>
    at >= from && at < to && (kinds.length === 0 || kinds.includes(kind));
  const ids = new Set(machines.map(({ id }) => id));
  const ofMachines = machines.flatMap(({ id, name }) =>
    eventsOf(id)
      .filter(isSought)
      .map((noted): NotedMoment => ({ at: noted.at, kind: noted.kind, noted, name })),
  );
  const ofAlerts = alerts.flatMap((alert) =>
    ids.has(alert.device_id) ? momentsOf(alert).filter(isSought) : [],
  );
  return newest([...ofMachines, ...ofAlerts], limit).map((moment) => eventOf(moment, named));
}
