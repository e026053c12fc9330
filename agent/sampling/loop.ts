/**
 * When samples are taken: at every multiple of their interval on the wall clock, so that all machines have samples of
 * the same times. Each wait is computed anew from the clock: the beat does not drift, and after a clock step or a
 * suspend it goes on from the time that the clock then shows.
 */
import type { Clock } from './clock.ts';
import type { Pace } from './pace.ts';

/** A timer that fires up to this many milliseconds early still means the beat it was set for. */
const EARLY = 20;

/** Milliseconds from `now` to the next multiple of `interval` (plus `phase`), all in milliseconds; never 0. */
export function untilBeat(now: number, interval: number, phase = 0): number {
  const past = (((now - phase) % interval) + interval) % interval;
  const left = interval - past;
  return left <= EARLY ? left + interval : left;
}

/** The beat that a timer firing at `now` was set for. */
function beatAt(now: number, interval: number): number {
  return Math.floor((now + EARLY) / interval) * interval;
}

/** After so many times that the clock was set back, a beat's time no longer moves further from the full second. */
const MOST_SET_BACK = 100;

/**
 * Calls `beat` with the wall-clock time of each beat, in epoch milliseconds. Returns its stop. When the clock was set
 * back, times come again that the server has samples of: from then on each is a millisecond later.
 */
export function startLoop(
  clock: Clock,
  pace: Pick<Pace, 'now' | 'onSampleChange'>,
  beat: (t: number) => void,
): () => void {
  let last = -Infinity;
  let setBack = 0;
  let stopped = false;
  let cancel: () => void = () => undefined;

  const next = () => {
    const { sampleMs } = pace.now();
    cancel = clock.after(untilBeat(clock.now(), sampleMs), () => {
      const t = beatAt(clock.now(), sampleMs);
      next();
      if (t < last) setBack = Math.min(setBack + 1, MOST_SET_BACK);
      // The same time never comes twice in a row.
      if (t !== last) beat(t + setBack);
      last = t;
    });
  };
  next();
  pace.onSampleChange(() => {
    if (stopped) return;
    cancel();
    next();
  });

  return () => {
    stopped = true;
    cancel();
  };
}
