/** Time as the agent's parts see it; tests hand in one that they move by hand. */
export interface Clock {
  /** Wall-clock time in epoch milliseconds; may step. */
  now(): number;
  /** Milliseconds of a clock that never steps. */
  monotonic(): number;
  /** Calls `then` once after `ms`; returns its cancel. */
  after(ms: number, then: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, then) {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};
