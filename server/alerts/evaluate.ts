/**
 * [A1] Evaluation as a pure function: (condition, state, value) → (state, event). There is one state for each
 * rule, device and metric; `undefined` is the resting state, so that a metric with nothing wrong needs no
 * memory. Times are the samples' own, epoch milliseconds, in the order of arrival: they ascend until a clock is set
 * back. Durations then start over.
 */
import type { Condition } from '#protocol/alerts.ts';

export type ThresholdCondition = Extract<Condition, { kind: 'threshold' }>;

/**
 * The condition holds, but not yet for its duration. `since`: the time from which on it held without a gap.
 * `last`: the time of the newest value.
 */
export interface Pending {
  readonly phase: 'pending';
  readonly since: number;
  readonly last: number;
}
/**
 * The alert condition was met. `clearSince`: the time from which on the clearing condition held without a
 * gap; null while it does not hold. `last`: the time of the newest value.
 */
export interface Firing {
  readonly phase: 'firing';
  readonly clearSince: number | null;
  readonly last: number;
}
export type MetricState = Pending | Firing | undefined;

export interface Step {
  readonly state: MetricState;
  readonly event: 'raised' | 'cleared' | undefined;
}

/**
 * A firing condition clears when its metric (of an unmounted disk, say) is missing from samples for so long.
 */
export const VANISHED_MS = 300_000;

const RESTING: Step = { state: undefined, event: undefined };
const CLEARED: Step = { state: undefined, event: 'cleared' };

/** Whether the value reaches the threshold or lies beyond it. */
export function breaches(condition: ThresholdCondition, value: number): boolean {
  return condition.above ? value >= condition.threshold : value <= condition.threshold;
}

/**
 * Whether the value reaches `clear` and does not breach, as `clear` may equal the threshold. A value between
 * the two neither fires nor clears.
 */
function clears(condition: ThresholdCondition, value: number): boolean {
  if (breaches(condition, value)) return false;
  return condition.above ? value <= condition.clear : value >= condition.clear;
}

/**
 * Whether what held at `last` cannot be said to have held until `t`: samples are missing between, or the clock was set
 * back. Milliseconds.
 */
function isInterrupted(last: number, t: number, gapMs: number): boolean {
  return t < last || t - last > gapMs;
}

function stepNotFiring(
  condition: ThresholdCondition,
  state: Pending | undefined,
  t: number,
  value: number,
  gapMs: number,
): Step {
  if (!breaches(condition, value)) return RESTING;
  const since = state === undefined || isInterrupted(state.last, t, gapMs) ? t : state.since;
  if (t - since < condition.for_s * 1000)
    return { state: { phase: 'pending', since, last: t }, event: undefined };
  return { state: { phase: 'firing', clearSince: null, last: t }, event: 'raised' };
}

function stepFiring(
  condition: ThresholdCondition,
  state: Firing,
  t: number,
  value: number,
  gapMs: number,
): Step {
  if (!clears(condition, value))
    return { state: { phase: 'firing', clearSince: null, last: t }, event: undefined };
  const clearSince = state.clearSince === null || isInterrupted(state.last, t, gapMs) ? t : state.clearSince;
  if (t - clearSince >= condition.clear_for_s * 1000) return CLEARED;
  return { state: { phase: 'firing', clearSince, last: t }, event: undefined };
}

/**
 * The next state after a value of the metric at `t`. NaN changes nothing.
 * @param gapMs a longer time between two values is a gap, milliseconds
 */
export function observe(
  condition: ThresholdCondition,
  state: MetricState,
  t: number,
  value: number,
  gapMs: number,
): Step {
  if (Number.isNaN(value)) return { state, event: undefined };
  return state?.phase === 'firing'
    ? stepFiring(condition, state, t, value, gapMs)
    : stepNotFiring(condition, state, t, value, gapMs);
}

/**
 * The next state after a sample at `t` that has no value of the metric: a pending condition ends after a gap,
 * a firing one clears after VANISHED_MS.
 */
export function observeMissing(state: MetricState, t: number, gapMs: number): Step {
  if (state === undefined) return RESTING;
  if (state.phase === 'pending')
    return isInterrupted(state.last, t, gapMs) ? RESTING : { state, event: undefined };
  const missingMs = t - state.last;
  // The clock was set back: the time without a value is counted from here.
  if (missingMs < 0) return { state: { ...state, last: t }, event: undefined };
  return missingMs >= VANISHED_MS ? CLEARED : { state, event: undefined };
}
