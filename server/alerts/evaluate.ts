/**
 * [A1] Evaluation as a pure function: (condition, state, value) → (state, event). There is one state for each
 * rule, device and metric; `undefined` is the resting state, so that a metric with nothing wrong needs no
 * memory. Times are the samples' own, epoch milliseconds, in ascending order.
 */
import type { Condition } from '#protocol/api.ts';

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

function stepNotFiring(
  condition: ThresholdCondition,
  state: Pending | undefined,
  t: number,
  value: number,
  gapMs: number,
): Step {
  if (!breaches(condition, value)) return RESTING;
  const since = state === undefined || t - state.last > gapMs ? t : state.since;
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
  const clearSince = state.clearSince === null || t - state.last > gapMs ? t : state.clearSince;
  if (t - clearSince >= condition.clear_for_s * 1000) return CLEARED;
  return { state: { phase: 'firing', clearSince, last: t }, event: undefined };
}

/**
 * The next state after a value of the metric at `t`, later than all values before. NaN changes nothing.
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
  const missingMs = t - state.last;
  if (state.phase === 'pending') return missingMs > gapMs ? RESTING : { state, event: undefined };
  return missingMs >= VANISHED_MS ? CLEARED : { state, event: undefined };
}
