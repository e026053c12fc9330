/**
 * What can be subscribed to. It finds the room that shows a target to somebody, and passes pushes and changes on to the
 * open rooms that show them.
 */
import type { Alert } from '#protocol/alerts.ts';
import type { Device } from '#protocol/api.ts';
import type { DeviceSnapshot, RoomName, Target } from '#protocol/live.ts';
import { valuesKey, type ValuesQuery } from '#protocol/values.ts';
import type { AcceptedPush, Log, Sight, SignedIn } from '../types.ts';
import {
  AlertsContent,
  DeviceContent,
  FleetContent,
  type ActiveAlerts,
  type Content,
  type FleetRows,
} from './content.ts';
import type { Place } from './rooms.ts';
import { ValuesContent, type Machines, type ShownIn } from './values-content.ts';
import { ValuesShares } from './values-shares.ts';

/** What snapshots are made of. */
export interface Snapshots {
  fleet(): FleetRows;
  /** Undefined for an unknown device. */
  device(deviceId: string): DeviceSnapshot | undefined;
  readonly alerts: ActiveAlerts;
  readonly machines: Machines;
}

export class Catalogue {
  readonly #snapshots: Snapshots;
  readonly #log: Log;
  readonly #fleets = new Set<FleetContent>();
  readonly #alerts = new Set<AlertsContent>();
  /** By device id: the room of people, and those of displays. */
  readonly #devices = new Map<string, Set<DeviceContent>>();
  readonly #values = new Set<ValuesContent>();
  readonly #shares = new ValuesShares();
  readonly #shownIn: ShownIn = new Map();
  /** The names of open rooms that the server has named, by what they show and to whom. */
  readonly #names = new Map<string, RoomName>();
  #named = 0;
  /** By device, the name and tags for which the open values queries were last asked whether they take it. */
  readonly #asked = new Map<string, Pick<Device, 'name' | 'tags'>>();

  constructor(snapshots: Snapshots, log: Log) {
    this.#snapshots = snapshots;
    this.#log = log;
  }

  /** Where the target is shown to this session; undefined where it may not see it. */
  place(target: Target, session: Pick<SignedIn, 'sessionId' | 'role' | 'sight'>): Place | undefined {
    const { sessionId, role, sight } = session;
    if (typeof target === 'object') return this.#valuesPlace(target.values, sight, sight?.key ?? sessionId);
    if (target === 'fleet') return this.#fleetPlace(sight);
    if (target === 'alerts') return this.#alertsPlace(sight, role === 'display');
    const deviceId = target.slice('device:'.length);
    return sight?.has(deviceId) === false ? undefined : this.#devicePlace(target, deviceId, sight);
  }

