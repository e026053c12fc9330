/** Keeps all alerts in their collection, with a limit for resolved ones, and the firing ones in memory. */
import { randomUUID } from 'node:crypto';
import type { Alert } from '#protocol/alerts.ts';
import type { Collection } from '../state/collection.ts';
import type { AlertRecord } from '../state/records.ts';

export type Resolution = NonNullable<Alert['resolution']>;
export type NewAlert = Omit<Alert, 'id' | 'others' | 'state' | 'resolved_at' | 'resolution'>;

export interface AlertBook {
  /** The firing alerts, in the order in which they were raised. */
  active(): readonly Alert[];
  /** The newest `limit` alerts, newest first, resolved ones included. */
  all(limit: number): readonly Alert[];
  /** Stores a new alert that fires now. */
  raise(alert: NewAlert): Alert;
  /** Stores what has changed in a firing alert: its names, or how many others it counts. Returns it as it is now. */
  change(alert: Alert, parts: Partial<Pick<Alert, 'rule_name' | 'device_name' | 'others'>>): Alert;
  /** Resolves a firing alert at `at` (epoch milliseconds); an alert that does not fire stays as it is. */
  resolve(alert: Alert, resolution: Resolution, at: number): void;
  /** The alerts that were raised or resolved since the last call, each once, in its current state. */
  takeChanges(): readonly Alert[];
}

/** `maxResolved`: how many resolved alerts are kept; past it, the oldest are removed. */
export function createAlertBook(alerts: Collection<AlertRecord>, maxResolved: number): AlertBook {
  const active = new Map<string, Alert>();
  /** The ids of the resolved alerts, oldest first. */
  const resolved: string[] = [];
  let changes = new Map<string, Alert>();
  for (const alert of alerts.all()) {
    if (alert.state === 'firing') active.set(alert.id, alert);
    else resolved.push(alert.id);
  }

  function put(alert: Alert): void {
    changes.set(alert.id, alert);
    alerts.keep(alert);
  }

  return {
    active: () => [...active.values()],
    all: (limit) => alerts.all().slice(-Math.max(1, limit)).reverse(),
    raise(newAlert) {
      const alert: Alert = {
        ...newAlert,
        id: randomUUID(),
        others: 0,
        state: 'firing',
        resolved_at: null,
        resolution: null,
      };
      active.set(alert.id, alert);
      put(alert);
      return alert;
    },
    change(alert, parts) {
      const changed = { ...alert, ...parts };
      active.set(alert.id, changed);
      put(changed);
      return changed;
    },
    resolve(alert, resolution, at) {
      if (!active.delete(alert.id)) return;
      put({ ...alert, others: 0, state: 'resolved', resolved_at: at, resolution });
      resolved.push(alert.id);
      while (resolved.length > maxResolved) {
        const oldest = resolved.shift();
        if (oldest !== undefined) alerts.drop(oldest);
      }
    },
    takeChanges() {
      const changed = [...changes.values()];
      changes = new Map();
      return changed;
    },
  };
}
