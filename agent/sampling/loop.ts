/**
 * The beat of the samples: one at every multiple of the pace on the wall clock. Each wait is counted anew from the
 * clock, so nothing drifts; after a clock step or a suspend the beat goes on from where the clock now is.
 */
import type { Clock } from './clock.ts';

export interface Loop {
  /** Changes the pace; the next beat is already the new one's. */
  setPace(ms: number): void;
  stop(): void;
}

/** A timer that fires this little early still means the beat it was set for. */
const EARLY = 20;

/** Milliseconds from `now` to the next multiple of `pace` (plus `phase`); never 0. */
export function untilBeat(now: number, pace: number, phase = 0): number {
  const past = (((now - phase) % pace) + pace) % pace;
  const left = pace - past;
  return left <= EARLY ? left + pace : left;
}

/** The beat that a timer firing at `now` was set for. */
export function beatAt(now: number, pace: number): number {
  return Math.floor((now + EARLY) / pace) * pace;
}

/** Calls `beat` with the wall-clock time of each beat, in epoch milliseconds. */
export function startLoop(clock: Clock, paceMs: number, beat: (t: number) => void): Loop {
  let pace = paceMs;
  let last = -Infinity;
  let cancel: () => void = () => undefined;

  const next = () => {
    cancel = clock.after(untilBeat(clock.now(), pace), () => {
      const t = beatAt(clock.now(), pace);
      next();
      // Never twice the same time; a clock set back may repeat older ones.
      if (t !== last) beat(t);
      last = t;
    });
  };
  next();

  return {
    setPace(ms) {
      if (ms === pace) return;
      pace = ms;
      cancel();
      next();
    },
    stop: () => cancel(),
  };
}
