/**
 * One room as followed by this page [L1]: a snapshot, then changes numbered one after the other. Any other number
 * is a gap and asks for a new snapshot, with at most one request on its way. Effects are handed in: the wire, the
 * timers.
 */
import type { Envelope, RoomName } from '#protocol/live.ts';

/** Why a room cannot be followed. */
export type MissingCode = 'unknown_room' | 'not_found' | 'forbidden' | 'invalid';

/** What a room's follower wants to hear. `data` is not parsed yet; `at` is the server's clock. */
export interface RoomHandlers {
  /** Replaces all that was known. */
  snapshot(data: unknown, at: number): void;
  change(data: unknown, at: number): void;
  /** The room is not there (any more), or not for this user. */
  missing?(code: MissingCode): void;
}

export type SubscribeAnswer =
  | { readonly ok: true; readonly snapshot: Envelope<unknown> }
  | { readonly ok: false; readonly code: MissingCode };

/** What a room needs of a connection that is open. */
export interface RoomWire {
  subscribe(room: RoomName, reply: (answer: SubscribeAnswer) => void): void;
  unsubscribe(room: RoomName): void;
}

export interface Timers {
  /** Runs `job` once after `ms`; the returned function calls it off. */
  after(ms: number, job: () => void): () => void;
}

/** An answer that takes longer was lost. */
export const ANSWER_MS = 4000;
/** Changes kept while a snapshot is on its way; more than that and another snapshot is cheaper. */
const HELD = 256;
/** Snapshots in close succession make an overload worse: wait longer each time, up to this. */
const RESYNC_CAP_MS = 4000;

type State =
  /** No connection. */
  | { readonly at: 'idle' }
  /** A snapshot was asked for; changes that overtake it are held. */
  | { readonly at: 'asking'; readonly held: Envelope<unknown>[] }
  /** A snapshot will be asked for in a moment. */
  | { readonly at: 'waiting' }
  | { readonly at: 'synced'; seq: number }
  | { readonly at: 'missing' };

export class RoomFollower {
  readonly room: RoomName;
  readonly #handlers: RoomHandlers;
  readonly #timers: Timers;
  #wire: RoomWire | undefined;
  #state: State = { at: 'idle' };
  #callOff: () => void = () => undefined;
  /** Requests since the room was last followed in peace. */
  #troubles = 0;

  constructor(room: RoomName, handlers: RoomHandlers, timers: Timers) {
    this.room = room;
    this.#handlers = handlers;
    this.#timers = timers;
  }

  get synced(): boolean {
    return this.#state.at === 'synced';
  }

  /** The connection is open: asks for a snapshot. */
  connected(wire: RoomWire): void {
    this.#wire = wire;
    this.#troubles = 0;
    this.#ask();
  }

  /** The connection is gone: what is still on its way is ignored. */
  disconnected(): void {
    this.#callOff();
    this.#wire = undefined;
    this.#state = { at: 'idle' };
  }

  /** Nobody wants the room any more. */
  leave(): void {
    const wire = this.#wire;
    this.disconnected();
    wire?.unsubscribe(this.room);
  }

  /** A change of this room arrived. */
  change(envelope: Envelope<unknown>): void {
    const state = this.#state;
    if (state.at === 'asking') {
      if (state.held.length < HELD) state.held.push(envelope);
      return;
    }
    if (state.at !== 'synced') return;
    if (envelope.seq !== state.seq + 1) return this.#resync();
    state.seq = envelope.seq;
    this.#handlers.change(envelope.data, envelope.at);
  }

  #ask(): void {
    const wire = this.#wire;
    if (!wire) return;
    const asking: State = { at: 'asking', held: [] };
    this.#callOff();
    this.#state = asking;
    this.#callOff = this.#timers.after(ANSWER_MS, () => this.#resync());
    wire.subscribe(this.room, (answer) => {
      if (this.#state === asking) this.#answered(answer, asking.held);
    });
  }

  #answered(answer: SubscribeAnswer, held: readonly Envelope<unknown>[]): void {
    this.#callOff();
    if (!answer.ok) {
      this.#state = { at: 'missing' };
      this.#handlers.missing?.(answer.code);
      return;
    }
    const { seq, data, at } = answer.snapshot;
    this.#state = { at: 'synced', seq };
    this.#callOff = this.#timers.after(RESYNC_CAP_MS, () => {
      this.#troubles = 0;
    });
    this.#handlers.snapshot(data, at);
    // What overtook the snapshot: older numbers are in it already, newer ones follow it.
    for (const envelope of held) if (envelope.seq > seq) this.change(envelope);
  }

  #resync(): void {
    const wait = this.#troubles === 0 ? 0 : Math.min(RESYNC_CAP_MS, 250 * 2 ** (this.#troubles - 1));
    this.#troubles++;
    this.#callOff();
    if (wait === 0) return this.#ask();
    this.#state = { at: 'waiting' };
    this.#callOff = this.#timers.after(wait, () => this.#ask());
  }
}
