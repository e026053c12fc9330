/** [I5] How far the sample times of a push are shifted, and which times are refused. */
import { ApiError } from '#protocol/errors.ts';
import { timePath, type Push } from '#protocol/sample.ts';

/** A device clock that differs from the server's by more than this is taken as wrong, milliseconds. */
const TOLERANCE_MS = 5 * 60_000;
/**
 * A resend arrives later, so it measures a slightly different skew; within this tolerance the last shift is
 * kept, so that the resent samples get the same times as at first. Milliseconds.
 */
const SAME_SKEW_MS = 30_000;

/**
 * How far the samples of a push are to be shifted, milliseconds; 0 where the device's clock is right, or
 * where the push does not say when it was sent.
 * @param sentAt epoch milliseconds by the device's clock
 * @param arrived epoch milliseconds by the server's clock
 * @param lastShiftMs the shift of the device's last push; null where that was not shifted
 */
export function shiftFor(sentAt: number | undefined, arrived: number, lastShiftMs: number | null): number {
  if (sentAt === undefined) return 0;
  const skewMs = arrived - sentAt;
  if (Math.abs(skewMs) <= TOLERANCE_MS) return 0;
  return lastShiftMs !== null && Math.abs(skewMs - lastShiftMs) <= SAME_SKEW_MS ? lastShiftMs : skewMs;
}

/**
 * Checks the samples' times, shifted by `shiftMs`, against `arrived` (epoch milliseconds).
 * @param keptMs how long the history keeps a sample, milliseconds
 * @throws ApiError naming the first sample that is in the future or older than the history keeps
 */
export function checkTimes(
  { form, samples }: Pick<Push, 'form' | 'samples'>,
  shiftMs: number,
  arrived: number,
  keptMs: number,
): void {
  for (const [index, { t }] of samples.entries()) {
    const aheadMs = t + shiftMs - arrived;
    if (aheadMs > TOLERANCE_MS) {
      const message = `is ${Math.round(aheadMs / 1000)} s in the future`;
      throw new ApiError('clock_ahead', { details: [{ path: timePath(form, index), message }] });
    }
    if (-aheadMs > keptMs) {
      const path = timePath(form, index);
      const message = 'is older than anything the history keeps';
      throw new ApiError('invalid_body', { message: `${path}: ${message}`, details: [{ path, message }] });
    }
  }
}
