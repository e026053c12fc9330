/**
 * [L1] The open rooms, each with its pending change and the number of its last message. A room opens with its
 * first member and closes with its last one; no changes are gathered for a closed room.
 */
import {
  GATHER_MS,
  type AlertsSnapshot,
  type DeviceSnapshot,
  type Envelope,
  type FleetSnapshot,
  type RoomName,
} from '#protocol/live.ts';
import {
  PendingAlertsChange,
  PendingDeviceChange,
  PendingFleetChange,
  type PendingChange,
} from './pending-changes.ts';

/** Makes the snapshot that a new member of a room gets first. */
export interface Snapshots {
  fleet(): FleetSnapshot;
  /** Undefined for an unknown device. */
  device(deviceId: string): DeviceSnapshot | undefined;
  alerts(): AlertsSnapshot;
}

interface Room {
  readonly name: RoomName;
  readonly pending: PendingChange<unknown>;
  /** The number of the room's last message; 0 before the first. */
  seq: number;
}

export interface RoomsParts {
  readonly snapshots: Snapshots;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Sends a change to every member of its room. */
  readonly publish: (change: Envelope<unknown>) => void;
}

export class Rooms {
  readonly #parts: RoomsParts;
  readonly #rooms = new Map<RoomName, Room>();
  /** Rooms whose pending change has to be sent. */
  readonly #changed = new Set<Room>();
  #fleet: PendingFleetChange | undefined;
  #alerts: PendingAlertsChange | undefined;
  readonly #devices = new Map<string, PendingDeviceChange>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: RoomsParts) {
    this.#parts = parts;
  }

  /**
   * The pending change, for the caller to add to; it is sent within GATHER_MS. Undefined: the room is closed.
   */
  pendingFleet(): PendingFleetChange | undefined {
    if (this.#fleet !== undefined) this.#markChanged('fleet');
    return this.#fleet;
  }

  /** As `pendingFleet`. */
  pendingAlerts(): PendingAlertsChange | undefined {
    if (this.#alerts !== undefined) this.#markChanged('alerts');
    return this.#alerts;
  }

  /** As `pendingFleet`. */
  pendingDevice(deviceId: string): PendingDeviceChange | undefined {
    const pending = this.#devices.get(deviceId);
    if (pending !== undefined) this.#markChanged(`device:${deviceId}`);
    return pending;
  }

  isWatched(deviceId: string): boolean {
    return this.#devices.has(deviceId);
  }

  /**
   * Opens the room if needed, and returns the snapshot for a new member; undefined where the device is
   * unknown. The pending change is sent to the other members first, so that the snapshot and its number
   * belong together. The caller MUST join the member to the socket.io room within the same tick.
   */
  enter(name: RoomName): Envelope<unknown> | undefined {
    const openRoom = this.#rooms.get(name);
    if (openRoom !== undefined) this.#send(openRoom);
    const data = this.#snapshot(name);
    if (data === undefined) return undefined;
    const room = openRoom ?? this.#open(name);
    return { room: name, seq: room.seq, at: this.#parts.now(), data };
  }

  /** To be called when the last member has left the room. */
  close(name: RoomName): void {
    const room = this.#rooms.get(name);
    if (room === undefined) return;
    this.#rooms.delete(name);
    this.#changed.delete(room);
    if (name === 'fleet') this.#fleet = undefined;
    else if (name === 'alerts') this.#alerts = undefined;
    else this.#devices.delete(name.slice('device:'.length));
  }

  /** Sends the pending changes of all rooms now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const room of [...this.#changed]) this.#send(room);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#changed.clear();
    this.#rooms.clear();
  }

  #snapshot(name: RoomName): FleetSnapshot | DeviceSnapshot | AlertsSnapshot | undefined {
    const { snapshots } = this.#parts;
    if (name === 'fleet') return snapshots.fleet();
    if (name === 'alerts') return snapshots.alerts();
    return snapshots.device(name.slice('device:'.length));
  }

  #open(name: RoomName): Room {
    const room: Room = { name, pending: this.#createPending(name), seq: 0 };
    this.#rooms.set(name, room);
    return room;
  }

  #createPending(name: RoomName): PendingChange<unknown> {
    if (name === 'fleet') return (this.#fleet = new PendingFleetChange());
    if (name === 'alerts') return (this.#alerts = new PendingAlertsChange());
    const deviceId = name.slice('device:'.length);
    const pending = new PendingDeviceChange(() => this.#parts.snapshots.device(deviceId)?.device);
    this.#devices.set(deviceId, pending);
    return pending;
  }

  #markChanged(name: RoomName): void {
    const room = this.#rooms.get(name);
    if (room === undefined) return;
    this.#changed.add(room);
    this.#timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  #send(room: Room): void {
    this.#changed.delete(room);
    const data = room.pending.takeChange();
    if (data === undefined) return;
    room.seq += 1;
    this.#parts.publish({ room: room.name, seq: room.seq, at: this.#parts.now(), data });
  }
}
