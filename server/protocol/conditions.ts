/**
 * What a rule can watch for. Each kind turns a machine's samples into one number, its reading, and says from which
 * reading on an alert is raised, for how long, and when it clears.
 */
import { z } from 'zod';
import { text } from './text.ts';

/** Seconds, at most 7 days. */
const durationS = z
  .number()
  .int()
  .min(0)
  .max(7 * 86_400);

/** A field, or a pattern that matches every instance: `mount:*:used`. */
const metric = text(400);

/** The alert is raised only when the condition held for at least `count` of the last `last` samples or seconds. */
const ofLast = z.strictObject({
  count: z.number().int().min(1).max(3600),
  last: z.number().int().min(1).max(3600),
  unit: z.enum(['samples', 'seconds']).default('samples'),
});
export type OfLast = z.infer<typeof ofLast>;

/** The second, critical threshold of a rule whose own severity is warning. Its unit is that of the first. */
const criticalTier = z.strictObject({
  threshold: z.number(),
  clear: z.number(),
  /** Seconds; those of the condition where it is absent. */
  for_s: durationS.optional(),
});

/** What is compared: the reading reaches `threshold` or lies beyond it, and clears at `clear` or beyond that. */
const bounds = {
  above: z.boolean().default(true),
  threshold: z.number(),
  /** The alert ends when the reading is beyond this one for `clear_for_s` seconds (hysteresis). */
  clear: z.number(),
};
const held = {
  /** Seconds the condition must hold before the alert is raised; not used where `of_last` is given. */
  for_s: durationS.default(60),
  clear_for_s: durationS.default(60),
  of_last: ofLast.optional(),
};
const tiers = { critical: criticalTier.optional() };

/** The field's value. */
const threshold = z.strictObject({ kind: z.literal('threshold'), metric, ...bounds });
/** The value is `value`, give or take `tolerance`; or is not, where `not` is true. */
const equal = z.strictObject({
  kind: z.literal('equal'),
  metric,
  value: z.number(),
  tolerance: z.number().min(0).default(0),
  not: z.boolean().default(false),
});
/**
 * By how much the value rose within `over_s` seconds, in the field's unit: negative where it fell. With `per` second,
 * by how much each second.
 */
const change = z.strictObject({
  kind: z.literal('change'),
  metric,
  ...bounds,
  over_s: z.number().int().min(5).max(86_400),
  per: z.enum(['window', 'second']).default('window'),
});
/**
 * How far the value is from that of the same hour in past weeks, in usual deviations (scaled median absolute
 * deviations, which are standard deviations where values scatter normally).
 */
const deviation = z.strictObject({
  kind: z.literal('deviation'),
  metric,
  threshold: z.number().positive(),
  clear: z.number().min(0),
  side: z.enum(['above', 'below', 'both']).default('both'),
  /** Past weeks that the value is compared with. */
  weeks: z.number().int().min(2).max(12).default(4),
  /** Smaller differences are never unusual, in the field's unit: a flat line has no usual deviation. */
  least: z.number().min(0).default(0),
});

const comparisons = [threshold, equal, change, deviation] as const;
/** One half of a condition that joins two; how long it has to hold is said by the whole. */
export const comparison = z.discriminatedUnion('kind', comparisons);
export type Comparison = z.infer<typeof comparison>;

const thresholdCondition = threshold.extend({
  ...held,
  ...tiers,
  /** Machines that send such a field are left out: the rule about `disk` is for those without `mount:*:used`. */
  unless_field: metric.optional(),
});
const equalCondition = equal.extend(held);
const changeCondition = change.extend({ ...held, ...tiers });
const deviationCondition = deviation.extend({ ...held, ...tiers });
/**
 * In how many hours the field will have reached `reaches`, by a straight line through its last `fit_h` hours. The
 * alert is raised when that are `threshold` hours or fewer, and clears from `clear` hours on.
 */
const forecastCondition = z.strictObject({
  kind: z.literal('forecast'),
  metric,
  reaches: z.number(),
  /** Whether the value rises to `reaches`; else it falls to it. */
  rising: z.boolean().default(true),
  threshold: z
    .number()
    .positive()
    .max(24 * 90),
  clear: z.number().positive(),
  fit_h: z
    .number()
    .int()
    .min(1)
    .max(24 * 30)
    .default(24),
  ...held,
  ...tiers,
});
/** The machine sends samples, but the field that it sent before is missing for `for_s` seconds. */
const noDataCondition = z.strictObject({
  kind: z.literal('no_data'),
  metric,
  for_s: durationS.default(300),
  clear_for_s: durationS.default(0),
});
const offlineCondition = z.strictObject({
  kind: z.literal('offline'),
  /**
   * Seconds a device must be offline before the alert is raised; the alert ends when the device is online.
   */
  for_s: durationS.default(0),
});
/** The machine started again: its `uptime_s` fell. The alert stays for `hold_s` seconds, so that people see it. */
const rebootedCondition = z.strictObject({ kind: z.literal('rebooted'), hold_s: durationS.default(600) });
/** How far the machine's clock is from the server's, in seconds, ahead or behind. */
const clockCondition = z.strictObject({
  kind: z.literal('clock'),
  threshold: z.number().min(2),
  clear: z.number().min(0),
  ...held,
  ...tiers,
});
/** Two comparisons that both hold, or of which one holds. With patterns of one kind, for the same instance of both. */
const jointCondition = z.strictObject({
  kind: z.literal('joint'),
  join: z.enum(['and', 'or']),
  first: comparison,
  second: comparison,
  ...held,
});

