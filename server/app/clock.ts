/** The clock and timers of the machine. */
import type { Clock } from '../types.ts';

export const systemClock: Clock = {
  now: Date.now,
  after(ms, job) {
    const timer = setTimeout(job, ms);
    return () => clearTimeout(timer);
  },
  every(job, ms) {
    const timer = setInterval(job, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};
