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

type Moment = AlertMoment | NotedMoment;

function eventOf(moment: Moment, named: EventSources['named']): MachineEvent {
  if ('noted' in moment) return { ...moment.noted, device_name: moment.name, alert: null };
  const { at, kind } = moment;
  const { id, device_id, device_name, rule_name, severity } = named(moment.alert);
  const end = kind === 'alert_raised' ? 'raised' : 'resolved';
  const alert = { id, rule_name, severity };
  return { id: `${id}:${end}`, device_id, device_name, at, kind, before: '', now: '', alert };
}

/**
 * [S5] The newest moments of a hundred thousand, of which only those that may be among them are kept and compared: a heap
 * with the oldest of them on top. Of moments of one time, those that were offered first come first.
 */
class Newest {
  readonly #limit: number;
  readonly #heap: { readonly moment: Moment; readonly place: number }[] = [];
  #offered = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether a moment of this time would be kept. */
  takes(at: number): boolean {
    const [oldest] = this.#heap;
    return this.#heap.length < this.#limit || (oldest !== undefined && at > oldest.moment.at);
  }

  add(moment: Moment): void {
    const heap = this.#heap;
    const entry = { moment, place: this.#offered++ };
    if (heap.length < this.#limit) {
      heap.push(entry);
      this.#rise(heap.length - 1);
    } else if (this.takes(moment.at)) {
      heap[0] = entry;
      this.#sink(0);
    }
  }

  sorted(): Moment[] {
    return this.#heap
      .toSorted((a, b) => b.moment.at - a.moment.at || a.place - b.place)
      .map(({ moment }) => moment);
  }

  /** Whether the entry at `i` belongs above the one at `j`. */
  #isAbove(i: number, j: number): boolean {
    const [a, b] = [this.#heap[i], this.#heap[j]];
    if (a === undefined || b === undefined) return a !== undefined;
    return a.moment.at < b.moment.at || (a.moment.at === b.moment.at && a.place > b.place);
  }

  #swap(i: number, j: number): void {
    const [a, b] = [this.#heap[i], this.#heap[j]];
    if (a === undefined || b === undefined) return;
    this.#heap[i] = b;
    this.#heap[j] = a;
  }

  #rise(from: number): void {
    for (let i = from; i > 0;) {
      const parent = (i - 1) >> 1;
      if (!this.#isAbove(i, parent)) return;
      this.#swap(i, parent);
      i = parent;
    }
  }

  #sink(from: number): void {
    for (let i = from; ;) {
      const [left, right] = [2 * i + 1, 2 * i + 2];
      const least = this.#isAbove(right, left) ? right : left;
      if (!this.#isAbove(least, i)) return;
      this.#swap(i, least);
      i = least;
    }
  }
}

/** The newest `limit` events of the machines that the filter lets through, the newest first. */
export function searchEvents(
  { machines, eventsOf, alerts, named }: EventSources,
  { from, to, kinds, limit }: EventFilter,
): MachineEvent[] {
  const isKind = (kind: EventKind) => kinds.length === 0 || kinds.includes(kind);
  const found = new Newest(limit);
  const isSought = (at: number, kind: EventKind) => at >= from && at < to && found.takes(at) && isKind(kind);
  for (const { id, name } of machines)
    for (const noted of eventsOf(id)) {
      const { at, kind } = noted;
      if (isSought(at, kind)) found.add({ at, kind, noted, name });
    }
  const ids = new Set(machines.map(({ id }) => id));
  // The newest stand last: once they are found, the others are only looked at.
  for (const alert of alerts.toReversed()) {
    const { timestamp, resolved_at, device_id } = alert;
    if (!found.takes(Math.max(timestamp, resolved_at ?? timestamp)) || !ids.has(device_id)) continue;
    if (isSought(timestamp, 'alert_raised')) found.add({ at: timestamp, kind: 'alert_raised', alert });
    if (resolved_at !== null && isSought(resolved_at, 'alert_resolved'))
      found.add({ at: resolved_at, kind: 'alert_resolved', alert });
  }
  return found.sorted().map((moment) => eventOf(moment, named));
}
