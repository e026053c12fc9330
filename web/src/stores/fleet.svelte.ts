/** Every device with its newest values, kept from the room `fleet`. */
import type { Device, DeviceStatus } from '#protocol/api.ts';
import {
  fleetChange,
  fleetSnapshot,
  type FleetChange,
  type FleetColumns,
  type FleetSnapshot,
} from '#protocol/live.ts';
import { freshness, type Freshness } from './freshness.ts';
import type { Live } from '../live/live.svelte.ts';
import { latestOf, pointOf, RecentColumns, type RecentPoint } from './recent.ts';
import { Views } from './views.ts';

/** The fleet is followed this much longer than its last page is open, so that going back shows it at once. */
const LINGER_MS = 20_000;

/** One device of the fleet. A view that reads `device` or `latest` is updated when that one row changes. */
export class FleetRow {
  readonly id: string;
  /** The device but for its values: `metrics` is as old as the last other change, so read `latest`. */
  device: Device;
  /** Its newest values, replaced with every change; undefined before the first sample. */
  latest: RecentPoint | undefined = $state.raw();
  /** When its last push arrived, by the server's clock; null before the first. */
  seenAt: number | null = $state(null);
  /** The last points, without signals of their own: a view that reads `latest` too is updated with new ones. */
  readonly recent = new RecentColumns();

  constructor(device: Device) {
    this.id = device.device_id;
    this.device = $state.raw(device);
    this.seenAt = device.last_seen;
  }

  get name(): string {
    return this.device.name;
  }

  get status(): DeviceStatus {
    return this.device.status;
  }
}

export class Fleet {
  /** In the server's order; replaced only when devices are added or removed, and with a snapshot. */
  rows: readonly FleetRow[] = $state.raw([]);
  /** Whether `rows` came from the server; false until the first snapshot. */
  ready: boolean = $state(false);
  /** Goes up with every change of values, for views that draw all rows at once. */
  version: number = $state(0);
  readonly #live: Live;
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- `rows` tells of it; each row has signals of its own
  readonly #byId = new Map<string, FleetRow>();
  readonly #views = new Views({ start: () => this.#start(), lingerMs: LINGER_MS });

  constructor(live: Live) {
    this.#live = live;
  }

  /** Keeps the store current for one view until the returned function is called. */
  follow(): () => void {
    return this.#views.add();
  }

  /** Stops following and forgets everything, at once: the session is over. */
  stop(): void {
    this.#views.stop();
  }

  /** Every tag that a device has, sorted. */
  get tags(): string[] {
    // eslint-disable-next-line svelte/prefer-svelte-reactivity -- lives for this call only
    return [...new Set(this.rows.flatMap(({ device }) => device.tags))].sort();
  }

  get(deviceId: string): FleetRow | undefined {
    return this.#byId.get(deviceId);
  }

  /** Whether a row's values may be shown as live, by the link, the row and the clock. */
  freshness(row: FleetRow): Freshness {
    return freshness({
      status: row.status,
      link: this.#live.link,
      ageMs: row.seenAt === null ? null : this.#live.now - row.seenAt,
      intervalS: row.device.interval_s,
    });
  }

  #start(): () => void {
    const leave = this.#live.follow(
      'fleet',
      { snapshot: fleetSnapshot, change: fleetChange },
      {
        snapshot: (data) => this.#replace(data),
        change: (data, at) => this.#apply(data, at),
      },
    );
    return () => {
      leave();
      this.#byId.clear();
      this.rows = [];
      this.ready = false;
    };
  }

  #replace(snapshot: FleetSnapshot): void {
    // eslint-disable-next-line svelte/prefer-svelte-reactivity -- read here only
    const before = new Map(this.#byId);
    this.#byId.clear();
    for (const device of snapshot.devices) {
      const known = before.get(device.device_id);
      if (known) this.#byId.set(known.id, known);
      const row = this.#put(device);
      const recent = snapshot.recent[device.device_id];
      if (recent) row.recent.load(recent);
      const last = recent && recent.t.length > 0 ? pointOf(recent, recent.t.length - 1) : undefined;
      row.latest = last ?? latestOf(device);
    }
    this.rows = [...this.#byId.values()];
    this.ready = true;
    this.version++;
  }

  #apply({ removed = [], devices = [], values }: FleetChange, at: number): void {
    const before = this.#byId.size;
    for (const id of removed) this.#byId.delete(id);
    let added = false;
    for (const device of devices) {
      added ||= !this.#byId.has(device.device_id);
      this.#put(device);
    }
    if (added || this.#byId.size !== before) this.rows = [...this.#byId.values()];
    if (values) this.#values(values, at);
  }

  #put(device: Device): FleetRow {
    const existing = this.#byId.get(device.device_id);
    if (existing) {
      existing.device = device;
      existing.seenAt = device.last_seen;
      return existing;
    }
    const row = new FleetRow(device);
    row.latest = latestOf(device);
    this.#byId.set(row.id, row);
    return row;
  }

  #values(columns: FleetColumns, at: number): void {
    for (let i = 0; i < columns.id.length; i++) {
      const row = this.#byId.get(columns.id[i] ?? '');
      if (!row) continue;
      const point = pointOf(columns, i);
      row.recent.push(point);
      row.latest = point;
      row.seenAt = at;
    }
    this.version++;
  }
}
