/** The rooms this page follows, over whatever connection there is. */
import type { Envelope, RoomName } from '#protocol/live.ts';
import { RoomFollower, type RoomHandlers, type RoomWire, type Timers } from './room.ts';

interface Entry {
  readonly follower: RoomFollower;
  readonly handlers: Set<RoomHandlers>;
}

export class Rooms {
  readonly #timers: Timers;
  readonly #entries = new Map<RoomName, Entry>();
  #wire: RoomWire | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Followers of the same room share one subscription; a later one makes it ask for its snapshot again. */
  subscribe(room: RoomName, handlers: RoomHandlers): () => void {
    const entry = this.#entries.get(room) ?? this.#add(room);
    entry.handlers.add(handlers);
    if (this.#wire) entry.follower.connected(this.#wire);
    return () => {
      if (!entry.handlers.delete(handlers) || entry.handlers.size > 0) return;
      this.#entries.delete(room);
      entry.follower.leave();
    };
  }

  /** A connection is open: every room asks for its snapshot. */
  connected(wire: RoomWire): void {
    this.#wire = wire;
    for (const { follower } of this.#entries.values()) follower.connected(wire);
  }

  disconnected(): void {
    this.#wire = undefined;
    for (const { follower } of this.#entries.values()) follower.disconnected();
  }

  change(envelope: Envelope<unknown>): void {
    this.#entries.get(envelope.room)?.follower.change(envelope);
  }

  #add(room: RoomName): Entry {
    const handlers = new Set<RoomHandlers>();
    const all: RoomHandlers = {
      snapshot: (data, at) => handlers.forEach((one) => one.snapshot(data, at)),
      change: (data, at) => handlers.forEach((one) => one.change(data, at)),
      missing: (code) => handlers.forEach((one) => one.missing?.(code)),
    };
    const entry = { follower: new RoomFollower(room, all, this.#timers), handlers };
    this.#entries.set(room, entry);
    return entry;
  }
}
