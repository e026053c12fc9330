/** [I5] Which times are believed. */
import type { Push } from '#protocol/sample.ts';
import { ApiError } from '#protocol/errors.ts';

/** A clock this far off is not believed. */
export const TOLERANCE_MS = 5 * 60_000;
/** A resend takes another while to arrive; within this the shift of before is kept, so that its times stay the same. */
const SAME_SKEW_MS = 30_000;

/**
 * How far the push's samples are to be shifted, milliseconds: 0 when its clock is right, or nothing says it is not.
 * `before`: the device's shift until now.
 */
export function shiftFor(sentAt: number | undefined, arrived: number, before: number | null): number {
  if (sentAt === undefined) return 0;
  const skew = arrived - sentAt;
  if (Math.abs(skew) <= TOLERANCE_MS) return 0;
  return before !== null && Math.abs(skew - before) <= SAME_SKEW_MS ? before : skew;
}

/** @throws ApiError naming the first sample that lies in the future, or before everything that is kept. */
export function checkTimes(samples: Push['samples'], shiftMs: number, arrived: number, keptMs: number): void {
  for (const [index, { t }] of samples.entries()) {
    const path = samples.length === 1 ? 'timestamp' : `samples.${index}.timestamp`;
    if (t + shiftMs > arrived + TOLERANCE_MS)
      throw new ApiError('clock_ahead', {
        details: [{ path, message: `is ${Math.round((t + shiftMs - arrived) / 1000)} s in the future` }],
      });
    if (t + shiftMs < arrived - keptMs)
      throw new ApiError('invalid_body', {
        message: `${path}: is older than anything the history keeps`,
        details: [{ path, message: 'is older than anything the history keeps' }],
      });
  }
}
