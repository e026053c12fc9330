/** Counters to rates per second, and the rounding that the collectors share. */

/**
 * Remembers counters from one round to the next. A counter that went backwards (reset, wrapped, device replaced) has
 * no rate in that round: the chart shows a gap instead of a negative or absurd number.
 */
export interface Rates {
  /**
   * Begins a round. `at`: milliseconds of a clock that never steps. Counters missing in the last round are forgotten.
   */
  begin(at: number): void;
  /** The growth of counter `name` per second since the last round; undefined the first time and after a reset. */
  perSecond(name: string, value: number): number | undefined;
}

export function createRates(): Rates {
  let previous = new Map<string, number>();
  let current = new Map<string, number>();
  let last: number | undefined;
  let elapsed = 0;

  return {
    begin(at) {
      elapsed = last === undefined ? 0 : at - last;
      last = at;
      [previous, current] = [current, previous];
      current.clear();
    },
    perSecond(name, value) {
      if (!Number.isFinite(value)) return undefined;
      current.set(name, value);
      const before = previous.get(name);
      if (before === undefined || value < before || elapsed <= 0) return undefined;
      return ((value - before) * 1000) / elapsed;
    },
  };
}

/** `part` of `whole` as a percentage from 0 to 100; 0 when `whole` is 0. */
export function percent(part: number, whole: number): number {
  if (!(whole > 0)) return 0;
  return Math.min(100, Math.max(0, (part * 100) / whole));
}

/** Rounds to one decimal: enough for shares of processor time, and short on the wire. */
export function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Rounds to two decimals: for slow values, such as how full a filesystem is. */
export function hundredth(value: number): number {
  return Math.round(value * 100) / 100;
}
