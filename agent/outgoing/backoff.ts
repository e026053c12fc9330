/** [G2] How long to wait before the next try: exponential with full jitter, for ever, up to a ceiling. */

export interface BackoffLimits {
  /** The first wait is anywhere up to this. */
  readonly baseMs: number;
  readonly mostMs: number;
}

export const BACKOFF: BackoffLimits = { baseMs: 1000, mostMs: 60_000 };

/** The wait after `failures` (1, 2, …) in a row. `random`: 0 ≤ r < 1. */
export function backoffMs(failures: number, random: number, limits: BackoffLimits = BACKOFF): number {
  const ceiling = Math.min(limits.mostMs, limits.baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(ceiling * random);
}

/** Around `ms`, by up to a fifth either way: for a steady slow pace that many agents must not share. */
export function jittered(ms: number, random: number): number {
  return Math.round(ms * (0.8 + 0.4 * random));
}
