/**
 * [F1] How long until a device's next push. What a push says of its interval is how it came here; while somebody
 * watches that is short, and once nobody does, the next push comes at the device's usual pace again.
 */
import type { AcceptedPush } from '../fleet/accepted-push.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord } from '../state/records.ts';

/** So many pushes in a row show a new pace: the first after a start, or after watching, does not tell of it yet. */
const PUSHES = 3;
/** Scripts are not exact: an interval not shorter than this part of the usual one is the same. */
const SAME = 0.8;

export interface UsualIntervals {
  /** The push with the interval after which the next one is due. */
  expected<Push extends AcceptedPush>(push: Push): Push;
  forget(deviceId: string): void;
}

export interface UsualIntervalParts {
  /** Their usual intervals grow with the first push that says so; here they come down. */
  readonly devices: Pick<Collection<DeviceRecord>, 'get' | 'put'>;
  readonly watching: (deviceId: string) => boolean;
  /** A record could not be saved. */
  readonly failed: (error: unknown) => void;
}

interface Shorter {
  pushes: number;
  longest: number;
}

export function createUsualIntervals({ devices, watching, failed }: UsualIntervalParts): UsualIntervals {
  /** Devices that push faster than usual, with nobody watching. */
  const shorter = new Map<string, Shorter>();

  function lower(record: DeviceRecord | undefined, intervalS: number): void {
    if (record) devices.put({ ...record, interval_s: intervalS }).catch(failed);
  }

  return {
    expected(push) {
      const { deviceId, intervalS } = push;
      const record = devices.get(deviceId);
      const usualS = record?.interval_s ?? intervalS;
      if (intervalS >= usualS * SAME) {
        shorter.delete(deviceId);
        return intervalS >= usualS ? push : { ...push, intervalS: usualS };
      }
      if (watching(deviceId)) {
        shorter.delete(deviceId);
        return push;
      }
      const seen = shorter.get(deviceId) ?? { pushes: 0, longest: 0 };
      shorter.set(deviceId, seen);
      seen.pushes += 1;
      seen.longest = Math.max(seen.longest, intervalS);
      if (seen.pushes < PUSHES) return { ...push, intervalS: usualS };
      shorter.delete(deviceId);
      lower(record, seen.longest);
      return push;
    },
    forget: (deviceId) => shorter.delete(deviceId),
  };
}
