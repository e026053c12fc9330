/**
 * The groups of alerts in memory, found by their place and by their alerts, over their collection. A group is changed
 * here first; it is stored once the messages that it says people were told are in the outbox.
 */
import type { Collection } from '../../state/collection.ts';
import type { AlertGroupRecord } from '../../state/records.ts';

/** A route tells of the alerts with one key together: there is at most one group of both. */
type Place = Pick<AlertGroupRecord, 'route_id' | 'key'>;
const placeOf = ({ route_id, key }: Place) => `${route_id}\n${key}`;

export class Groups {
  readonly #stored: Collection<AlertGroupRecord>;
  readonly #byId = new Map<string, AlertGroupRecord>();
  /** The id of the group at a place. */
  readonly #ids = new Map<string, string>();
  /** The ids of the groups that an alert is in, by its id. */
  readonly #ofAlert = new Map<string, Set<string>>();
  /** The ids of groups that are not stored as they are. */
  readonly #unstored = new Set<string>();

  constructor(stored: Collection<AlertGroupRecord>) {
    this.#stored = stored;
  }

  all(): readonly AlertGroupRecord[] {
    return [...this.#byId.values()];
  }

  get(id: string): AlertGroupRecord | undefined {
    return this.#byId.get(id);
  }

  at(place: Place): AlertGroupRecord | undefined {
    return this.#byId.get(this.#ids.get(placeOf(place)) ?? '');
  }

  /** The ids of the groups that the alert is in. */
  ofAlert(alertId: string): Iterable<string> {
    return this.#ofAlert.get(alertId) ?? [];
  }

  has(alertId: string): boolean {
    return this.#ofAlert.has(alertId);
  }

  hasOf(alertId: string, routeId: string): boolean {
    for (const id of this.ofAlert(alertId)) if (this.#byId.get(id)?.route_id === routeId) return true;
    return false;
  }

  /** Adds a group, or replaces the one with its id. */
  set(group: AlertGroupRecord): void {
    const before = this.#byId.get(group.id);
    if (before === group) return;
    for (const id of Object.keys(before?.members ?? {}))
      if (!(id in group.members)) this.#leave(id, group.id);
    for (const id of Object.keys(group.members)) this.#enter(id, group.id);
    this.#byId.set(group.id, group);
    this.#ids.set(placeOf(group), group.id);
    this.#unstored.add(group.id);
  }

  end(group: AlertGroupRecord): void {
    for (const id of Object.keys(group.members)) this.#leave(id, group.id);
    this.#byId.delete(group.id);
    this.#ids.delete(placeOf(group));
    this.#unstored.delete(group.id);
    this.#stored.drop(group.id);
  }

  /** Stores the group as it is now, where it is not. */
  store(id: string): void {
    const group = this.#byId.get(id);
    if (group !== undefined && this.#unstored.delete(id)) this.#stored.keep(group);
  }

  /** Resolves when what was stored is on disk, or cannot be written now. */
  saved(): Promise<void> {
    return this.#stored.saved().catch(() => undefined);
  }

  #enter(alertId: string, groupId: string): void {
    const ids = this.#ofAlert.get(alertId) ?? new Set();
    this.#ofAlert.set(alertId, ids.add(groupId));
  }

  #leave(alertId: string, groupId: string): void {
    const ids = this.#ofAlert.get(alertId);
    ids?.delete(groupId);
    if (ids?.size === 0) this.#ofAlert.delete(alertId);
  }
}
