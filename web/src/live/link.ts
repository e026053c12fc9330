/**
 * The live connection as this page keeps it [L4]: connected, listened to, replaced when it falls silent, and dialled
 * again for ever after it is lost. It holds what is followed, over every connection to come. Dialling, the clock
 * and the timers are handed in.
 */
import {
  STALE_AFTER_MS,
  type ByeReason,
  type Envelope,
  type SubscribeReply,
  type Target,
} from '#protocol/live.ts';
import type { Dial, Wire } from './dial.ts';
import { RoomFollower, type After, type RoomHandlers } from './room.ts';

/**
 * - `connecting`: the first attempt is under way.
 * - `live`: a message arrived within STALE_AFTER_MS.
 * - `stale`: the connection is open but silent; it is being replaced.
 * - `lost`: there is no connection; the link keeps dialling.
 */
export type LinkState = 'connecting' | 'live' | 'stale' | 'lost';

/** An interruption shorter than this changes nothing that is shown, milliseconds. */
const BRIEF_MS = 4000;

/**
 * Whether what a page shows is from before [L4]. `silentMs`: milliseconds since the link was last live; undefined
 * before it ever was.
 */
export function isOld(link: LinkState, silentMs: number | undefined): boolean {
  if (link === 'live') return false;
  return silentMs === undefined ? link !== 'connecting' : silentMs >= BRIEF_MS;
}

interface LinkEffects {
  readonly dial: Dial;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly after: After;
  /** 0 to 1. */
  readonly random: () => number;
  readonly changed: (state: LinkState) => void;
  /** The server refused or ended a connection, so the session may be over: find out, and call `stop` if it is. */
  readonly doubted: () => void;
}

/** An attempt that takes longer than this is given up. */
const DIAL_MS = 5000;
const FIRST_RETRY_MS = 1000;
const RETRY_CAP_MS = 10_000;

/** Milliseconds to wait before attempt `attempt` (0 first): half fixed, half random, doubling up to the cap. */
export function retryDelay(attempt: number, random: number): number {
  const most = Math.min(RETRY_CAP_MS, FIRST_RETRY_MS * 2 ** attempt);
  return most / 2 + (most / 2) * random;
}

/** The server's clock is estimated from so many messages; after as many, a corrected clock is followed. */
const CLOCK_MESSAGES = 10;

/**
 * The server's clock, estimated from the messages that arrive. A message's time on the server minus its arrival here
 * is the difference of the two clocks less the time it travelled. The largest of the last few differences belongs to
 * the message that travelled fastest.
 */
class ServerClock {
  readonly #differences: number[] = [];
  #offset = 0;

  /** A message says `at` (server's clock) and arrived at `now` (this page's clock), both epoch milliseconds. */
  heard(at: number, now: number): void {
    this.#differences.push(at - now);
    if (this.#differences.length > CLOCK_MESSAGES) this.#differences.shift();
    this.#offset = Math.max(...this.#differences);
  }

  /** This page's time → the server's, epoch milliseconds. */
  at(now: number): number {
    return now + this.#offset;
  }
}

/** The same text for targets that are the same. */
const keyOf = (target: Target) => (typeof target === 'string' ? target : JSON.stringify(target.values));

const nothing = () => undefined;

export class Link {
  readonly clock = new ServerClock();
  readonly #effects: LinkEffects;
  readonly #followers = new Map<string, RoomFollower>();
  #running = false;
  #state: LinkState = 'connecting';
  #wire: Wire | undefined;
  /** Whether `#wire` is open, not only dialled. */
  #open = false;
  #attempt = 0;
  #heardAt = 0;
  #cancel: () => void = nothing;

  constructor(effects: LinkEffects) {
    this.#effects = effects;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Milliseconds since anything was heard of the server, or since the start; 0 while the link is stopped. */
  get quietMs(): number {
    return this.#running ? Math.max(0, this.#effects.now() - this.#heardAt) : 0;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#attempt = 0;
    this.#heardAt = this.#effects.now();
    this.#become('connecting');
    this.#dial();
  }

  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#drop();
    this.#become('connecting');
  }

  /** The network or the page came back: checks the connection, or dials, at once. */
  nudge(): void {
    if (!this.#running) return;
    if (this.#open) return this.#checkSilence();
    if (this.#wire) return;
    this.#attempt = 0;
    this.#dial();
  }

  /**
   * Follows a target, now and over every connection to come, until the returned function is called. A target has one
   * follower: views that show the same share a store, which counts them.
   * @throws when the target is followed already
   */
  follow(target: Target, handlers: RoomHandlers): () => void {
    const key = keyOf(target);
    if (this.#followers.has(key)) throw new Error(`${key} is followed already.`);
    const follower = new RoomFollower(target, handlers, this.#effects.after);
    this.#followers.set(key, follower);
    if (this.#wire && this.#open) follower.connected(this.#wire);
    return () => {
      if (this.#followers.get(key) !== follower) return;
      this.#followers.delete(key);
      follower.leave();
    };
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
        for (const follower of this.#followers.values())
          if (follower.room === envelope.room) follower.change(envelope);
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
      subscribe: (target, reply) =>
        wire.subscribe(
          target,
          whileCurrent((answer: SubscribeReply) => {
            if (answer.ok) this.clock.heard(answer.snapshot.at, this.#effects.now());
            this.#heard();
            reply(answer);
          }),
        ),
      part: (room, reply) =>
        wire.part(
          room,
          whileCurrent((answer: SubscribeReply) => {
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
    this.#cancel = this.#effects.after(DIAL_MS, () => this.#closed());
  }

  #opened(): void {
    const wire = this.#wire;
    if (!wire) return;
    this.#cancel();
    this.#open = true;
    this.#heard();
    this.#checkSilence();
    for (const follower of this.#followers.values()) follower.connected(wire);
  }

  #heard(): void {
    this.#heardAt = this.#effects.now();
    if (!this.#open) return;
    this.#attempt = 0;
    this.#become('live');
  }

  /** Runs by a timer. Timers stand still while the machine sleeps, so the silence is measured by the clock. */
  #checkSilence(): void {
    this.#cancel();
    // After the clock was set back, the silence is counted anew from here; otherwise it would last an hour longer.
    this.#heardAt = Math.min(this.#heardAt, this.#effects.now());
    const silent = this.#effects.now() - this.#heardAt;
    if (silent < STALE_AFTER_MS) {
      this.#cancel = this.#effects.after(Math.max(50, STALE_AFTER_MS - silent), () => this.#checkSilence());
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
    // A handshake that the server refused looks like one that failed; only a request to the API tells them apart.
    if (!wasOpen) this.#effects.doubted();
    if (!this.#running) return;
    this.#cancel = this.#effects.after(retryDelay(this.#attempt, this.#effects.random()), () => this.#dial());
    this.#attempt++;
  }

  #drop(): void {
    this.#cancel();
    this.#cancel = nothing;
    const wire = this.#wire;
    this.#wire = undefined;
    this.#open = false;
    for (const follower of this.#followers.values()) follower.disconnected();
    wire?.close();
  }

  #become(state: LinkState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#effects.changed(state);
  }
}
