/**
 * [A1] Evaluation, pure: (condition, state, observation) → (state, event). One state for each rule, device and
 * metric instance; `undefined` is the resting state, so that what is well costs nothing. Times are the samples'
 * own, epoch milliseconds, ascending.
 */
import type { Condition } from '#protocol/api.ts';

export type ThresholdCondition = Extract<Condition, { kind: 'threshold' }>;

/** `last`: the newest observation's time. `since`: from when on, without a gap, the condition held. */
export interface Pending {
  readonly phase: 'pending';
  readonly since: number;
  readonly last: number;
}
/** `clearSince`: from when on, without a gap, its clearing condition held; null while it does not. */
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

/** A firing metric instance that is gone from its device's samples this long (an unmounted disk) has ended. */
export const VANISHED_MS = 300_000;

const RESTING: Step = { state: undefined, event: undefined };
const CLEARED: Step = { state: undefined, event: 'cleared' };

/** Whether the value lies on the firing side. */
export function breaches(condition: ThresholdCondition, value: number): boolean {
  return condition.above ? value >= condition.threshold : value <= condition.threshold;
}

/** Whether the value lies at or beyond `clear`; one between the two neither fires nor clears. */
function clears(condition: ThresholdCondition, value: number): boolean {
  if (breaches(condition, value)) return false;
  return condition.above ? value <= condition.clear : value >= condition.clear;
}

function whileNotFiring(
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

function whileFiring(
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

/** One observation of the metric, later than all before it. What is not a number tells nothing. */
export function observe(
  condition: ThresholdCondition,
  state: MetricState,
  t: number,
  value: number,
  gapMs: number,
): Step {
  if (Number.isNaN(value)) return { state, event: undefined };
  return state?.phase === 'firing'
    ? whileFiring(condition, state, t, value, gapMs)
    : whileNotFiring(condition, state, t, value, gapMs);
}

/** A sample of the device at `t` without the metric: it neither fires nor clears, until it is gone for long. */
export function miss(state: MetricState, t: number, gapMs: number): Step {
  if (state === undefined) return RESTING;
  const gone = t - state.last;
  if (state.phase === 'pending') return gone > gapMs ? RESTING : { state, event: undefined };
  return gone >= VANISHED_MS ? CLEARED : { state, event: undefined };
}