  pushAccepted({ deviceId, current }: Pick<AcceptedPush, 'deviceId' | 'current'>): void {
    const last = current.at(-1);
    if (last === undefined) return;
    for (const fleet of this.#fleets) fleet.addSample(deviceId, last);
    for (const values of this.#shownIn.get(deviceId) ?? []) values.addSamples(deviceId, current);
    for (const content of this.#devices.get(deviceId) ?? []) content.pushed(last);
  }

  deviceChanged(device: Device): void {
    for (const fleet of this.#fleets) fleet.addDevice(device);
    for (const content of this.#devices.get(device.device_id) ?? []) content.markChanged();
    this.#valuesDeviceChanged(device);
  }

  deviceRemoved(deviceId: string): void {
    for (const fleet of this.#fleets) fleet.removeDevice(deviceId);
    for (const content of this.#devices.get(deviceId) ?? []) content.markRemoved();
    this.#asked.delete(deviceId);
    for (const values of [...(this.#shownIn.get(deviceId) ?? [])]) values.deviceChanged(deviceId);
  }

  alertsChanged(alerts: readonly Alert[]): void {
    for (const content of this.#alerts) content.add(alerts);
  }

  /** [W1] Displays with this sight may see other devices now. */
  sightChanged(key: string): void {
    const devices = [...this.#devices.values()].flatMap((contents) => [...contents]);
    for (const content of [...this.#fleets, ...this.#alerts, ...this.#values, ...devices])
      if (content.sight?.key === key) content.sightChanged();
  }

  /** Whether the device's agent is to push every second. */
  isWatched(deviceId: string): boolean {
    if (this.#devices.has(deviceId)) return true;
    for (const values of this.#shownIn.get(deviceId) ?? []) if (values.isClose) return true;
    return false;
  }

  /** A device that nothing but its state changed of is told to those queries only that show it already. */
  #valuesDeviceChanged({ device_id: id, name, tags }: Device): void {
    if (this.#values.size === 0) return;
    const asked = this.#asked.get(id);
    const isSame = asked !== undefined && asked.name === name && asked.tags === tags;
    if (!isSame) this.#asked.set(id, { name, tags });
    const told = isSame ? (this.#shownIn.get(id) ?? []) : this.#values;
    for (const values of [...told]) values.deviceChanged(id);
  }

  #fleetPlace(sight: Sight | undefined): Place {
    const [key, name] = this.#nameFor('fleet', sight?.key ?? '');
    return {
      name,
      open: (room) => {
        const content = new FleetContent({ rows: this.#snapshots.fleet, sight, room, log: this.#log });
        return this.#keep(key, name, this.#fleets, content);
      },
    };
  }

  #alertsPlace(sight: Sight | undefined, isForDisplays: boolean): Place {
    const [key, name] = this.#nameFor('alerts', isForDisplays ? (sight?.key ?? 'accounts of displays') : '');
    return {
      name,
      open: (room) => {
        const { alerts } = this.#snapshots;
        const content = new AlertsContent({ alerts, isForDisplays, sight, room, log: this.#log });
        return this.#keep(key, name, this.#alerts, content);
      },
    };
  }

  #devicePlace(target: RoomName, deviceId: string, sight: Sight | undefined): Place {
    const key = `${target} ${sight?.key ?? ''}`;
    const name = sight === undefined ? target : (this.#names.get(key) ?? this.#nextName('seen'));
    return {
      name,
      open: (room) => {
        const contents = this.#devices.get(deviceId) ?? new Set();
        this.#devices.set(deviceId, contents);
        const read = () => this.#snapshots.device(deviceId);
        const content = new DeviceContent({ deviceId, read, sight, room });
        const kept = this.#keep(key, name, contents, content);
        return {
          content,
          close: () => {
            kept.close();
            if (contents.size === 0) this.#devices.delete(deviceId);
          },
        };
      },
    };
  }

  /** `opener`: whose share of the rooms it takes, should it open. */
  #valuesPlace(query: ValuesQuery, sight: Sight | undefined, opener: string): Place {
    const key = `values ${sight?.key ?? ''} ${valuesKey(query)}`;
    const name = this.#names.get(key) ?? this.#nextName('values');
    return {
      name,
      open: (room) => {
        if (!this.#shares.hasRoom(opener)) return undefined;
        const { machines } = this.#snapshots;
        const parts = { machines, sight, room, shownIn: this.#shownIn, log: this.#log };
        const content = new ValuesContent(query, parts);
        if (!this.#shares.hasRoom(opener, content.work)) {
          content.close();
          return undefined;
        }
        const { close } = this.#keep(key, name, this.#values, content);
        this.#shares.add(content, opener);
        return {
          content,
          close: () => {
            content.close();
            close();
            this.#shares.remove(content);
            if (this.#values.size === 0) this.#asked.clear();
          },
        };
      },
    };
  }

  /** What tells the room of these viewers (`of` is empty for people) from the others, and its name. */
  #nameFor(prefix: 'fleet' | 'alerts', of: string): [key: string, name: RoomName] {
    const key = `${prefix} ${of}`;
    return [key, of === '' ? prefix : (this.#names.get(key) ?? this.#nextName(prefix))];
  }

  #nextName(prefix: 'fleet' | 'alerts' | 'values' | 'seen'): RoomName {
    return `${prefix}:${(this.#named += 1)}`;
  }

  /** Keeps a content, and the name of its room, until the room closes. */
  #keep<Kind extends Content>(key: string, name: RoomName, contents: Set<Kind>, content: Kind) {
    this.#names.set(key, name);
    contents.add(content);
    const close = () => {
      this.#names.delete(key);
      contents.delete(content);
    };
    return { content, close };
  }
}
