/**
 * One room as this page follows it [L1]: a snapshot, then changes numbered one after the other. Any other number is
 * a gap: the follower asks for a new snapshot, with at most one request under way. The wire and the timers are
 * handed in.
 */
import {
  joinParts,
  type Envelope,
  type RoomName,
  type SubscribeRefusal,
  type SubscribeReply,
  type Target,
} from '#protocol/live.ts';
import type { Wire } from './dial.ts';

/** What a room's follower is told. `at` is the server's clock, epoch milliseconds. */
export interface RoomHandlers<Snapshot = unknown, Change = unknown> {
  /** Replaces all that was known. */
  snapshot(data: Snapshot, at: number): void;
  change(data: Change, at: number): void;
  /** The room does not exist (any more), this user may not see it, or it would be too much. */
  missing?(code: SubscribeRefusal): void;
}

/** Runs `job` once after `ms` milliseconds; the returned function cancels it. */
export type After = (ms: number, job: () => void) => () => void;

/** An answer that takes longer than this counts as lost. */
export const ANSWER_MS = 4000;
/** Changes kept while a snapshot is under way, at most 25 a second; past that, another snapshot is cheaper. */
const HELD = 1024;
/** Repeated snapshots make an overload worse: each waits longer than the one before, up to this. */
const RESYNC_CAP_MS = 4000;
/** What was refused is asked for again after so long: the machine may be back, or there may be room for it. */
export const REFUSED_MS = 15_000;

type State =
  /** No connection. */
  | { readonly at: 'idle' }
  /** A snapshot was asked for; its parts so far and changes that arrive before its last one are held. */
  | { readonly at: 'asking'; readonly held: Envelope<unknown>[]; readonly parts: unknown[] }
  /** A snapshot will be asked for when the wait is over. */
  | { readonly at: 'waiting' }
  | { readonly at: 'synced'; seq: number }
  | { readonly at: 'missing' };

type Asking = Extract<State, { at: 'asking' }>;

export class RoomFollower {
  readonly #target: Target;
  /** The name that the server gave the room on this connection; undefined before its first reply. */
  #room: RoomName | undefined;
  readonly #handlers: RoomHandlers;
  readonly #after: After;
  #wire: Wire | undefined;
  #state: State = { at: 'idle' };
  #cancel: () => void = () => undefined;
  /** Snapshots asked for again since the room last stayed in sync for RESYNC_CAP_MS. */
  #resyncs = 0;

  constructor(target: Target, handlers: RoomHandlers, after: After) {
    this.#target = target;
    this.#handlers = handlers;
    this.#after = after;
  }

  /** The name under which its changes come; undefined before it is known. */
  get room(): RoomName | undefined {
    return this.#room;
  }

  /** The connection is open: asks for a snapshot. */
  connected(wire: Wire): void {
    this.#wire = wire;
    this.#resyncs = 0;
    this.#ask();
  }

  /** The connection is gone: answers and changes still under way are ignored. */
  disconnected(): void {
    this.#cancel();
    this.#wire = undefined;
    this.#room = undefined;
    this.#state = { at: 'idle' };
  }

  /** Nobody follows the room any more. */
  leave(): void {
    const [wire, room] = [this.#wire, this.#room];
    this.disconnected();
    wire?.unsubscribe(room ?? this.#target);
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
    const asking: Asking = { at: 'asking', held: [], parts: [] };
    this.#state = asking;
    const reply = (answer: SubscribeReply) => {
      if (this.#state !== asking) return;
      this.#answered(answer, asking, (room) => this.#await(() => wire.part(room, reply)));
    };
    this.#await(() => wire.subscribe(this.#target, reply));
  }

  /** Asks, and asks for a new snapshot where no answer comes in time. */
  #await(ask: () => void): void {
    this.#cancel();
    this.#cancel = this.#after(ANSWER_MS, () => this.#resync());
    ask();
  }

  #answered(answer: SubscribeReply, { held, parts }: Asking, askForPart: (room: RoomName) => void): void {
    this.#cancel();
    if (!answer.ok) {
      // The server knows nothing of a snapshot that it has begun to send.
      if (parts.length > 0) return this.#resync();
      this.#state = { at: 'missing' };
      this.#cancel = this.#after(REFUSED_MS, () => this.#ask());
      this.#handlers.missing?.(answer.code);
      return;
    }
    const { room, seq, data, at, left = 0 } = answer.snapshot;
    this.#room = room;
    parts.push(data);
    if (left > 0) return askForPart(room);
    this.#state = { at: 'synced', seq };
    this.#cancel = this.#after(RESYNC_CAP_MS, () => {
      this.#resyncs = 0;
    });
    this.#handlers.snapshot(parts.length === 1 ? data : joinParts(parts), at);
    // Held changes up to the snapshot's number are part of it; the later ones follow it.
    for (const envelope of held) if (envelope.room === room && envelope.seq > seq) this.change(envelope);
  }

  #resync(): void {
    const wait = this.#resyncs === 0 ? 0 : Math.min(RESYNC_CAP_MS, 250 * 2 ** (this.#resyncs - 1));
    this.#resyncs++;
    this.#cancel();
    if (wait === 0) return this.#ask();
    this.#state = { at: 'waiting' };
    this.#cancel = this.#after(wait, () => this.#ask());
  }
}
