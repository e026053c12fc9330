/**
 * Counters → rates. A counter that went backwards (reset, wrapped, device replaced) has no rate this time:
 * a gap is honest, a negative or absurd number is not.
 */
export interface Rates {
  /** Begins a round at `at` (monotonic ms). Counters that the last round did not see are forgotten. */
  begin(at: number): void;
  /** What `name` grew by since the last round; undefined at first and after a reset. */
  growth(name: string, value: number): number | undefined;
  /** The same, per second. */
  perSecond(name: string, value: number): number | undefined;
}

export function createRates(): Rates {
  let previous = new Map<string, number>();
  let current = new Map<string, number>();
  let last: number | undefined;
  let elapsed = 0;

  const growth = (name: string, value: number): number | undefined => {
    if (!Number.isFinite(value)) return undefined;
    current.set(name, value);
    const before = previous.get(name);
    return before === undefined || value < before ? undefined : value - before;
  };

  return {
    begin(at) {
      elapsed = last === undefined ? 0 : at - last;
      last = at;
      [previous, current] = [current, previous];
      current.clear();
    },
    growth,
    perSecond(name, value) {
      const grown = growth(name, value);
      return grown === undefined || elapsed <= 0 ? undefined : (grown * 1000) / elapsed;
    },
  };
}

/** `part` of `whole` as a percentage from 0 to 100; 0 where there is no whole. */
export function percent(part: number, whole: number): number {
  if (!(whole > 0)) return 0;
  return Math.min(100, Math.max(0, (part * 100) / whole));
}

/** To one decimal: enough for a share of processor time, and short on the wire. */
export function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}

/** To two decimals: for what moves slowly, such as a filesystem's fill. */
export function hundredth(value: number): number {
  return Math.round(value * 100) / 100;
}
