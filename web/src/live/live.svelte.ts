/** The live connection as the pages see it: its state, the server's clock, and rooms to follow. */
import type { z } from 'zod';
import type { SessionOf, Target } from '#protocol/live.ts';
import { dialServer, type Dial } from './dial.ts';
import { isOld, Link, type LinkState } from './link.ts';
import type { RoomHandlers } from './room.ts';

/** The schemas of a room's messages: what its snapshot and its changes look like. */
interface RoomSchemas<Snapshot extends z.ZodType, Change extends z.ZodType> {
  readonly snapshot: Snapshot;
  readonly change: Change;
}

export class Live {
  /** `live`, or why the numbers on the page are not live. */
  link: LinkState = $state('connecting');
  /** The server's time, epoch milliseconds, updated once a second: for ages that are shown. */
  now: number = $state(Date.now());
  /** The server sent something that this page cannot read: the page is older than the server and must be reloaded. */
  outdated: boolean = $state(false);
  /** When the link was last live, by the server's clock; undefined before it ever was. */
  #lastLive: number | undefined = $state();
  readonly #link: Link;

  /**
   * `doubted` is asked to find out whether the session is over; it stops this connection if so. `as`: whose session it
   * is.
   */
  constructor({
    doubted,
    as = 'person',
    dial = dialServer(as),
  }: {
    doubted: () => void;
    as?: SessionOf | undefined;
    dial?: Dial | undefined;
  }) {
    this.#link = new Link({
      dial,
      doubted,
      now: () => Date.now(),
      random: () => Math.random(),
      after(ms, job) {
        const timer = setTimeout(job, ms);
        return () => clearTimeout(timer);
      },
      changed: (state) => {
        if (this.link === 'live') this.#lastLive = this.serverNow();
        this.link = state;
      },
    });
  }

  /** Connects, and stays connected until the returned function is called. */
  start(): () => void {
    const listening = new AbortController();
    const { signal } = listening;
    this.#lastLive = undefined;
    const tick = setInterval(() => {
      this.now = this.serverNow();
    }, 1000);
    const nudge = () => this.#link.nudge();
    window.addEventListener('online', nudge, { signal });
    window.addEventListener('pageshow', nudge, { signal });
    document.addEventListener(
      'visibilitychange',
      () => {
        if (document.visibilityState !== 'visible') return;
        // A page out of sight is let run once a minute.
        this.now = this.serverNow();
        nudge();
      },
      { signal },
    );
    this.#link.start();
    return () => {
      listening.abort();
      clearInterval(tick);
      this.#link.stop();
    };
  }

  /** Milliseconds since the link was last live, updated once a second: 0 while it is, undefined before it ever was. */
  get silentMs(): number | undefined {
    if (this.link === 'live') return 0;
    return this.#lastLive === undefined ? undefined : Math.max(0, this.now - this.#lastLive);
  }

  /** Whether what the page shows is from before. */
  get isOld(): boolean {
    return isOld(this.link, this.silentMs);
  }

  /** Milliseconds since anything was heard of the server, now; 0 while there is to be no connection. */
  quietMs(): number {
    return this.#link.quietMs;
  }

  /** The server's time now, epoch milliseconds. */
  serverNow(): number {
    return this.#link.clock.at(Date.now());
  }

  /** Dials at once instead of waiting for the next attempt. */
  retryNow(): void {
    this.#link.nudge();
  }

  /**
   * Follows a room or a values query until the returned function is called; its messages are parsed by `schemas`. A
   * message that cannot be parsed marks the page as outdated.
   * @throws when the target is followed already: views that show the same share one store
   */
  follow<Snapshot extends z.ZodType, Change extends z.ZodType>(
    target: Target,
    schemas: RoomSchemas<Snapshot, Change>,
    handlers: RoomHandlers<z.output<Snapshot>, z.output<Change>>,
  ): () => void {
    return this.#link.follow(target, {
      snapshot: (data, at) => {
        const parsed = schemas.snapshot.safeParse(data);
        if (parsed.success) handlers.snapshot(parsed.data, at);
        else this.outdated = true;
      },
      change: (data, at) => {
        const parsed = schemas.change.safeParse(data);
        if (parsed.success) handlers.change(parsed.data, at);
        else this.outdated = true;
      },
      missing: (code) => handlers.missing?.(code),
    });
  }
}
