/** [I5] Which times of a push are believed. */
import { ApiError } from '#protocol/errors.ts';
import { timePath, type Push } from '#protocol/sample.ts';

/** A clock this far off is not believed, milliseconds. */
const TOLERANCE_MS = 5 * 60_000;
/**
 * A resend arrives later, so it measures a slightly different skew; within this tolerance the old shift is kept, so
 * that its times match those of the first sending. Milliseconds.
 */
const SAME_SKEW_MS = 30_000;

/**
 * How far the push's samples are to be shifted, milliseconds: 0 when its clock is right, or nothing says it is not.
 * @param before the device's shift until now, milliseconds
 */
export function shiftFor(sentAt: number | undefined, arrived: number, before: number | null): number {
  if (sentAt === undefined) return 0;
  const skew = arrived - sentAt;
  if (Math.abs(skew) <= TOLERANCE_MS) return 0;
  return before !== null && Math.abs(skew - before) <= SAME_SKEW_MS ? before : skew;
}

/** @throws ApiError naming the first sample that lies in the future, or before everything that is kept. */
export function checkTimes(
  { form, samples }: Pick<Push, 'form' | 'samples'>,
  shiftMs: number,
  arrived: number,
  keptMs: number,
): void {
  for (const [index, { t }] of samples.entries()) {
    const ahead = t + shiftMs - arrived;
    if (ahead > TOLERANCE_MS) {
      const message = `is ${Math.round(ahead / 1000)} s in the future`;
      throw new ApiError('clock_ahead', { details: [{ path: timePath(form, index), message }] });
    }
    if (-ahead > keptMs) {
      const path = timePath(form, index);
      const message = 'is older than anything the history keeps';
      throw new ApiError('invalid_body', { message: `${path}: ${message}`, details: [{ path, message }] });
    }
  }
}
