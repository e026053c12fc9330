/** [I6] How often one device may push: a bucket of tokens each. A spool that drains is well inside it. */
import { ApiError } from '#protocol/errors.ts';

const PER_SECOND = 20;
const BURST = 100;

interface Bucket {
  left: number;
  at: number;
}

export interface PushBudget {
  /** @throws ApiError too_fast */
  spend(deviceId: string, now: number): void;
  forget(deviceId: string): void;
}

export function createPushBudget(): PushBudget {
  const buckets = new Map<string, Bucket>();
  return {
    spend(deviceId, now) {
      let bucket = buckets.get(deviceId);
      if (!bucket) buckets.set(deviceId, (bucket = { left: BURST, at: now }));
      // A clock that is set back takes nothing away.
      const passedS = Math.max(0, now - bucket.at) / 1000;
      bucket.left = Math.min(BURST, bucket.left + passedS * PER_SECOND);
      bucket.at = now;
      if (bucket.left < 1) throw new ApiError('too_fast', { retryAfterS: 1 });
      bucket.left--;
    },
    forget: (deviceId) => buckets.delete(deviceId),
  };
}
