/**
 * [L1] The rooms somebody is in: what each has gathered, and the number of its last message. A room begins with
 * its first member and ends with its last; changes for a room nobody is in are not even gathered.
 */
import {
  GATHER_MS,
  type AlertsSnapshot,
  type DeviceSnapshot,
  type Envelope,
  type FleetSnapshot,
  type RoomName,
} from '#protocol/live.ts';
import { AlertsGathered, DeviceGathered, FleetGathered, type Gathered } from './pending-changes.ts';

export type DeviceRoom = `device:${string}`;

/** What a new viewer of a room is shown first. */
export interface Snapshots {
  fleet(): FleetSnapshot;
  /** Undefined for an unknown device. */
  device(deviceId: string): DeviceSnapshot | undefined;
  alerts(): AlertsSnapshot;
}

interface Room {
  readonly name: RoomName;
  readonly gathered: Gathered<unknown>;
  seq: number;
}

export interface RoomsParts {
  readonly snapshots: Snapshots;
  readonly now: () => number;
  /** Sends to everybody in the room. */
  readonly publish: (change: Envelope<unknown>) => void;
}

export class Rooms {
  readonly #parts: RoomsParts;
  readonly #open = new Map<RoomName, Room>();
  readonly #changed = new Set<Room>();
  #fleet: FleetGathered | undefined;
  #alerts: AlertsGathered | undefined;
  readonly #devices = new Map<string, DeviceGathered>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: RoomsParts) {
    this.#parts = parts;
  }

  /** The room's gatherer where somebody is in it, marked as changed: the message goes out with the next round. */
  fleet(): FleetGathered | undefined {
    if (this.#fleet !== undefined) this.#touch('fleet');
    return this.#fleet;
  }

  alerts(): AlertsGathered | undefined {
    if (this.#alerts !== undefined) this.#touch('alerts');
    return this.#alerts;
  }

  device(deviceId: string): DeviceGathered | undefined {
    const gathered = this.#devices.get(deviceId);
    if (gathered !== undefined) this.#touch(`device:${deviceId}`);
    return gathered;
  }

  watching(deviceId: string): boolean {
    return this.#devices.has(deviceId);
  }

  /**
   * What a new member is shown: what was gathered goes out to the others first, so that the snapshot and the
   * number belong together. The caller MUST join the member within the same tick. Undefined: no such device.
   */
  enter(name: RoomName): Envelope<unknown> | undefined {
    const open = this.#open.get(name);
    if (open !== undefined) this.#flush(open);
    const data = this.#snapshot(name);
    if (data === undefined) return undefined;
    const room = open ?? this.#begin(name);
    return { room: name, seq: room.seq, at: this.#parts.now(), data };
  }

  /** Nobody is in it any more. */
  end(name: RoomName): void {
    const room = this.#open.get(name);
    if (room === undefined) return;
    this.#open.delete(name);
    this.#changed.delete(room);
    if (name === 'fleet') this.#fleet = undefined;
    else if (name === 'alerts') this.#alerts = undefined;
    else this.#devices.delete(name.slice('device:'.length));
  }

  /** Sends what every room has gathered. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const room of [...this.#changed]) this.#flush(room);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#changed.clear();
    this.#open.clear();
  }

  #snapshot(name: RoomName): FleetSnapshot | DeviceSnapshot | AlertsSnapshot | undefined {
    const { snapshots } = this.#parts;
    if (name === 'fleet') return snapshots.fleet();
    if (name === 'alerts') return snapshots.alerts();
    return snapshots.device(name.slice('device:'.length));
  }

  #begin(name: RoomName): Room {
    const room: Room = { name, gathered: this.#gatherer(name), seq: 0 };
    this.#open.set(name, room);
    return room;
  }

  #gatherer(name: RoomName): Gathered<unknown> {
    if (name === 'fleet') return (this.#fleet = new FleetGathered());
    if (name === 'alerts') return (this.#alerts = new AlertsGathered());
    const deviceId = name.slice('device:'.length);
    const gathered = new DeviceGathered(() => this.#parts.snapshots.device(deviceId)?.device);
    this.#devices.set(deviceId, gathered);
    return gathered;
  }

  #touch(name: RoomName): void {
    const room = this.#open.get(name);
    if (room === undefined) return;
    this.#changed.add(room);
    this.#timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  #flush(room: Room): void {
    this.#changed.delete(room);
    const data = room.gathered.take();
    if (data === undefined) return;
    room.seq += 1;
    this.#parts.publish({ room: room.name, seq: room.seq, at: this.#parts.now(), data });
  }
}
