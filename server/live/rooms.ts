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
  type SubscribeReply,
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

/** How long, in milliseconds, a snapshot is given to every new member, with the changes since. */
const SHARED_MS = 1000;
/** With more changes than come in that time, a new snapshot is cheaper. */
const MAX_MISSED = SHARED_MS / GATHER_MS;

/** What a new member of a room is sent. */
export interface Entry {
  /** The reply with the snapshot, as JSON. */
  readonly reply: string;
  /** The changes since the snapshot, to be sent after it. */
  readonly missed: readonly Envelope<unknown>[];
}

interface SharedEntry extends Entry {
  /** When its snapshot was made, epoch milliseconds. */
  readonly madeAt: number;
  readonly missed: Envelope<unknown>[];
}

interface Room {
  readonly name: RoomName;
  readonly pending: PendingChange<unknown>;
  /** The number of the room's last message; 0 before the first. */
  seq: number;
  /** What new members get while it is fresh. */
  shared: SharedEntry | undefined;
  /** Closes the room, which has no members, when nothing fresh is left to share. */
  closing: NodeJS.Timeout | undefined;
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
   * Opens the room if needed, and returns what a new member is sent; undefined where the device is unknown. The
   * snapshot is made at most once in SHARED_MS. The caller MUST send the entry and join the member to the socket.io
   * room within the same tick.
   */
  enter(name: RoomName): Entry | undefined {
    const openRoom = this.#rooms.get(name);
    clearTimeout(openRoom?.closing);
    return this.#freshEntry(openRoom) ?? this.#makeEntry(name);
  }

  /** To be called when the last member has left the room. */
  close(name: RoomName): void {
    const room = this.#rooms.get(name);
    if (room === undefined) return;
    // A large snapshot is shared also with those who come right after the last member left.
    if (this.#freshEntry(room) !== undefined && !name.startsWith('device:'))
      room.closing = setTimeout(() => this.#remove(room), SHARED_MS);
    else this.#remove(room);
  }

  /** Sends the pending changes of all rooms now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const room of [...this.#changed]) this.#send(room);
  }

  stop(): void {
    clearTimeout(this.#timer);
    for (const room of this.#rooms.values()) clearTimeout(room.closing);
    this.#changed.clear();
    this.#rooms.clear();
  }

  /** The room's shared entry; undefined where it is too old, or the clock was set back since. */
  #freshEntry(room: Room | undefined): SharedEntry | undefined {
    if (room?.shared === undefined) return undefined;
    const age = this.#parts.now() - room.shared.madeAt;
    if (age < 0 || age >= SHARED_MS || room.shared.missed.length > MAX_MISSED) room.shared = undefined;
    return room.shared;
  }

  /** The pending change is sent to the members first, so that the snapshot and its number belong together. */
  #makeEntry(name: RoomName): SharedEntry | undefined {
    const openRoom = this.#rooms.get(name);
    if (openRoom !== undefined) this.#send(openRoom);
    const data = this.#snapshot(name);
    if (data === undefined) return undefined;
    const room = openRoom ?? this.#open(name);
    const madeAt = this.#parts.now();
    const snapshot: Envelope<unknown> = { room: name, seq: room.seq, at: madeAt, data };
    const reply = JSON.stringify({ ok: true, snapshot } satisfies SubscribeReply);
    return (room.shared = { reply, missed: [], madeAt });
  }

  #remove(room: Room): void {
    this.#rooms.delete(room.name);
    this.#changed.delete(room);
    if (room.name === 'fleet') this.#fleet = undefined;
    else if (room.name === 'alerts') this.#alerts = undefined;
    else this.#devices.delete(room.name.slice('device:'.length));
  }

  #snapshot(name: RoomName): FleetSnapshot | DeviceSnapshot | AlertsSnapshot | undefined {
    const { snapshots } = this.#parts;
    if (name === 'fleet') return snapshots.fleet();
    if (name === 'alerts') return snapshots.alerts();
    return snapshots.device(name.slice('device:'.length));
  }

  #open(name: RoomName): Room {
    const pending = this.#createPending(name);
    const room: Room = { name, pending, seq: 0, shared: undefined, closing: undefined };
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
    const change = { room: room.name, seq: room.seq, at: this.#parts.now(), data };
    this.#freshEntry(room)?.missed.push(change);
    this.#parts.publish(change);
  }
}
