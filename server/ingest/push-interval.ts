/** Seconds between a device's pushes, for F1: what it says, or what its last pushes show. */

/** The smallest of the last three gaps: an outage of an hour is not an interval of an hour. */
const GAPS = 3;

export interface PushIntervals {
  /** Seconds. `said`: the push's own `interval_s`. */
  seen(deviceId: string, arrived: number, said: number | undefined): number;
  forget(deviceId: string): void;
}

export function createPushIntervals(otherwiseS: number): PushIntervals {
  const arrivals = new Map<string, number[]>();
  return {
    seen(deviceId, arrived, said) {
      if (said !== undefined) return said;
      const times = [...(arrivals.get(deviceId) ?? []), arrived].slice(-GAPS - 1);
      arrivals.set(deviceId, times);
      if (times.length <= GAPS) return otherwiseS;
      const gaps = times.slice(1).map((time, i) => time - (times[i] ?? time));
      return Math.min(3600, Math.max(otherwiseS, Math.min(...gaps) / 1000));
    },
    forget: (deviceId) => arrivals.delete(deviceId),
  };
}
