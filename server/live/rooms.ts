/**
 * [L1] The open rooms, each with its pending change and the number of its last message. A room opens with its
 * first member and closes with its last one; no changes are gathered for a closed room.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import {
  GATHER_MS,
  type AlertsSnapshot,
  type DeviceSnapshot,
  type Envelope,
  type RoomName,
} from '#protocol/live.ts';
import type { Log } from '../types.ts';
import { FleetSnapshotMaker, type FleetRows } from './fleet-snapshot.ts';
import {
  PendingAlertsChange,
  PendingDeviceChange,
  PendingFleetChange,
  type PendingChange,
} from './pending-changes.ts';

/** Makes the snapshot that a new member of a room gets first. */
export interface Snapshots {
  fleet(): FleetRows;
  /** Undefined for an unknown device. */
  device(deviceId: string): DeviceSnapshot | undefined;
  alerts(): AlertsSnapshot;
}

/** How long, in milliseconds, a snapshot is given to every new member, with the changes since. */
const SHARED_MS = 1000;
/** With more changes than come in that time, a new snapshot is cheaper. */
const MAX_MISSED = SHARED_MS / GATHER_MS;

/**
 * Called with what a new member is sent; with undefined where the device is unknown, and with `failed` where an error
 * of the server prevents it: the member asks again later.
 */
export type Receive = (entry: Entry | undefined | 'failed') => void;

/** What a new member of a room is sent. */
export interface Entry {
  /** The replies with the parts of the snapshot, as JSON. */
  readonly replies: readonly string[];
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
  readonly hasMembers: (name: RoomName) => boolean;
  readonly log: Log;
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
  /** Those who wait for a snapshot of the fleet, in the order in which they came. */
  readonly #waiting: Receive[] = [];
  #isServing = false;
  /** From then on nothing is sent, also where a snapshot is still being made. */
  #isStopped = false;

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
   * Opens the room if needed, and calls `receive`, which MUST send the entry and join the member to the socket.io room
   * before it returns. A snapshot is made at most once in SHARED_MS. [S5] The fleet's is made in slices, and sent to
   * one new member in a tick; that of any other room is sent at once.
   */
  enter(name: RoomName, receive: Receive): void {
    if (name === 'fleet') {
      this.#waiting.push(receive);
      // It cannot reject: what may fail in it is guarded.
      if (!this.#isServing) void this.#serveFleet();
      return;
    }
    const openRoom = this.#rooms.get(name);
    clearTimeout(openRoom?.closing);
    receive(this.#guarded(name, () => this.#freshEntry(openRoom) ?? this.#makeEntry(name)));
  }

  /** To be called when the last member has left the room. */
  close(name: RoomName): void {
    const room = this.#rooms.get(name);
    if (room === undefined || (name === 'fleet' && this.#isServing)) return;
    // A large snapshot is shared also with those who come right after the last member left.
    if (this.#freshEntry(room) !== undefined && !name.startsWith('device:'))
      room.closing = setTimeout(() => this.#remove(room), SHARED_MS);
    else this.#remove(room);
  }

  /** Sends the pending changes of all rooms now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const room of [...this.#changed]) this.#guarded(room.name, () => this.#send(room));
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
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

  async #serveFleet(): Promise<void> {
    this.#isServing = true;
    while (this.#waiting.length > 0) {
      const entry = await this.#fleetEntry();
      const receive = this.#waiting.shift();
      this.#guarded('fleet', () => receive?.(entry));
      await nextTick();
    }
    this.#isServing = false;
    if (!this.#parts.hasMembers('fleet')) this.close('fleet');
  }

  async #fleetEntry(): Promise<Entry | undefined | 'failed'> {
    try {
      const room = this.#rooms.get('fleet') ?? this.#open('fleet');
      clearTimeout(room.closing);
      if (this.#freshEntry(room) === undefined) await this.#makeFleetEntry(room);
      return room.shared;
    } catch (error) {
      this.#fleet?.tell(undefined);
      return this.#failed('fleet', error);
    }
  }

  async #makeFleetEntry(room: Room): Promise<void> {
    const maker = new FleetSnapshotMaker(this.#parts.snapshots.fleet(), this.#parts.log);
    this.#fleet?.tell((deviceId) => maker.changed(deviceId));
    await maker.make((parts) => this.#share(room, parts));
    this.#fleet?.tell(undefined);
  }

  /** What `work` returns; `failed` after an error, which is logged: it must not reach the other members. */
  #guarded<T>(name: RoomName, work: () => T): T | 'failed' {
    try {
      return work();
    } catch (error) {
      return this.#failed(name, error);
    }
  }

  #failed(name: RoomName, error: unknown): 'failed' {
    this.#parts.log.error({ err: error, room: name }, 'a message of a live room could not be made');
    return 'failed';
  }

  #makeEntry(name: Exclude<RoomName, 'fleet'>): SharedEntry | undefined {
    const data = this.#snapshot(name);
    if (data === undefined) return undefined;
    return this.#share(this.#rooms.get(name) ?? this.#open(name), [JSON.stringify(data)]);
  }

  /**
   * `parts`: those of the snapshot of this moment, as JSON. The pending change is sent to the members first, so that the snapshot
   * and its number belong together.
   */
  #share(room: Room, parts: readonly string[]): SharedEntry {
    this.#send(room);
    const madeAt = this.#parts.now();
    const head = `"room":${JSON.stringify(room.name)},"seq":${room.seq},"at":${madeAt}`;
    const replies = parts.map((data, i) => {
      const left = parts.length - 1 - i;
      return `{"ok":true,"snapshot":{${head},${left > 0 ? `"left":${left},` : ''}"data":${data}}}`;
    });
    return (room.shared = { replies, missed: [], madeAt });
  }

  #remove(room: Room): void {
    this.#rooms.delete(room.name);
    this.#changed.delete(room);
    if (room.name === 'fleet') this.#fleet = undefined;
    else if (room.name === 'alerts') this.#alerts = undefined;
    else this.#devices.delete(room.name.slice('device:'.length));
  }

  #snapshot(name: Exclude<RoomName, 'fleet'>): DeviceSnapshot | AlertsSnapshot | undefined {
    const { snapshots } = this.#parts;
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
    if (this.#isStopped) return;
    this.#changed.delete(room);
    const data = room.pending.takeChange();
    if (data === undefined) return;
    room.seq += 1;
    const change = { room: room.name, seq: room.seq, at: this.#parts.now(), data };
    this.#freshEntry(room)?.missed.push(change);
    this.#parts.publish(change);
  }
}
