/**
 * [A1] Evaluation as a pure function: (limits and durations, state, reading) → (state, event). There is one state for
 * each threshold of a rule, device and metric; `undefined` is the resting state, so that a metric with nothing wrong
 * needs no memory. Times are the samples' own, epoch milliseconds, in the order of arrival: they ascend until a clock is
 * set back. Durations then start over.
 */
import type { OfLast } from '#protocol/conditions.ts';

/** Numbers from `low` to `high`, both included; all others where `inside` is false. */
export interface Zone {
  readonly low: number;
  readonly high: number;
  readonly inside: boolean;
}
/** Where a reading fires, and where it clears unless it fires. Between the two it does neither. */
export interface Limit {
  readonly fires: Zone;
  readonly clears: Zone;
}
/** How long a condition has to hold, milliseconds. */
export interface Held {
  readonly forMs: number;
  readonly clearForMs: number;
  /** Takes the place of `forMs`. */
  readonly ofLast: OfLast | undefined;
}
export type Verdict = 'fires' | 'clears' | 'between';

/** A sample for which the condition held: its time or its number, and the seconds or samples that it stands for. */
interface Hit {
  readonly at: number;
  readonly weight: number;
}
/**
 * The condition holds, but not yet for its duration. `since`: the time from which on it held without a gap.
 * `last`: the time of the newest value.
 */
export interface Pending {
  readonly phase: 'pending';
  readonly since: number;
  readonly last: number;
  /** Of a condition that has to hold for some of the last samples or seconds: how often it did, oldest first. */
  readonly hits?: readonly Hit[];
  /** How many samples came since the first of the hits. */
  readonly samples?: number;
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

const isIn = ({ low, high, inside }: Zone, reading: number) => (reading >= low && reading <= high) === inside;

/** Whether the reading reaches the threshold or lies beyond it; not for NaN. */
export function fires({ fires: zone }: Limit, reading: number): boolean {
  return isIn(zone, reading) && !Number.isNaN(reading);
}

/** What a reading, which is not NaN, says. The clear value may equal the threshold, and then fires. */
export function verdictOf(limit: Limit, reading: number): Verdict {
  if (isIn(limit.fires, reading)) return 'fires';
  return isIn(limit.clears, reading) ? 'clears' : 'between';
}

/**
 * Whether what held at `last` cannot be said to have held until `t`: samples are missing between, or the clock was set
 * back. Milliseconds.
 */
function isInterrupted(last: number, t: number, gapMs: number): boolean {
  return t < last || t - last > gapMs;
}

const FIRED = (t: number): Step => ({
  state: { phase: 'firing', clearSince: null, last: t },
  event: 'raised',
});

function stepPending(
  { forMs }: Held,
  state: Pending | undefined,
  t: number,
  verdict: Verdict,
  gapMs: number,
): Step {
  if (verdict !== 'fires') return RESTING;
  const since = state === undefined || isInterrupted(state.last, t, gapMs) ? t : state.since;
  if (t - since >= forMs) return FIRED(t);
  return { state: { phase: 'pending', since, last: t }, event: undefined };
}

/** As `stepPending`, for a condition that has to hold for `count` of the last samples or seconds. */
function stepCounting(
  { count, last: window, unit }: OfLast,
  state: Pending | undefined,
  t: number,
  verdict: Verdict,
  gapMs: number,
): Step {
  const before = state === undefined || t < state.last ? undefined : state;
  const samples = (before?.samples ?? 0) + 1;
  const at = unit === 'samples' ? samples : t;
  const oldest = unit === 'samples' ? at - window : at - window * 1000;
  const kept = (before?.hits ?? []).filter((hit) => hit.at > oldest);
  // A sample stands for the time since the one before, as far as that is known.
  const apartS = before === undefined || t - before.last > gapMs ? 1 : (t - before.last) / 1000;
  const weight = unit === 'samples' ? 1 : apartS;
  const hits = verdict === 'fires' ? [...kept, { at, weight }] : kept;
  if (hits.length === 0) return RESTING;
  if (verdict === 'fires' && hits.reduce((sum, hit) => sum + hit.weight, 0) >= count) return FIRED(t);
  const pending: Pending = { phase: 'pending', since: before?.since ?? t, last: t, hits, samples };
  return { state: pending, event: undefined };
}

function stepFiring({ clearForMs }: Held, state: Firing, t: number, verdict: Verdict, gapMs: number): Step {
  if (verdict !== 'clears')
    return { state: { phase: 'firing', clearSince: null, last: t }, event: undefined };
  const clearSince = state.clearSince === null || isInterrupted(state.last, t, gapMs) ? t : state.clearSince;
  if (t - clearSince >= clearForMs) return CLEARED;
  return { state: { phase: 'firing', clearSince, last: t }, event: undefined };
}

/**
 * The next state after a sample at `t` whose reading gave the verdict.
 * @param gapMs a longer time between two samples is a gap, milliseconds
 */
export function observe(held: Held, state: MetricState, t: number, verdict: Verdict, gapMs: number): Step {
  if (state?.phase === 'firing') return stepFiring(held, state, t, verdict, gapMs);
  return held.ofLast === undefined
    ? stepPending(held, state, t, verdict, gapMs)
    : stepCounting(held.ofLast, state, t, verdict, gapMs);
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
