/** The live connection as the page sees it: its state, the server's clock, rooms to follow. */
import type { z } from 'zod';
import type { RoomName } from '#protocol/live.ts';
import { dialServer } from './dial.ts';
import { Link, type Dial, type LinkState } from './link.ts';
import type { MissingCode, RoomHandlers } from './room.ts';

export type { LinkState } from './link.ts';
export type { MissingCode, RoomHandlers } from './room.ts';

/** A room's handlers with its messages parsed: `data` has the room's own shape. */
export interface ParsedHandlers<Snapshot, Change> {
  snapshot(data: Snapshot, at: number): void;
  change(data: Change, at: number): void;
  missing?(code: MissingCode): void;
}

export interface RoomSchemas<Snapshot extends z.ZodType, Change extends z.ZodType> {
  readonly snapshot: Snapshot;
  readonly change: Change;
}

export class Live {
  /** `live`, or why what is shown is not. */
  link: LinkState = $state('connecting');
  /** When the link last was not as it is now, by the page's clock. */
  since: number = $state(Date.now());
  /** The server's time, epoch milliseconds, moved once a second: for ages that are shown. */
  now: number = $state(Date.now());
  /** The server speaks a newer language than this page: it must be reloaded. */
  outdated: boolean = $state(false);
  readonly #link: Link;

  /** `doubted` is asked to find out whether the session is over; it calls `stop` if so. */
  constructor({ doubted, dial = dialServer }: { doubted: () => void; dial?: Dial }) {
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
        this.link = state;
        this.since = Date.now();
      },
    });
  }

  /** Connects and stays connected until the returned function is called. */
  start(): () => void {
    const { signal, abort } = abortable();
    const tick = setInterval(() => {
      this.now = this.serverNow();
    }, 1000);
    const nudge = () => this.#link.nudge();
    window.addEventListener('online', nudge, { signal });
    window.addEventListener('pageshow', nudge, { signal });
    document.addEventListener(
      'visibilitychange',
      () => {
        if (document.visibilityState === 'visible') nudge();
      },
      { signal },
    );
    this.#link.start();
    return () => {
      abort();
      clearInterval(tick);
      this.#link.stop();
    };
  }

  /** The server's time now, epoch milliseconds. */
  serverNow(): number {
    return this.#link.clock.at(Date.now());
  }

  /** Tries at once instead of waiting for the next attempt. */
  retryNow(): void {
    this.#link.nudge();
  }

  /** Follows a room with its messages as they come. */
  subscribe(room: RoomName, handlers: RoomHandlers): () => void {
    return this.#link.subscribe(room, handlers);
  }

  /** Follows a room with its messages parsed. One that cannot be read marks the page as outdated. */
  follow<Snapshot extends z.ZodType, Change extends z.ZodType>(
    room: RoomName,
    schemas: RoomSchemas<Snapshot, Change>,
    handlers: ParsedHandlers<z.output<Snapshot>, z.output<Change>>,
  ): () => void {
    return this.subscribe(room, {
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

function abortable() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
