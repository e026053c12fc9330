/**
 * [L1] The open rooms, each with what it shows and the number of its last message. A room opens with its first member
 * and closes with its last one; no changes are gathered for a closed room.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import { GATHER_MS, type Envelope, type RoomName } from '#protocol/live.ts';
import type { Log } from '../types.ts';
import type { Content, RoomSide } from './content.ts';
import type { SnapshotParts } from './snapshot-maker.ts';

/** How long, in milliseconds, a snapshot is given to every new member, with the changes since. */
const SHARED_MS = 1000;
/** With more changes than come in that time, a new snapshot is cheaper. */
const MAX_MISSED = SHARED_MS / GATHER_MS;

/**
 * [S5] Sending pauses after so many milliseconds for what else the server has to do, such as pushes: hundreds of rooms may
 * have changed at once.
 */
const SLICE_MS = 10;

/** Called with what a new member is sent, or why it is sent nothing. */
export type Receive = (entry: Entry | NoEntry) => void;

/**
 * `forbidden`: there are as many rooms as may be. `failed`: an error of the server prevents it; the member asks again
 * later.
 */
export type NoEntry = Exclude<SnapshotParts, readonly string[]> | 'forbidden' | 'failed';

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

/** A room that may be open or not. */
export interface Place {
  readonly name: RoomName;
  /** What the room shows, when it opens; undefined where there are as many rooms as may be. */
  open(room: RoomSide): Opened | undefined;
}
interface Opened {
  readonly content: Content;
  /** Called when the room has closed. */
  readonly close: () => void;
}

interface Room extends Opened {
  readonly name: RoomName;
  /** The number of the room's last message; 0 before the first. */
  seq: number;
  /** What new members get while it is fresh. */
  shared: SharedEntry | undefined;
  /** Closes the room, which has no members, when nothing fresh is left to share. */
  closing: NodeJS.Timeout | undefined;
  /** Those who wait for a snapshot, in the order in which they came. */
  readonly waiting: Receive[];
  isServing: boolean;
}

export interface RoomsParts {
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
  #timer: NodeJS.Timeout | undefined;
  /** Of the rooms that wait to go on with their snapshots. */
  readonly #turns: (() => void)[] = [];
  /** From then on nothing is sent, also where a snapshot is still being made. */
  #isStopped = false;

  constructor(parts: RoomsParts) {
    this.#parts = parts;
  }

  /**
   * Opens the room if needed, and calls `receive`, which MUST send the entry and join the member to the socket.io room
   * before it returns. A snapshot is made at most once in SHARED_MS. [S5] It is sent to one new member of the room in a
   * tick.
   */
  enter(place: Place, receive: Receive): void {
    const room = this.#rooms.get(place.name) ?? this.#guarded(place.name, () => this.#open(place));
    if (room === undefined || room === 'failed') return receive(room ?? 'forbidden');
    clearTimeout(room.closing);
    room.waiting.push(receive);
    // It cannot reject: what may fail in it is guarded.
    if (!room.isServing) void this.#serve(room);
  }

  /** To be called when the last member has left the room. */
  close(name: RoomName): void {
    const room = this.#rooms.get(name);
    if (room === undefined || room.isServing) return;
    if (room.content.lingers && this.#freshEntry(room) !== undefined)
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
    for (const room of this.#rooms.values()) {
      clearTimeout(room.closing);
      room.waiting.length = 0;
    }
    this.#changed.clear();
    this.#rooms.clear();
  }

  /** Sends the pending changes, those that have waited for the longest first, for a slice of time. */
  #sendSlice(): void {
    this.#timer = undefined;
    const begun = performance.now();
    for (const room of this.#changed) {
      this.#guarded(room.name, () => this.#send(room));
      if (performance.now() - begun >= SLICE_MS) break;
    }
    if (this.#changed.size > 0) this.#timer ??= setTimeout(() => this.#sendSlice(), 0);
  }

  /** The room's shared entry; undefined where it is too old, or the clock was set back since. */
  #freshEntry(room: Room): SharedEntry | undefined {
    if (room.shared === undefined) return undefined;
    const age = this.#parts.now() - room.shared.madeAt;
    if (age < 0 || age >= SHARED_MS || room.shared.missed.length > MAX_MISSED) room.shared = undefined;
    return room.shared;
  }

  async #serve(room: Room): Promise<void> {
    room.isServing = true;
    while (room.waiting.length > 0) {
      const entry = await this.#entry(room);
      const receive = room.waiting.shift();
      this.#guarded(room.name, () => receive?.(entry));
      if (room.waiting.length > 0) await nextTick();
    }
    room.isServing = false;
    if (!this.#parts.hasMembers(room.name)) this.close(room.name);
  }

  async #entry(room: Room): Promise<Entry | NoEntry> {
    try {
      const fresh = this.#freshEntry(room);
      if (fresh !== undefined) return fresh;
      let entry: Entry | NoEntry = 'failed';
      await room.content.makeSnapshot((parts) => {
        entry = typeof parts === 'string' ? parts : this.#share(room, parts);
      });
      return entry;
    } catch (error) {
      return this.#failed(room.name, error);
    }
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

  /**
   * `parts`: those of the snapshot of this moment, as JSON. The pending change is sent to the members first, so that the
   * snapshot and its number belong together.
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

  /** One room goes on in each turn of the event loop, and hundreds of them one after another. */
  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#turns.push(resolve);
      if (this.#turns.length === 1) setImmediate(this.#nextTurn);
    });
  }

  readonly #nextTurn = (): void => {
    this.#turns.shift()?.();
    if (this.#turns.length > 0) setImmediate(this.#nextTurn);
  };

  #open(place: Place): Room | undefined {
    const opened = place.open({
      changed: () => this.#markChanged(place.name),
      renew: () => this.#renew(place.name),
      turn: () => this.#turn(),
    });
    if (opened === undefined) return undefined;
    const state = { seq: 0, shared: undefined, closing: undefined, waiting: [], isServing: false };
    const room: Room = { name: place.name, ...opened, ...state };
    this.#rooms.set(place.name, room);
    return room;
  }

  #remove(room: Room): void {
    this.#rooms.delete(room.name);
    this.#changed.delete(room);
    room.close();
  }

  #markChanged(name: RoomName): void {
    const room = this.#rooms.get(name);
    if (room === undefined) return;
    this.#changed.add(room);
    this.#timer ??= setTimeout(() => this.#sendSlice(), GATHER_MS);
  }

  /** Skips a number, so that every member asks for a new snapshot, which is made anew. */
  #renew(name: RoomName): void {
    const room = this.#rooms.get(name);
    if (room === undefined) return;
    room.content.takeChange();
    room.shared = undefined;
    room.seq += 1;
    this.#publish(room, {});
  }

  #send(room: Room): void {
    if (this.#isStopped) return;
    this.#changed.delete(room);
    const data = room.content.takeChange();
    if (data !== undefined) this.#publish(room, data);
  }

  #publish(room: Room, data: object): void {
    room.seq += 1;
    const change = { room: room.name, seq: room.seq, at: this.#parts.now(), data };
    this.#freshEntry(room)?.missed.push(change);
    this.#parts.publish(change);
  }
}
