/** Active alerts, kept from the room `alerts`. */
import { isActive, isUnattended, MOST_LIVE_ALERTS, worstAlerts, type Alert } from '#protocol/alerts.ts';
import { alertsChange, alertsSnapshot } from '#protocol/live.ts';
import { mergeAlerts, sortedAlerts } from '../alerts/alert-list.ts';
import type { Live } from '../live/live.svelte.ts';

export class Alerts {
  /**
   * The active alerts, of very many the worst: those that need somebody first, then critical ones, then the newest.
   */
  active: readonly Alert[] = $state.raw([]);
  /** How many alerts are active besides those in `active`. */
  more: number = $state(0);
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
    const active = mergeAlerts(this.active, changed).filter(isActive);
    // With each change there may be more than are kept. Cut seldom: it takes longer than to add some.
    this.active = sortedAlerts(active.length > 2 * MOST_LIVE_ALERTS ? worstAlerts(active) : active);
    this.changed = changed;
  }

  /** Keeps the store current until the returned function is called. */
  follow(): () => void {
    const leave = this.#live.follow(
      'alerts',
      { snapshot: alertsSnapshot, change: alertsChange },
      {
        snapshot: ({ alerts, total }) => {
          this.active = sortedAlerts(alerts);
          this.more = Math.max(0, total - alerts.length);
          this.ready = true;
          this.snapshots++;
        },
        change: ({ alerts, total }) => {
          this.apply(alerts);
          this.more = Math.max(0, total - this.active.length);
        },
      },
    );
    return () => {
      leave();
      this.active = [];
      this.more = 0;
      this.ready = false;
    };
  }
}
