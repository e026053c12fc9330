/** The time, as the agent's parts see it. Tests hand in a clock that they move themselves. */
export interface Clock {
  /** Wall-clock time in epoch milliseconds. It may step forward or back. */
  now(): number;
  /** Milliseconds of a clock that never steps, for durations. */
  monotonic(): number;
  /** Calls `job` once, after `ms` milliseconds; returns its cancel. */
  after(ms: number, job: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, job) {
    const timer = setTimeout(job, ms);
    return () => clearTimeout(timer);
  },
};
