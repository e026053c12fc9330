/** Evaluates the samples of one push against the rules of its device, except those about devices that are offline. */
import { fieldMatches } from '#protocol/fields.ts';
import { onlineWindowMs } from '#protocol/gaps.ts';
import type { Meaning } from '#protocol/meaning.ts';
import { fieldNames, fieldValue, type Sample } from '#protocol/sample.ts';
import type { AcceptedPush } from '../types.ts';
import type { DeviceCase } from './device-case.ts';
import type { DeviceMemory } from './device-memory.ts';
import { observe, observeMissing, verdictOf, type Verdict } from './evaluate.ts';
import { readingWords } from './reading-words.ts';
import type { DeviceRules } from './rules.ts';
import { jointVerdict, passes, type Tier, type Watch } from './watch.ts';

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

/** Gives access to a device's case, which is opened only when a condition begins to hold, and to its memory. */
export interface CaseAccess {
  device: DeviceCase | undefined;
  open(): DeviceCase;
  readonly memory: DeviceMemory;
  /** Why a field is as it is, where something else than the sample says it. */
  readonly reasonOf?: (metric: string) => string | undefined;
  /** What the device has declared of a field. */
  readonly declared?: (field: string) => Meaning | undefined;
}

/** What a sample says to one tier; undefined where it says nothing, `unknown` where that is to be waited for. */
type Said = Verdict | 'unknown' | undefined;

function saidTo(tier: Tier, reading: number | undefined): Said {
  if (reading === undefined) return undefined;
  return Number.isNaN(reading) ? 'unknown' : verdictOf(tier.limit, reading);
}

/** Evaluates one tier of a rule, about which there is something to note. */
function evaluateTier(
  access: CaseAccess,
  watch: Watch,
  tier: Tier,
  metric: string,
  sample: Sample,
  reading: number | undefined,
  said: Said,
  gapMs: number,
): void {
  const state = access.device?.state(tier.key, metric);
  if (said === 'unknown' || (said !== 'fires' && state === undefined)) return;
  const next =
    said === undefined
      ? observeMissing(state, sample.t, gapMs)
      : observe(tier.held, state, sample.t, said, gapMs);
  const device = (access.device ??= access.open());
  device.setState(tier, metric, next.state);
  if (next.event === 'raised') {
    const value = reading ?? NaN;
    const words =
      readingWords(watch.condition, metric, value, sample, access.memory, access.declared) ??
      access.reasonOf?.(metric);
    device.addClaim({
      ...tier,
      metric,
      value: Number.isFinite(value) ? value : 0,
      ...(words !== undefined && { reading: words }),
    });
  }
  if (next.event === 'cleared') device.dropClaim(tier, metric);
}

function evaluateJoint(
  access: CaseAccess,
  watch: Watch & { readonly second: NonNullable<Watch['second']> },
  metric: string,
  sample: Sample,
  reading: number | undefined,
  gapMs: number,
): void {
  const [tier] = watch.tiers;
  const said = jointVerdict(watch, reading, metric, sample, access.memory);
  if (said !== 'fires' && access.device === undefined) return;
  evaluateTier(access, watch, tier, metric, sample, reading, said, gapMs);
}

const hasSecond = (watch: Watch): watch is Watch & { readonly second: NonNullable<Watch['second']> } =>
  watch.second !== undefined;

/** Evaluates one rule about one metric for one sample. */
function evaluateRule(access: CaseAccess, watch: Watch, metric: string, sample: Sample, gapMs: number): void {
  const { read } = watch;
  const reading = read === undefined ? fieldValue(sample, metric) : read(sample, metric, access.memory);
  if (hasSecond(watch)) return evaluateJoint(access, watch, metric, sample, reading, gapMs);
  const passed = reading !== undefined && passes(watch, reading);
  // Nearly every evaluation ends here, as most devices have nothing wrong.
  if (!passed && access.device === undefined) return;
  if (passed && watch.leftOutBy !== undefined && watch.leftOutBy(fieldNames(sample)).length > 0) return;
  for (const tier of watch.tiers)
    evaluateTier(access, watch, tier, metric, sample, reading, saidTo(tier, reading), gapMs);
}

/**
 * Evaluates a rule about a pattern for every instance in the sample, and for those that are missing in it.
 */
function evaluatePattern(
  access: CaseAccess,
  watch: Watch,
  namesIn: NonNullable<Watch['namesIn']>,
  sample: Sample,
  gapMs: number,
): void {
  for (const name of namesIn(fieldNames(sample))) evaluateRule(access, watch, name, sample, gapMs);
  const others =
    watch.condition.kind === 'no_data' ? access.memory.seen() : access.device?.metricsOf(watch.rule.id);
  for (const name of others ?? [])
    if (fieldValue(sample, name) === undefined && fieldMatches(watch.metric, name))
      evaluateRule(access, watch, name, sample, gapMs);
}

function evaluateWatch(access: CaseAccess, watch: Watch, sample: Sample, gapMs: number): void {
  if (watch.namesIn === undefined) evaluateRule(access, watch, watch.metric, sample, gapMs);
  else evaluatePattern(access, watch, watch.namesIn, sample, gapMs);
}

/** Evaluates every rule for a device of which something is noted: what finds nothing wrong now may end it. */
function evaluateAll(
  { exact, patterns }: DeviceRules,
  access: CaseAccess,
  sample: Sample,
  gapMs: number,
): void {
  for (const watch of exact) evaluateWatch(access, watch, sample, gapMs);
  for (const watch of patterns) evaluateWatch(access, watch, sample, gapMs);
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
    const { row } = sample;
    if (row === undefined || access.device !== undefined) {
      evaluateAll(rules, access, sample, gapMs);
      continue;
    }
    for (const watch of rules.reading) evaluateWatch(access, watch, sample, gapMs);
    rules
      .quickLook(row.layout)
      .look(row, ({ watch, metric }) => evaluateRule(access, watch, metric, sample, gapMs));
  }
}
