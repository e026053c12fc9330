/** One push against the threshold rules of its device. */
import { fieldMatches } from '#protocol/fields.ts';
import { onlineWindowMs } from '#protocol/gaps.ts';
import { fieldNames, fieldValue, type Sample } from '#protocol/sample.ts';
import type { AcceptedPush } from '../types.ts';
import type { DeviceCase } from './device-case.ts';
import { breaches, miss, observe } from './evaluate.ts';
import type { DeviceRules, ThresholdRule } from './rules.ts';

/**
 * [A1] The samples that may raise: newer than all before them, and not older than `lateMs` when they were sent.
 * Counted from the sending by the device's own clock, so that a device whose clock is behind is not taken for late.
 */
export function freshSamples(push: AcceptedPush, newest: number, lateMs: number): readonly Sample[] {
  const { samples, intervalS } = push;
  const since = (push.sentAt ?? push.arrived) - Math.max(lateMs, 2 * intervalS * 1000);
  const first = samples.findIndex(({ t }) => t > newest && t >= since);
  if (first < 0) return [];
  return first === 0 ? samples : samples.slice(first);
}

/** A device's case: none while all is well, opened by the first condition that is not at rest. */
export interface CaseFile {
  device: DeviceCase | undefined;
  open(): DeviceCase;
}

function step(
  file: CaseFile,
  { rule, condition }: ThresholdRule,
  metric: string,
  sample: Sample,
  gapMs: number,
): void {
  const value = fieldValue(sample, metric);
  const known = value !== undefined;
  const breached = known && breaches(condition, value);
  // Nearly every step of nearly every push ends here.
  if (!breached && file.device === undefined) return;
  const state = file.device?.state(rule.id, metric);
  if (!breached && state === undefined) return;
  const next = known ? observe(condition, state, sample.t, value, gapMs) : miss(state, sample.t, gapMs);
  const device = (file.device ??= file.open());
  device.setState(rule, metric, next.state);
  if (next.event === 'raised' && known) device.claim({ rule, metric, value, threshold: condition.threshold });
  if (next.event === 'cleared') device.drop(rule, metric);
}

function stepInstances(file: CaseFile, wild: ThresholdRule, sample: Sample, gapMs: number): void {
  const { metric: pattern } = wild.condition;
  for (const name of fieldNames(sample))
    if (name.includes(':') && fieldMatches(pattern, name)) step(file, wild, name, sample, gapMs);
  for (const name of file.device?.metrics(wild.rule.id) ?? [])
    if (fieldValue(sample, name) === undefined) step(file, wild, name, sample, gapMs);
}

/** Steps every rule through every sample, in order. What it leads to is settled once, after the last of them. */
export function evaluateSamples(
  rules: DeviceRules,
  samples: readonly Sample[],
  intervalS: number,
  file: CaseFile,
): void {
  const gapMs = onlineWindowMs(intervalS);
  for (const sample of samples) {
    for (const rule of rules.exact) step(file, rule, rule.condition.metric, sample, gapMs);
    for (const rule of rules.wild) stepInstances(file, rule, sample, gapMs);
  }
}
