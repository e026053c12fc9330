/** Counters to rates per second, and the rounding that the collectors share. */

/**
 * Remembers counters from one round to the next. [G8] A counter that went backwards (reset, wrapped, device replaced)
 * or grew by more than it can has no rate in that round: the chart shows a gap instead of an absurd number. When the
 * next reading goes on from before, the one in between was wrong, and the way back from it has no rate either.
 */
export interface Rates {
  /**
   * Begins a round. `at`: milliseconds of a clock that never steps. Counters missing in the last round are forgotten.
   */
  begin(at: number): void;
  /**
   * The growth of counter `name` per second since the last round: undefined the first time, NaN while the counter lies.
   * One that lies for half a minute is given up, and undefined from then on: totals do without it.
   * @param most the most that it can grow in a second
   */
  perSecond(name: string, value: number, most: number): number | undefined;
}

interface Counter {
  /** The last reading that was believed, and when it was taken. */
  value: number;
  at: number;
  /** The last round's reading, where it was not believed; NaN when it was no number that a counter can have. */
  doubted: number | undefined;
}

/**
 * The most bytes that one link or disk moves in a second where its own limit is not known: the fastest slot there is
 * (PCI Express 6, 16 lanes), doubled.
 */
export const MOST_BYTES = 256e9;

/** From here on, a counter of 64 bits holds a negative number. No machine counts this far. */
const COUNTER_END = 2 ** 63;
/** Some drivers bring their counters up to date once a second: a shorter time may bring a second's growth. */
const LEAST_MS = 1000;
const GIVE_UP_MS = 30_000;

export function createRates(): Rates {
  let previous = new Map<string, Counter>();
  let current = new Map<string, Counter>();
  let last = -Infinity;
  let now = -Infinity;

  /** The growth per second from an earlier reading to `value`; undefined when no counter can have grown like that. */
  const growth = (before: number, at: number, value: number, most: number): number | undefined => {
    const grown = value - before;
    const elapsed = now - at;
    const isPossible = elapsed > 0 && grown >= 0 && grown * 1000 <= most * Math.max(elapsed, LEAST_MS);
    return isPossible ? (grown * 1000) / elapsed : undefined;
  };

  return {
    begin(at) {
      last = now;
      now = at;
      [previous, current] = [current, previous];
      current.clear();
    },
    perSecond(name, reading, most) {
      const value = reading >= 0 && reading < COUNTER_END ? reading : NaN;
      const counter = previous.get(name);
      if (counter === undefined) {
        if (!Number.isNaN(value)) current.set(name, { value, at: now, doubted: undefined });
        return undefined;
      }
      current.set(name, counter);
      if (now <= counter.at) return undefined;
      const { doubted } = counter;
      const onwards = growth(counter.value, counter.at, value, most);
      // A reading that was not believed, and another that goes on from it: the counter was reset.
      const anew = doubted === undefined ? undefined : growth(doubted, last, value, most);
      if (onwards === undefined && anew === undefined) {
        counter.doubted = value;
        return now - counter.at < GIVE_UP_MS ? NaN : undefined;
      }
      counter.value = value;
      counter.at = now;
      counter.doubted = undefined;
      if (onwards === undefined) return anew;
      return doubted === undefined ? onwards : NaN;
    },
  };
}

/** Whether it is the rate of a counter that was read twice and did not lie. */
export function isKnown(rate: number | undefined): rate is number {
  return rate !== undefined && !Number.isNaN(rate);
}

/** [G8] Whether one of a device's two main counters lies: then the others that it has are not believed either. */
export function isLying(one: number | undefined, other: number | undefined): boolean {
  return Number.isNaN((one ?? 0) + (other ?? 0));
}

/**
 * [G8] The most events that a kernel counts in a second: each takes some of its time, on thousands of processors at
 * most.
 */
export const MOST_EVENTS = 1e10;

/** Adds the rate of each counter that has one, under the counter's name. */
export function addRates(
  fields: Record<string, number>,
  rates: Rates,
  counters: Readonly<Record<string, number>>,
): void {
  for (const name in counters) {
    const rate = rates.perSecond(name, counters[name] ?? NaN, MOST_EVENTS);
    if (isKnown(rate)) fields[name] = short(rate);
  }
}

/** The totals of two rates, such as received and sent, over all instances that are added in one round. */
export interface Totals {
  /** Adds the rates of an instance. Those that are NaN make both totals unknown: they would be drawn as a dip. */
  add(one: number, other: number): void;
  /** Both totals, rounded; undefined when they are unknown, or nothing was added. */
  sums(): { readonly one: number; readonly other: number } | undefined;
}

export function createTotals(): Totals {
  let ones = 0;
  let others = 0;
  let count = 0;
  return {
    add(one, other) {
      count++;
      ones += one;
      others += other;
    },
    sums() {
      if (count === 0 || Number.isNaN(ones + others)) return undefined;
      return { one: Math.round(ones), other: Math.round(others) };
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

/** Three significant digits below 100, whole numbers above: for rates, whose size may be anything. */
export function short(value: number): number {
  if (value >= 100 || Number.isInteger(value)) return Math.round(value);
  return value >= 10 ? tenth(value) : hundredth(value);
}

/** Rounds to two decimals: for slow values, such as how full a filesystem is. */
export function hundredth(value: number): number {
  return Math.round(value * 100) / 100;
}
