/** A clock that a test moves by hand. */
import type { Clock } from '../../../agent/sampling/clock.ts';

export interface ManualClock extends Clock {
  /** Moves on, calling what falls due on the way, each with the promises it leads to. */
  advance(ms: number): Promise<void>;
  /** Steps the wall clock alone. */
  step(ms: number): void;
}

/** Lets every promise that can go on go on; real sockets and files need none of it here. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

export function manualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  let elapsed = 0;
  let offset = start;
  const timers = new Set<{ due: number; then: () => void }>();
  return {
    now: () => offset + elapsed,
    monotonic: () => elapsed,
    after(ms, then) {
      const timer = { due: elapsed + ms, then };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    step(ms) {
      offset += ms;
    },
    async advance(ms) {
      const end = elapsed + ms;
      await settle();
      for (;;) {
        const [next] = [...timers].sort((a, b) => a.due - b.due);
        if (next === undefined || next.due > end) break;
        timers.delete(next);
        elapsed = Math.max(elapsed, next.due);
        next.then();
        await settle();
      }
      elapsed = end;
      await settle();
    },
  };
}
