/**
 * What happened to devices, besides their numbers: when each joined, went online or offline, restarted, or came back
 * with another agent, address, host name or system. All times are epoch milliseconds by the server's clock.
 *
 * Nothing is written with a push: what is new is saved every few seconds. What kill -9 loses of online and offline is
 * made up for at the next start, from what the fleet then knows.
 */
import { randomUUID } from 'node:crypto';
import type { DeviceStatus } from '#protocol/api.ts';
import { fieldValue, type Inventory } from '#protocol/sample.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceEventRecord, DeviceRecord } from '../state/records.ts';
import type { AcceptedPush, Clock, StatusChange } from '../types.ts';

/**
 * [I8] How many events are kept of one device and of all. Going online and offline has a share of its own, so that a
 * network that fails for all machines does not push out when one of them got another system.
 */
const SHARES = {
  status: { device: 300, all: 20_000 },
  other: { device: 200, all: 10_000 },
} as const;
const SAVE_EVERY_MS = 5000;

type EventKind = DeviceEventRecord['kind'];

export interface DeviceEventsParts {
  readonly collection: Pick<Collection<DeviceEventRecord>, 'all' | 'keep' | 'drop'>;
  /** All devices as they are at the start. */
  readonly devices: readonly DeviceRecord[];
  /** What the fleet knows of a device at the start. */
  readonly fleetOf: (
    deviceId: string,
  ) => { readonly status: DeviceStatus; readonly lastSeen: number | null } | undefined;
  /** By device: the newest stored uptime, seconds. */
  readonly uptimes: ReadonlyMap<string, number>;
  readonly clock: Pick<Clock, 'now' | 'every'>;
}

export interface DeviceEvents {
  /** The events of one device in the order in which they were noticed, those of its status first. */
  of(deviceId: string): readonly DeviceEventRecord[];
  statusChanged(change: StatusChange): void;
  /** To be called with the record of a device that joined or changed. */
  recordChanged(record: DeviceRecord): void;
  /** [F4] These machines push as the device from now on; none: it is one machine again. `at`: epoch milliseconds. */
  sharedBy(deviceId: string, machines: readonly string[], at: number): void;
  pushAccepted(push: AcceptedPush): void;
  /** [I8] Forgets everything of the device. */
  deviceRemoved(deviceId: string): void;
  /** Gives the collection what it does not have yet. */
  stop(): void;
}

interface Bounds {
  readonly device: number;
  readonly all: number;
}

/** The newest events of one share, by device. */
class Shelf {
  readonly #bounds: Bounds;
  /** The oldest first. */
  readonly #events = new Map<string, DeviceEventRecord>();
  readonly #byDevice = new Map<string, DeviceEventRecord[]>();

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  get(id: string): DeviceEventRecord | undefined {
    return this.#events.get(id);
  }

  of(deviceId: string): readonly DeviceEventRecord[] {
    return this.#byDevice.get(deviceId) ?? [];
  }

