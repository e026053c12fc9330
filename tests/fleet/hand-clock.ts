/** A clock that stands still until a test moves it on. It also runs the jobs that repeat or wait for their time. */
export interface HandClock {
  /** Epoch milliseconds. */
  now(): number;
  /** Runs `job` every `ms` milliseconds of this clock; returns the function that stops it. */
  every(job: () => void, ms: number): () => void;
  /** Runs `job` once, `ms` milliseconds of this clock from now; returns the function that cancels it. */
  after(ms: number, job: () => void): () => void;
  /** How many jobs repeat or wait. */
  waiting(): number;
  /** Moves the time on by `ms` milliseconds and runs the jobs that fall due on the way. */
  pass(ms: number): void;
  /**
   * Moves the time by `ms` milliseconds at once, as when a machine was suspended or its clock was set; each
   * job is due after the jump.
   */
  jump(ms: number): void;
}

export const START = Date.UTC(2026, 0, 1);

export function handClock(): HandClock {
  let at = START;
  const jobs = new Set<{ job: () => void; ms: number; due: number; once?: true }>();
  return {
    now: () => at,
    every(job, ms) {
      const repeating = { job, ms, due: at + ms };
      jobs.add(repeating);
      return () => jobs.delete(repeating);
    },
    after(ms, job) {
      const waiting = { job, ms, due: at + ms, once: true } as const;
      jobs.add(waiting);
      return () => jobs.delete(waiting);
    },
    waiting: () => jobs.size,
    pass(ms) {
      const until = at + ms;
      for (;;) {
        const next = [...jobs].sort((a, b) => a.due - b.due)[0];
        if (next === undefined || next.due > until) break;
        at = next.due;
        next.due += next.ms;
        if (next.once === true) jobs.delete(next);
        next.job();
      }
      at = until;
    },
    jump(ms) {
      at += ms;
      for (const repeating of jobs) repeating.due = at;
    },
  };
}
