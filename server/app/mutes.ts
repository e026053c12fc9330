/** Mutes: what hides the messages about an alert now, be it a silence, a maintenance, or a parent that is offline. */
import { isActive, type Alert, type Mute } from '#protocol/alerts.ts';
import { createDependencies } from '../alerts/dependencies.ts';
import { createNotifier, type Base } from './base.ts';
import type { Machines } from './machines.ts';
import { machineOf, type OpenSilences } from './silences.ts';

/** The capabilities that mutes use. */
export interface MutesNeeds {
  readonly machines: Machines;
  readonly silences: OpenSilences;
}

/** To be opened before alerting, so that it hears of an offline parent before the alerts do. */
export function openMutes({ state, clock }: Base, { machines, silences }: MutesNeeds) {
  const { devices } = state;
  const changed = createNotifier<void>();
  const dependencies = createDependencies({
    devices,
    isOffline(id) {
      const entry = machines.fleet.get(id);
      return entry?.status === 'offline' && entry.lastSeen !== null;
    },
    mutedBefore: state.alerts
      .all()
      .flatMap((alert) => (isActive(alert) && alert.muted?.by === 'dependency' ? [alert.muted.id] : [])),
    clock,
    onChange: changed.notify,
  });
  machines.statusChanged.listen(dependencies.statusChanged);
  machines.edited.listen(dependencies.edited);
  machines.removed.listen(dependencies.edited);
  silences.changed.listen(changed.notify);

  return {
    /** [A6] What hides the messages about such an alert now; null where nothing does. */
    muteOf(alert: Pick<Alert, 'device_id' | 'rule_id' | 'severity' | 'metric'>): Mute | null {
      const record = devices.get(alert.device_id);
      if (record === undefined) return null;
      return silences.silences.muteOf(machineOf(record), alert) ?? dependencies.muteOf(record.id, alert);
    },
    /** Notified when `muteOf` may answer otherwise. */
    changed,
    routes: [],
    stop: dependencies.stop,
  };
}

export type Mutes = ReturnType<typeof openMutes>;
