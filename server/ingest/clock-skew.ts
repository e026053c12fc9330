/** [I5] How far the sample times of a push are shifted, and which samples are left out for their time. */
import { invalidBody, issueDetails } from '#protocol/body.ts';
import { ApiError } from '#protocol/errors.ts';
import type { ProcessReport } from '#protocol/processes.ts';
import { timePath, type Push, type Sample } from '#protocol/sample.ts';

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

/** A device that has no clock and no network yet begins in 1970; before this time, a clock was never set. */
const EARLIEST_MS = Date.UTC(2000, 0, 1);

/** Why a sample of this time is left out; undefined for one that is stored. Epoch milliseconds. */
function timeProblem(t: number, arrived: number, keptMs: number): string | undefined {
  if (t - arrived > TOLERANCE_MS) return `is ${Math.round((t - arrived) / 1000)} s in the future`;
  if (t < EARLIEST_MS) return 'is before the year 2000';
  return arrived - t > keptMs ? 'is older than anything the history keeps' : undefined;
}

/**
 * The samples of a push whose times, once shifted by `shiftMs`, can be right; the others are left out and noted.
 * @param arrived epoch milliseconds by the server's clock
 * @param keptMs how long the history keeps a sample, milliseconds
 * @throws ApiError naming the first sample when none is left
 */
export function samplesInTime(
  { form, samples, places, leftOut }: Pick<Push, 'form' | 'samples' | 'places' | 'leftOut'>,
  shiftMs: number,
  arrived: number,
  keptMs: number,
): readonly Sample[] {
  const problems = samples.map(({ t }) => timeProblem(t + shiftMs, arrived, keptMs));
  if (problems.every((problem) => problem === undefined)) return samples;
  for (const [index, problem] of problems.entries())
    if (problem !== undefined) leftOut.addSample(timePath(form, places?.[index] ?? index), problem);
  const inTime = samples.filter((_, index) => problems[index] === undefined);
  if (inTime.length > 0) return inTime;
  const isAhead = samples.some(({ t }) => t + shiftMs > arrived);
  const refusal = leftOut.refusal();
  throw isAhead ? new ApiError('clock_ahead', { details: issueDetails(refusal) }) : invalidBody(refusal);
}

/** The reports on processes of a push in their final times, without those whose times cannot be right, which are noted. */
export function reportsInTime(
  { processes = [], leftOut }: Pick<Push, 'processes' | 'leftOut'>,
  shiftMs: number,
  arrived: number,
  keptMs: number,
): readonly ProcessReport[] {
  return processes.flatMap((report) => {
    const at = Math.round(report.at + shiftMs);
    const problem = timeProblem(at, arrived, keptMs);
    if (problem === undefined) return { ...report, at };
    leftOut.addAt(['processes', new Date(report.at).toISOString()], problem);
    return [];
  });
}
