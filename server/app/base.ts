/** What every capability is made from, and how one capability notifies others of its events. */
import type { Config } from '../config/config.ts';
import type { Route } from '../http/route.ts';
import type { State } from '../state/state.ts';
import type { Clock, Log } from '../types.ts';
import type { Notices } from './notices.ts';

export interface Base {
  readonly config: Config;
  readonly state: State;
  readonly clock: Clock;
  readonly log: Log;
  /** Sentences for administrators about what is wrong with this server. */
  readonly notices: Notices;
}

/** What the `open…` function of each file in this folder returns, besides the parts that other files use. */
export interface Capability {
  readonly routes: readonly Route[];
  /** Stops what the capability started, in order; absent where it started nothing. */
  readonly stop?: () => unknown;
}

/** One kind of event: one capability calls `notify`, others listen. */
export interface Notifier<T> {
  notify(value: T): void;
  /** Adds a listener. Listeners are called in the order in which they were added. */
  listen(listener: (value: T) => void): void;
}

export function createNotifier<T>(): Notifier<T> {
  const listeners: ((value: T) => void)[] = [];
  return {
    notify(value) {
      for (const listener of listeners) listener(value);
    },
    listen(listener) {
      listeners.push(listener);
    },
  };
}
