/**
 * [F1] Seconds between a device's pushes: the one number that fleet and alerts count by. A device says it with its
 * push; of one that does not, the arrivals show it. While somebody watches, a device pushes every second for a while;
 * once nobody does, its next push comes at its usual interval again.
 */

/** Gaps between arrivals that are looked at. The smallest counts: an outage of an hour is not an interval of an hour. */
const GAPS = 3;
/** The longest interval there is, in seconds. */
const LONGEST_S = 3600;
/** This many pushes in a row at a shorter interval make it the usual one; one alone may be left over from watching. */
const PUSHES = 3;
/** Scripts are not exact: an interval of at least this part of the usual one is the same. */
const SAME = 0.8;

export interface IntervalParts {
  /** Seconds, for a device that says none and has not pushed often enough yet. */
  readonly defaultIntervalS: number;
  readonly watching: (deviceId: string) => boolean;
}

export interface Interval {
  /** Seconds between its pushes while nobody watches: kept in the device's record. */
  readonly usualS: number;
  /** Seconds until the next push is expected. */
  readonly dueS: number;
}

export interface Intervals {
  /**
   * To be asked once for every accepted push.
   * @param arrived epoch milliseconds
   * @param saidS the push's own `interval_s`
   * @param usualS the device's usual interval until now
   */
  seen(deviceId: string, arrived: number, saidS: number | undefined, usualS: number): Interval;
  forget(deviceId: string): void;
}

interface Shorter {
  pushes: number;
  longestS: number;
}

export function createIntervals({ defaultIntervalS, watching }: IntervalParts): Intervals {
  const arrivals = new Map<string, number[]>();
  /** Devices that push more often than usual although nobody watches. */
  const shorter = new Map<string, Shorter>();

  function shownByArrivals(deviceId: string, arrived: number): number {
    const times = [...(arrivals.get(deviceId) ?? []), arrived].slice(-GAPS - 1);
    arrivals.set(deviceId, times);
    if (times.length <= GAPS) return defaultIntervalS;
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? time));
    return Math.min(LONGEST_S, Math.max(defaultIntervalS, Math.min(...gaps) / 1000));
  }

  return {
    seen(deviceId, arrived, saidS, usualS) {
      const intervalS = saidS ?? shownByArrivals(deviceId, arrived);
      if (intervalS >= usualS * SAME) {
        shorter.delete(deviceId);
        const longer = Math.max(intervalS, usualS);
        return { usualS: longer, dueS: longer };
      }
      if (watching(deviceId)) {
        shorter.delete(deviceId);
        return { usualS, dueS: intervalS };
      }
      const seen = shorter.get(deviceId) ?? { pushes: 0, longestS: 0 };
      shorter.set(deviceId, seen);
      seen.pushes += 1;
      seen.longestS = Math.max(seen.longestS, intervalS);
      if (seen.pushes < PUSHES) return { usualS, dueS: usualS };
      shorter.delete(deviceId);
      return { usualS: seen.longestS, dueS: intervalS };
    },
    forget(deviceId) {
      arrivals.delete(deviceId);
      shorter.delete(deviceId);
    },
  };
}
