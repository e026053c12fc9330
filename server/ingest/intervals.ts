/**
 * [F1] Finds out each device's interval, in seconds between its pushes; fleet and alerts count by this
 * number. A push may state it; for a device whose pushes do not, it is measured from their arrivals. While
 * somebody watches a device, the device pushes every second; once nobody watches, its next push comes after
 * its usual interval again.
 */

/**
 * How many of a device's last gaps between arrivals are looked at. The smallest is its interval, so that an
 * outage of an hour is not taken for an interval of an hour.
 */
const GAPS_MEASURED = 3;
/** The longest interval a device can have, in seconds. */
const LONGEST_INTERVAL_S = 3600;
/**
 * After so many pushes in a row at a shorter interval, the shorter interval becomes the usual one. One such
 * push is not enough: a device may send it just after the last viewer left.
 */
const PUSHES_TO_SHORTEN = 3;
/**
 * A script's pushes vary a little: an interval of at least this fraction of the usual one counts as usual.
 */
const SAME_INTERVAL_FRACTION = 0.8;

export interface IntervalParts {
  /** Seconds, for a device that states no interval and has not pushed often enough to measure one. */
  readonly defaultIntervalS: number;
  /** Whether somebody has the device's page open. */
  readonly isWatched: (deviceId: string) => boolean;
}

export interface Interval {
  /** Seconds between the device's pushes while nobody watches; kept in the device's record. */
  readonly usualS: number;
  /** Seconds until the device's next push is expected. */
  readonly nextPushS: number;
  /** Whether `nextPushS` is another than after the device's last push: pages count by it how old values may be. */
  readonly isNew: boolean;
}

export interface Intervals {
  /**
   * Returns the device's interval after a push. To be called once for every accepted push.
   * @param arrived epoch milliseconds
   * @param statedS the push's own `interval_s`
   * @param usualS the device's usual interval before this push, seconds
   */
  notePush(deviceId: string, arrived: number, statedS: number | undefined, usualS: number): Interval;
  forget(deviceId: string): void;
}

/** The pushes that a device has just made, one after another, at less than its usual interval. */
interface ShorterRun {
  pushes: number;
  longestS: number;
}

export function createIntervals({ defaultIntervalS, isWatched }: IntervalParts): Intervals {
  const arrivalsByDevice = new Map<string, number[]>();
  /** Devices that push more often than usual although nobody watches. */
  const shorterRuns = new Map<string, ShorterRun>();

  /** By device: `nextPushS` of its last push, where that is not its usual interval. */
  const expectedS = new Map<string, number>();

  function measureInterval(deviceId: string, arrived: number): number {
    const arrivals = [...(arrivalsByDevice.get(deviceId) ?? []), arrived].slice(-GAPS_MEASURED - 1);
    arrivalsByDevice.set(deviceId, arrivals);
    if (arrivals.length <= GAPS_MEASURED) return defaultIntervalS;
    const gapsMs = arrivals.slice(1).map((time, i) => time - (arrivals[i] ?? time));
    return Math.min(LONGEST_INTERVAL_S, Math.max(defaultIntervalS, Math.min(...gapsMs) / 1000));
  }

  function intervalOf(deviceId: string, intervalS: number, usualS: number): Omit<Interval, 'isNew'> {
    if (intervalS >= usualS * SAME_INTERVAL_FRACTION) {
      shorterRuns.delete(deviceId);
      const longerS = Math.max(intervalS, usualS);
      return { usualS: longerS, nextPushS: longerS };
    }
    if (isWatched(deviceId)) {
      shorterRuns.delete(deviceId);
      return { usualS, nextPushS: intervalS };
    }
    const run = shorterRuns.get(deviceId) ?? { pushes: 0, longestS: 0 };
    shorterRuns.set(deviceId, run);
    run.pushes += 1;
    run.longestS = Math.max(run.longestS, intervalS);
    if (run.pushes < PUSHES_TO_SHORTEN) return { usualS, nextPushS: usualS };
    shorterRuns.delete(deviceId);
    return { usualS: run.longestS, nextPushS: intervalS };
  }

  return {
    notePush(deviceId, arrived, statedS, usualS) {
      const interval = intervalOf(deviceId, statedS ?? measureInterval(deviceId, arrived), usualS);
      const { nextPushS } = interval;
      const isNew = (expectedS.get(deviceId) ?? usualS) !== nextPushS;
      if (nextPushS === interval.usualS) expectedS.delete(deviceId);
      else expectedS.set(deviceId, nextPushS);
      return { ...interval, isNew };
    },
    forget(deviceId) {
      arrivalsByDevice.delete(deviceId);
      shorterRuns.delete(deviceId);
      expectedS.delete(deviceId);
    },
  };
}
