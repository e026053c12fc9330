/** Alerts as they are kept: the active ones at hand, all of them in their collection, the resolved ones bounded. */
import { randomUUID } from 'node:crypto';
import type { Alert } from '#protocol/api.ts';
import type { Log } from '../types.ts';
import type { Collection } from '../state/collection.ts';
import type { AlertRecord } from '../state/records.ts';

export type Resolution = NonNullable<Alert['resolution']>;
export type NewAlert = Omit<Alert, 'id' | 'state' | 'resolved_at' | 'resolution'>;

export interface AlertBook {
  /** The firing ones, in the order they were raised. */
  active(): readonly Alert[];
  /** Newest first. */
  all(limit: number): readonly Alert[];
  raise(alert: NewAlert): Alert;
  resolve(alert: Alert, resolution: Resolution, at: number): void;
  /** What changed since this was last asked, each alert once, as it now is. */
  takeChanges(): readonly Alert[];
}

/** `keep`: how many resolved alerts stay. */
export function createAlertBook(alerts: Collection<AlertRecord>, keep: number, log: Log): AlertBook {
  const active = new Map<string, Alert>();
  const resolved: string[] = [];
  let changes = new Map<string, Alert>();
  for (const alert of alerts.all()) {
    if (alert.state === 'firing') active.set(alert.id, alert);
    else resolved.push(alert.id);
  }

  /** A write that fails loses nothing now: the collection's memory is right, and the next change writes again. */
  function written(write: Promise<void>, alertId: string): void {
    write.catch((error: unknown) => {
      log.error(
        { err: error, alert: alertId },
        'An alert could not be written to disk; check the data folder.',
      );
    });
  }

  function put(alert: Alert): void {
    changes.set(alert.id, alert);
    written(alerts.put(alert), alert.id);
  }

  return {
    active: () => [...active.values()],
    all: (limit) => alerts.all().slice(-Math.max(1, limit)).reverse(),
    raise(fresh) {
      const alert: Alert = {
        ...fresh,
        id: randomUUID(),
        state: 'firing',
        resolved_at: null,
        resolution: null,
      };
      active.set(alert.id, alert);
      put(alert);
      return alert;
    },
    resolve(alert, resolution, at) {
      if (!active.delete(alert.id)) return;
      put({ ...alert, state: 'resolved', resolved_at: at, resolution });
      resolved.push(alert.id);
      while (resolved.length > keep) {
        const oldest = resolved.shift();
        if (oldest !== undefined) written(alerts.remove(oldest), oldest);
      }
    },
    takeChanges() {
      const taken = [...changes.values()];
      changes = new Map();
      return taken;
    },
  };
}
