/**
 * [I6] [I8] Limits how often, and how much, each device may push, by token buckets. An agent that empties its spool
 * stays below: it pushes 600 KiB four times a second at most.
 */
import { ApiError } from '#protocol/errors.ts';

const PUSHES_PER_SECOND = 20;
const BURST_PUSHES = 100;
/** Of inflated bodies. */
const BYTES_PER_SECOND = 4 * 1024 * 1024;
const BURST_BYTES = 32 * 1024 * 1024;

interface Bucket {
  /** Pushes that the device may still make at `filledAt`; grows by PUSHES_PER_SECOND. */
  pushes: number;
  /** Bytes that it may still push at `filledAt`; grows by BYTES_PER_SECOND. */
  bytes: number;
  /** Epoch milliseconds. */
  filledAt: number;
}

export interface PushBudget {
  /** Counts one push of the device. `now`: epoch milliseconds. @throws ApiError `too_fast` past the budget */
  spend(deviceId: string, now: number): void;
  /** Counts the bytes of a push's inflated body. @throws ApiError `too_fast` past the budget */
  spendBytes(deviceId: string, now: number, bytes: number): void;
  forget(deviceId: string): void;
}

export function createPushBudget(): PushBudget {
  const buckets = new Map<string, Bucket>();

  function filled(deviceId: string, now: number): Bucket {
    let bucket = buckets.get(deviceId);
    if (!bucket)
      buckets.set(deviceId, (bucket = { pushes: BURST_PUSHES, bytes: BURST_BYTES, filledAt: now }));
    // A server clock that is set back adds nothing, and takes nothing away.
    const passedS = Math.max(0, now - bucket.filledAt) / 1000;
    bucket.pushes = Math.min(BURST_PUSHES, bucket.pushes + passedS * PUSHES_PER_SECOND);
    bucket.bytes = Math.min(BURST_BYTES, bucket.bytes + passedS * BYTES_PER_SECOND);
    bucket.filledAt = now;
    return bucket;
  }

  return {
    spend(deviceId, now) {
      const bucket = filled(deviceId, now);
      if (bucket.pushes < 1) throw new ApiError('too_fast', { retryAfterS: 1 });
      bucket.pushes--;
    },
    spendBytes(deviceId, now, bytes) {
      const bucket = filled(deviceId, now);
      if (bucket.bytes < bytes) throw new ApiError('too_fast', { retryAfterS: 1 });
      bucket.bytes -= bytes;
    },
    forget: (deviceId) => buckets.delete(deviceId),
  };
}
