/** What every capability is assembled from, and how one of them hears of what happens in another. */
import type { Config } from '../config/config.ts';
import type { Route } from '../http/route.ts';
import type { State } from '../state/state.ts';
import type { Clock, Log } from '../types.ts';

export interface Base {
  readonly config: Config;
  readonly state: State;
  readonly clock: Clock;
  readonly log: Log;
  /** Tells people something they should know: in the log and on the page of the server. */
  readonly notice: (text: string) => void;
  /** To be called with what a write of the state failed with, where nobody waits for that write. */
  readonly notSaved: (error: unknown) => void;
}

/** What a file of this room answers, beside the parts that others need. */
export interface Capability {
  readonly routes: readonly Route[];
  /** Ends what was started, in order; absent where nothing was. */
  readonly stop?: () => unknown;
}

/** One kind of event: a capability tells it, others listen. */
export interface Happening<T> {
  tell(what: T): void;
  /** Listeners hear of it in the order in which they were added. */
  listen(listener: (what: T) => void): void;
}

export function createHappening<T>(): Happening<T> {
  const listeners: ((what: T) => void)[] = [];
  return {
    tell(what) {
      for (const listener of listeners) listener(what);
    },
    listen(listener) {
      listeners.push(listener);
    },
  };
}
