/**
 * [I6] Limits how often each device may push, by a token bucket. An agent that empties its spool stays below.
 */
import { ApiError } from '#protocol/errors.ts';

const PUSHES_PER_SECOND = 20;
const BURST_PUSHES = 100;

interface Bucket {
  /** Pushes that the device may still make at `filledAt`; grows by PUSHES_PER_SECOND. */
  pushes: number;
  /** Epoch milliseconds. */
  filledAt: number;
}

export interface PushBudget {
  /** Counts one push of the device. `now`: epoch milliseconds. @throws ApiError `too_fast` past the budget */
  spend(deviceId: string, now: number): void;
  forget(deviceId: string): void;
}

export function createPushBudget(): PushBudget {
  const buckets = new Map<string, Bucket>();
  return {
    spend(deviceId, now) {
      let bucket = buckets.get(deviceId);
      if (!bucket) buckets.set(deviceId, (bucket = { pushes: BURST_PUSHES, filledAt: now }));
      // A server clock that is set back adds nothing, and takes nothing away.
      const passedS = Math.max(0, now - bucket.filledAt) / 1000;
      bucket.pushes = Math.min(BURST_PUSHES, bucket.pushes + passedS * PUSHES_PER_SECOND);
      bucket.filledAt = now;
      if (bucket.pushes < 1) throw new ApiError('too_fast', { retryAfterS: 1 });
      bucket.pushes--;
    },
    forget: (deviceId) => buckets.delete(deviceId),
  };
}
