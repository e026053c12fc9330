/** Active alerts, kept from the room `alerts`. */
import type { Alert } from '#protocol/api.ts';
import { alertsChange, alertsSnapshot } from '#protocol/live.ts';
import { mergeAlerts, sortedAlerts } from '../alerts/alert-list.ts';
import type { Live } from '../live/live.svelte.ts';

export class Alerts {
  /** What is firing: critical first, then the newest. */
  active: readonly Alert[] = $state.raw([]);
  /** Whether `active` is what the server said; false until the first snapshot. */
  ready: boolean = $state(false);
  /** Goes up with every snapshot: lists of history are to be fetched again. */
  snapshots: number = $state(0);
  /** Alerts of the last change, whole (raised, changed or resolved): for lists that hold history too. */
  changed: readonly Alert[] = $state.raw([]);
  readonly #live: Live;

  constructor(live: Live) {
    this.#live = live;
  }

  get criticalCount(): number {
    return this.active.filter(({ severity }) => severity === 'critical').length;
  }

  /** Keeps the store current until the returned function is called. */
  follow(): () => void {
    const leave = this.#live.follow(
      'alerts',
      { snapshot: alertsSnapshot, change: alertsChange },
      {
        snapshot: ({ alerts }) => {
          this.active = sortedAlerts(alerts);
          this.ready = true;
          this.snapshots++;
        },
        change: ({ alerts }) => {
          this.active = sortedAlerts(
            mergeAlerts(this.active, alerts).filter(({ state }) => state === 'firing'),
          );
          this.changed = alerts;
        },
      },
    );
    return () => {
      leave();
      this.active = [];
      this.ready = false;
    };
  }
}
