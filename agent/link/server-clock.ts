/**
 * [I5] Compares this machine's clock with the server's, as the `Date` header of its answers tells it. Past five minutes
 * the server moves the times of the samples by the difference; a smaller difference stays in them.
 */
import { span } from '#protocol/span.ts';
import type { Log } from '../log.ts';

/** The difference from which on the server moves the times of samples, in milliseconds. */
export const MOVED_FROM = 5 * 60_000;

/** How far this machine's clock is ahead of the server's, in milliseconds, negative behind it; to the second. */
export function aheadBy(now: number, date: number): number {
  // The header has whole seconds, which are on average half a second old.
  const difference = now - date - 500;
  return Math.abs(difference) < 1500 ? 0 : Math.round(difference / 1000) * 1000;
}

/** `1 h ahead of`, `3 min behind`. */
export function aheadText(ms: number): string {
  return `${span(Math.abs(ms))} ${ms > 0 ? 'ahead of' : 'behind'}`;
}

export interface ServerClock {
  /** Takes note of an answer's `Date`, in epoch milliseconds. Logs once that the clocks differ, and that they no longer do. */
  note(date: number | undefined): void;
  /** How far this machine's clock is ahead of the server's, in milliseconds; undefined before an answer told. */
  ahead(): number | undefined;
}

export function createServerClock(log: Log, now: () => number = Date.now): ServerClock {
  let ahead: number | undefined;
  let isTold = false;
  return {
    note(date) {
      if (date === undefined) return;
      ahead = aheadBy(now(), date);
      const isWrong = Math.abs(ahead) > MOVED_FROM;
      if (isWrong === isTold) return;
      isTold = isWrong;
      if (isWrong)
        log.warn(
          { seconds: ahead / 1000 },
          `the clock of this machine is ${aheadText(ahead)} the server's, which moves the times of the samples by that: set the clock that is wrong`,
        );
      else log.info('the clocks of this machine and the server agree again');
    },
    ahead: () => ahead,
  };
}
