/** A clock that stands still until a test moves it, and the repeated work that hangs on it. */
export interface HandClock {
  now(): number;
  every(run: () => void, ms: number): () => void;
  /** Moves time on, running what falls due on the way. */
  pass(ms: number): void;
  /** Time jumps and nothing runs until it has: a suspended machine, or a clock that was set. */
  jump(ms: number): void;
}

export const START = Date.UTC(2026, 0, 1);

export function handClock(): HandClock {
  let at = START;
  const work = new Set<{ run: () => void; ms: number; due: number }>();
  return {
    now: () => at,
    every(run, ms) {
      const item = { run, ms, due: at + ms };
      work.add(item);
      return () => work.delete(item);
    },
    pass(ms) {
      const until = at + ms;
      for (;;) {
        const next = [...work].sort((a, b) => a.due - b.due)[0];
        if (next === undefined || next.due > until) break;
        at = next.due;
        next.due += next.ms;
        next.run();
      }
      at = until;
    },
    jump(ms) {
      at += ms;
      for (const item of work) item.due = at;
    },
  };
}
