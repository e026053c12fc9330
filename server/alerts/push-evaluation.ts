/** Evaluates the samples of one push against the threshold rules of its device. */
import { onlineWindowMs } from '#protocol/gaps.ts';
import { fieldNames, fieldValue, type Sample } from '#protocol/sample.ts';
import type { AcceptedPush } from '../types.ts';
import type { DeviceCase } from './device-case.ts';
import { breaches, observe, observeMissing } from './evaluate.ts';
import type { DeviceRules, PatternRule, ThresholdRule } from './rules.ts';

/**
 * [A1] The samples of a push that may raise an alert: the current ones that were at most `lateMs` (or two intervals)
 * old when they were sent. Their age is measured by the device's own clock, so that a device whose clock is behind
 * does not count as late.
 */
export function samplesToEvaluate(
  { current, sentAt, intervalS }: Pick<AcceptedPush, 'current' | 'sentAt' | 'intervalS'>,
  lateMs: number,
): readonly Sample[] {
  const since = sentAt - Math.max(lateMs, 2 * intervalS * 1000);
  const first = current.findIndex(({ t }) => t >= since);
  if (first < 0) return [];
  return first === 0 ? current : current.slice(first);
}

/** Gives access to a device's case, which is opened only when a condition begins to hold. */
export interface CaseAccess {
  device: DeviceCase | undefined;
  open(): DeviceCase;
}

/** Evaluates one rule about one metric for one sample. */
function evaluateRule(
  access: CaseAccess,
  { rule, condition }: ThresholdRule,
  metric: string,
  sample: Sample,
  gapMs: number,
): void {
  const value = fieldValue(sample, metric);
  const isKnown = value !== undefined;
  const breached = isKnown && breaches(condition, value);
  // Nearly every evaluation ends here, as most devices have nothing wrong.
  if (!breached && access.device === undefined) return;
  const state = access.device?.state(rule.id, metric);
  if (!breached && state === undefined) return;
  const next = isKnown
    ? observe(condition, state, sample.t, value, gapMs)
    : observeMissing(state, sample.t, gapMs);
  const device = (access.device ??= access.open());
  device.setState(rule, metric, next.state);
  if (next.event === 'raised' && isKnown)
    device.addClaim({ rule, metric, value, threshold: condition.threshold });
  if (next.event === 'cleared') device.dropClaim(rule, metric);
}

/**
 * Evaluates a rule about a pattern for every instance in the sample, and for those that are missing in it.
 */
function evaluatePattern(access: CaseAccess, rule: PatternRule, sample: Sample, gapMs: number): void {
  for (const name of rule.namesIn(fieldNames(sample))) evaluateRule(access, rule, name, sample, gapMs);
  for (const name of access.device?.metricsOf(rule.rule.id) ?? [])
    if (fieldValue(sample, name) === undefined) evaluateRule(access, rule, name, sample, gapMs);
}

/** Evaluates every rule for every sample, in order. The caller then settles the case once. */
export function evaluateSamples(
  rules: DeviceRules,
  samples: readonly Sample[],
  intervalS: number,
  access: CaseAccess,
): void {
  const gapMs = onlineWindowMs(intervalS);
  for (const sample of samples) {
    for (const rule of rules.exact) evaluateRule(access, rule, rule.condition.metric, sample, gapMs);
    for (const rule of rules.patterns) evaluatePattern(access, rule, sample, gapMs);
  }
}