const conditions = z.discriminatedUnion('kind', [
  thresholdCondition,
  equalCondition,
  changeCondition,
  deviationCondition,
  forecastCondition,
  noDataCondition,
  offlineCondition,
  rebootedCondition,
  clockCondition,
  jointCondition,
]);
export type Condition = z.infer<typeof conditions>;
export type ConditionKind = Condition['kind'];
/** A condition with a threshold, and maybe a second one. */
export type TieredCondition = Extract<Condition, { readonly threshold: number }>;

export function isTiered(condition: Condition): condition is TieredCondition {
  return 'threshold' in condition;
}

/** Whether an alert is raised from the threshold upwards. */
export function firesAbove(condition: TieredCondition | Extract<Comparison, { threshold: number }>): boolean {
  if (condition.kind === 'forecast') return false;
  return 'above' in condition ? condition.above : true;
}

/** What is wrong with a condition although each part of it is right: the path of the part, and why. */
interface Problem {
  readonly path: readonly string[];
  readonly message: string;
}

const CLEARS_WRONG = 'must not lie on the firing side of the threshold';

type Bounds = Parameters<typeof firesAbove>[0];

function boundsProblems(bounded: Bounds): Problem[] {
  const above = firesAbove(bounded);
  const isBeyond = (a: number, b: number) => (above ? a > b : a < b);
  const problems: Problem[] = [];
  if (isBeyond(bounded.clear, bounded.threshold)) problems.push({ path: ['clear'], message: CLEARS_WRONG });
  const critical = 'critical' in bounded ? bounded.critical : undefined;
  if (critical === undefined) return problems;
  if (isBeyond(critical.clear, critical.threshold))
    problems.push({ path: ['critical', 'clear'], message: CLEARS_WRONG });
  if (!isBeyond(critical.threshold, bounded.threshold))
    problems.push({
      path: ['critical', 'threshold'],
      message: `must be ${above ? 'above' : 'below'} the threshold of the warning`,
    });
  return problems;
}

/** The values for which a comparison of the field itself fires. */
function firingRange(part: Comparison): readonly [number, number] | undefined {
  if (part.kind === 'threshold') return part.above ? [part.threshold, Infinity] : [-Infinity, part.threshold];
  if (part.kind === 'equal' && !part.not) return [part.value - part.tolerance, part.value + part.tolerance];
  return undefined;
}

const instanceKind = (name: string) => (name.includes(':*:') ? name.slice(0, name.indexOf(':')) : undefined);

function jointProblems({ join, first, second }: z.infer<typeof jointCondition>): Problem[] {
  const problems = [
    ...(first.kind === 'equal' ? [] : boundsProblems(first)).map(({ path, message }) => ({
      path: ['first', ...path],
      message,
    })),
    ...(second.kind === 'equal' ? [] : boundsProblems(second)).map(({ path, message }) => ({
      path: ['second', ...path],
      message,
    })),
  ];
  const kind = instanceKind(second.metric);
  if (kind !== undefined && kind !== instanceKind(first.metric))
    problems.push({
      path: ['second', 'metric'],
      message: `stands for every ${kind}, so the first field has to as well: both are then read of the same ${kind}`,
    });
  const [a, b] = [firingRange(first), firingRange(second)];
  if (join === 'and' && first.metric === second.metric && a !== undefined && b !== undefined)
    if (Math.max(a[0], b[0]) > Math.min(a[1], b[1]))
      problems.push({ path: ['second'], message: 'can never hold together with the first' });
  return problems;
}

function problemsOf(condition: Condition): Problem[] {
  const problems = isTiered(condition) ? boundsProblems(condition) : [];
  if (condition.kind === 'joint') problems.push(...jointProblems(condition));
  const last = 'of_last' in condition ? condition.of_last : undefined;
  if (last !== undefined && last.count > last.last)
    problems.push({ path: ['of_last', 'count'], message: `cannot be more than the last ${last.last}` });
  return problems;
}

export const condition = conditions.superRefine((parsed, context) => {
  for (const { path, message } of problemsOf(parsed))
    context.addIssue({ code: 'custom', path: [...path], message });
});