  /** Adds an event; returns the ids of those that it pushes out. */
  add(event: DeviceEventRecord): string[] {
    const own = this.#byDevice.get(event.device_id) ?? [];
    own.push(event);
    this.#byDevice.set(event.device_id, own);
    this.#events.set(event.id, event);
    const dropped: string[] = [];
    if (own.length > this.#bounds.device) dropped.push(...this.#dropOldest(event.device_id));
    const [oldest] = this.#events.values();
    if (oldest && this.#events.size > this.#bounds.all) dropped.push(...this.#dropOldest(oldest.device_id));
    return dropped;
  }

  /** Drops all events of a device; returns their ids. */
  dropDevice(deviceId: string): string[] {
    const ids = this.of(deviceId).map(({ id }) => id);
    for (const id of ids) this.#events.delete(id);
    this.#byDevice.delete(deviceId);
    return ids;
  }

  #dropOldest(deviceId: string): string[] {
    const own = this.#byDevice.get(deviceId) ?? [];
    const oldest = own.shift();
    if (own.length === 0) this.#byDevice.delete(deviceId);
    if (oldest === undefined) return [];
    this.#events.delete(oldest.id);
    return [oldest.id];
  }
}

const isStatus = (kind: EventKind) => kind === 'online' || kind === 'offline';

/** `Debian 12 · 6.1.0-18`; without the kernel where that is not to be said. */
function systemText({ os_name, os_version, kernel }: Inventory, withKernel: boolean): string {
  const name = [os_name, os_version].filter(Boolean).join(' ');
  return [name, withKernel ? kernel : ''].filter(Boolean).join(' · ');
}

/**
 * What the device said of its system before and says now, in the same words. What it registered with words the system in
 * another way than its inventory, and is only compared with another registration.
 */
function systemTexts(before: DeviceRecord, after: DeviceRecord): readonly [string, string] {
  const [old, now] = [before.inventory, after.inventory];
  if (old.os_name === undefined && now.os_name === undefined) return [before.os, after.os];
  if (old.os_name === undefined || now.os_name === undefined) return ['', ''];
  const withKernel = old.kernel !== undefined && now.kernel !== undefined;
  return [systemText(old, withKernel), systemText(now, withKernel)];
}

/** What differs between two records of a device, as events. */
function changesBetween(before: DeviceRecord, after: DeviceRecord) {
  const pairs: readonly (readonly [EventKind, string, string])[] = [
    ['hostname', before.hostname, after.hostname],
    ['address', before.ip, after.ip],
    ['agent', before.inventory.agent_version ?? '', after.inventory.agent_version ?? ''],
    ['system', ...systemTexts(before, after)],
  ];
  // What was not known before has not changed.
  return pairs.filter(([, old, now]) => old !== now && old !== '' && now !== '');
}

export function createDeviceEvents(parts: DeviceEventsParts): DeviceEvents {
  const { collection, clock } = parts;
  const shelves = { status: new Shelf(SHARES.status), other: new Shelf(SHARES.other) };
  const unsaved = new Set<string>();
  const known = new Map(parts.devices.map((record) => [record.id, record]));
  /** By device: its uptime in the newest current sample, seconds. */
  const uptimes = new Map(parts.uptimes);
  /** [F4] The devices that several machines push as. */
  const shared = new Set<string>();

  function shelve(event: DeviceEventRecord): void {
    const shelf = isStatus(event.kind) ? shelves.status : shelves.other;
    for (const id of shelf.add(event)) unsaved.add(id);
  }

  function add(deviceId: string, kind: EventKind, at: number, [before, now] = ['', '']): void {
    const event = { id: randomUUID(), device_id: deviceId, kind, at, before, now };
    unsaved.add(event.id);
    shelve(event);
  }

  function save(): void {
    for (const id of unsaved) {
      const event = shelves.status.get(id) ?? shelves.other.get(id);
      if (event) collection.keep(event);
      else collection.drop(id);
    }
    unsaved.clear();
  }

  function lastStatus(deviceId: string): EventKind | undefined {
    return shelves.status.of(deviceId).at(-1)?.kind;
  }

  /** [F2] Adds what the last run of the server noticed and could not save: the device's status says it. */
  function catchUp(deviceId: string): void {
    const last = lastStatus(deviceId);
    const entry = parts.fleetOf(deviceId);
    if (last === undefined || entry === undefined || entry.status === last) return;
    add(deviceId, entry.status, entry.lastSeen ?? clock.now());
  }

  for (const event of collection.all())
    if (known.has(event.device_id)) shelve(event);
    else unsaved.add(event.id);
  for (const deviceId of known.keys()) catchUp(deviceId);
  const stopSaving = clock.every(save, SAVE_EVERY_MS);

  return {
    of: (deviceId) => [...shelves.status.of(deviceId), ...shelves.other.of(deviceId)],
    statusChanged({ deviceId, status, at }) {
      // [F2] After kill -9 the fleet may notice again what stands here already.
      if (lastStatus(deviceId) !== status) add(deviceId, status, at);
    },
    recordChanged(record) {
      const before = known.get(record.id);
      if (before === record) return;
      known.set(record.id, record);
      if (before === undefined) {
        add(record.id, 'joined', record.registered_at);
        return;
      }
      const at = clock.now();
      for (const [kind, old, now] of changesBetween(before, record)) add(record.id, kind, at, [old, now]);
      if (record.token_revoked_at !== null && before.token_revoked_at === null)
        add(record.id, 'token_revoked', record.token_revoked_at);
    },
    sharedBy(deviceId, machines, at) {
      const isNew = machines.length > 0 ? !shared.has(deviceId) : shared.delete(deviceId);
      if (machines.length > 0) shared.add(deviceId);
      if (isNew)
        add(deviceId, machines.length > 0 ? 'shared' : 'alone', at, ['', machines.join(', ').slice(0, 600)]);
    },
    pushAccepted({ deviceId, current, arrived, isShared }) {
      const newest = current.at(-1);
      // [F4] Of two machines that push as one device, each has an uptime of its own.
      const uptimeS = newest && isShared !== true ? fieldValue(newest, 'uptime_s') : undefined;
      if (uptimeS === undefined) return;
      const before = uptimes.get(deviceId);
      uptimes.set(deviceId, uptimeS);
      if (before !== undefined && uptimeS < before) add(deviceId, 'rebooted', arrived - uptimeS * 1000);
    },
    deviceRemoved(deviceId) {
      known.delete(deviceId);
      uptimes.delete(deviceId);
      shared.delete(deviceId);
      for (const shelf of Object.values(shelves))
        for (const id of shelf.dropDevice(deviceId)) unsaved.add(id);
    },
    stop() {
      stopSaving();
      save();
    },
  };
}
