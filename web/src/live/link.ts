/**
 * The live connection as kept by this page [L4]: dialled, listened to, given up when silent, dialled again, for
 * ever. It owns the rooms' followers. Effects are handed in: how to dial, the clock, the timers.
 */
import { SILENCE_MS, type ByeReason, type Envelope, type RoomName } from '#protocol/live.ts';
import { ServerClock } from './clock.ts';
import type { RoomHandlers, RoomWire, SubscribeAnswer, Timers } from './room.ts';
import { Rooms } from './rooms.ts';

/**
 * - `connecting`: the first attempt is under way.
 * - `live`: something was heard within SILENCE_MS.
 * - `stale`: open, but silent; being replaced.
 * - `lost`: no connection; dialling.
 */
export type LinkState = 'connecting' | 'live' | 'stale' | 'lost';

/** What a connection tells. After `close()` of its wire it tells nothing more. */
export interface WireEvents {
  open(): void;
  /** The attempt failed or the connection ended. */
  closed(): void;
  change(envelope: Envelope<unknown>): void;
  pulse(at: number): void;
  bye(reason: ByeReason): void;
}

export interface Wire extends RoomWire {
  close(): void;
}

/** Begins a connection. MUST NOT call `events` before it returns. */
export type Dial = (events: WireEvents) => Wire;

export interface LinkEffects extends Timers {
  readonly dial: Dial;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  readonly changed: (state: LinkState) => void;
  /** The server refused or ended a connection: the session may be over. Whoever knows better calls `stop`. */
  readonly doubted: () => void;
}

/** An attempt that takes longer is given up. */
const DIAL_MS = 5000;
const FIRST_RETRY_MS = 1000;
const RETRY_CAP_MS = 10_000;

/** How long to wait before attempt `attempt` (0 first): half fixed, half random, doubling up to the cap. */
export function retryDelay(attempt: number, random: number): number {
  const most = Math.min(RETRY_CAP_MS, FIRST_RETRY_MS * 2 ** attempt);
  return most / 2 + (most / 2) * random;
}

const nothing = () => undefined;

export class Link {
  readonly clock = new ServerClock();
  readonly #effects: LinkEffects;
  readonly #rooms: Rooms;
  #running = false;
  #state: LinkState = 'connecting';
  #wire: Wire | undefined;
  #open = false;
  #attempt = 0;
  #heardAt = 0;
  #callOff: () => void = nothing;

  constructor(effects: LinkEffects) {
    this.#effects = effects;
    this.#rooms = new Rooms(effects);
  }

  get state(): LinkState {
    return this.#state;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#attempt = 0;
    this.#become('connecting');
    this.#dial();
  }

  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#drop();
    this.#become('connecting');
  }

  /** The network or the page came back: no reason to wait any longer. */
  nudge(): void {
    if (!this.#running) return;
    if (this.#open) return this.#checkSilence();
    if (this.#wire) return;
    this.#attempt = 0;
    this.#dial();
  }

  /** Follows a room, now and over every connection to come, until the returned function is called. */
  subscribe(room: RoomName, handlers: RoomHandlers): () => void {
    return this.#rooms.subscribe(room, handlers);
  }

  #dial(): void {
    this.#drop();
    let current = true;
    const whileCurrent =
      <Arguments extends unknown[]>(then: (...given: Arguments) => void) =>
      (...given: Arguments) => {
        if (current) then(...given);
      };
    const wire = this.#effects.dial({
      open: whileCurrent(() => this.#opened()),
      closed: whileCurrent(() => this.#closed()),
      change: whileCurrent((envelope: Envelope<unknown>) => {
        this.#heard();
        this.#rooms.change(envelope);
      }),
      pulse: whileCurrent((at: number) => {
        this.clock.heard(at, this.#effects.now());
        this.#heard();
      }),
      bye: whileCurrent((reason: ByeReason) => {
        if (reason === 'session_ended') this.#effects.doubted();
        this.#closed();
      }),
    });
    this.#wire = {
      subscribe: (room, reply) =>
        wire.subscribe(
          room,
          whileCurrent((answer: SubscribeAnswer) => {
            if (answer.ok) this.clock.heard(answer.snapshot.at, this.#effects.now());
            this.#heard();
            reply(answer);
          }),
        ),
      unsubscribe: (room) => wire.unsubscribe(room),
      close: () => {
        current = false;
        wire.close();
      },
    };
    this.#callOff = this.#effects.after(DIAL_MS, () => this.#closed());
  }

  #opened(): void {
    if (!this.#wire) return;
    this.#callOff();
    this.#open = true;
    this.#heard();
    this.#checkSilence();
    this.#rooms.connected(this.#wire);
  }

  #heard(): void {
    this.#heardAt = this.#effects.now();
    if (!this.#open) return;
    this.#attempt = 0;
    this.#become('live');
  }

  /** Runs by a timer, which sleeps when the machine does: what counts is the clock. */
  #checkSilence(): void {
    this.#callOff();
    // A clock set back must not hide a silence: count anew from here.
    this.#heardAt = Math.min(this.#heardAt, this.#effects.now());
    const silent = this.#effects.now() - this.#heardAt;
    if (silent < SILENCE_MS) {
      this.#callOff = this.#effects.after(Math.max(50, SILENCE_MS - silent), () => this.#checkSilence());
      return;
    }
    this.#become('stale');
    this.#dial();
  }

  #closed(): void {
    const wasOpen = this.#open;
    this.#drop();
    if (!this.#running) return;
    this.#become('lost');
    // A refused handshake looks like a failed one; only asking tells them apart.
    if (!wasOpen) this.#effects.doubted();
    if (!this.#running) return;
    this.#callOff = this.#effects.after(retryDelay(this.#attempt, this.#effects.random()), () =>
      this.#dial(),
    );
    this.#attempt++;
  }

  #drop(): void {
    this.#callOff();
    this.#callOff = nothing;
    const wire = this.#wire;
    this.#wire = undefined;
    this.#open = false;
    this.#rooms.disconnected();
    wire?.close();
  }

  #become(state: LinkState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#effects.changed(state);
  }
}
