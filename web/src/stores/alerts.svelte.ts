/** Active alerts, kept from the room `alerts`. */
import { isActive, type Alert } from '#protocol/alerts.ts';
import { alertsChange, alertsSnapshot } from '#protocol/live.ts';
import { isUnattended, mergeAlerts, sortedAlerts } from '../alerts/alert-list.ts';
import type { Live } from '../live/live.svelte.ts';

export class Alerts {
  /** The active alerts: those that need somebody first, then critical ones, then the newest. */
  active: readonly Alert[] = $state.raw([]);
  /** Whether `active` came from the server; false until the first snapshot. */
  ready: boolean = $state(false);
  /** Goes up with every snapshot. Pages that show past alerts fetch them again then. */
  snapshots: number = $state(0);
  /** The alerts that the last change raised, changed or resolved: for lists that show past alerts too. */
  changed: readonly Alert[] = $state.raw([]);
  readonly #live: Live;

  constructor(live: Live) {
    this.#live = live;
  }

  /** The active alerts that nobody has acknowledged and that nothing mutes. */
  get unattended(): readonly Alert[] {
    return this.active.filter(isUnattended);
  }

  /** How many critical alerts need somebody. */
  get criticalCount(): number {
    return this.unattended.filter(({ severity }) => severity === 'critical').length;
  }

  /** Takes alerts as they are now, from a reply or a live change. */
  apply(changed: readonly Alert[]): void {
    this.active = sortedAlerts(mergeAlerts(this.active, changed).filter(isActive));
    this.changed = changed;
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
        change: ({ alerts }) => this.apply(alerts),
      },
    );
    return () => {
      leave();
      this.active = [];
      this.ready = false;
    };
  }
}
