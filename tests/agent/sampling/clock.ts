/** A clock that stands still until a test moves it. */
import type { Clock } from '../../../agent/sampling/clock.ts';

interface ManualClock extends Clock {
  /** Moves both clocks on. Calls what falls due on the way, and settles its promises before the next call. */
  advance(ms: number): Promise<void>;
  /** Steps the wall clock only, as a person or NTP does. */
  step(ms: number): void;
  /** The machine sleeps: the wall clock goes on, the monotonic one and the timers stand still. */
  sleep(ms: number): void;
}

/** Waits until every promise settled that needs no timer, socket or file. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

export function manualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  let elapsed = 0;
  let offset = start;
  let asleep = 0;
  const timers = new Set<{ due: number; job: () => void }>();
  return {
    now: () => offset + elapsed + asleep,
    monotonic: () => elapsed,
    uptime: () => elapsed + asleep,
    after(ms, job) {
      const timer = { due: elapsed + ms, job };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    step(ms) {
      offset += ms;
    },
    sleep(ms) {
      asleep += ms;
    },
    async advance(ms) {
      const end = elapsed + ms;
      await settle();
      for (;;) {
        const [next] = [...timers].sort((a, b) => a.due - b.due);
        if (next === undefined || next.due > end) break;
        timers.delete(next);
        elapsed = Math.max(elapsed, next.due);
        next.job();
        await settle();
      }
      elapsed = end;
      await settle();
    },
  };
}
