/**
 * A rule made ready for evaluation on one device: what it reads of a sample, where its limits are, and how long they
 * have to be passed.
 */
import type { AlertRule, Severity } from '#protocol/alerts.ts';
import { isTiered, type Comparison, type Condition } from '#protocol/conditions.ts';
import { fieldMatches } from '#protocol/fields.ts';
import { fieldValue, type Sample } from '#protocol/sample.ts';
import type { DeviceMemory } from './device-memory.ts';
import { fires, verdictOf, type Held, type Limit, type Verdict, type Zone } from './evaluate.ts';
import { deviationOf } from './trend.ts';

/** What one comparison reads of a sample: undefined where the field is missing, NaN while it cannot be said. */
export type Read = (sample: Sample, metric: string, memory: DeviceMemory) => number | undefined;

/** One threshold of a rule. */
export interface Tier {
  readonly rule: AlertRule;
  /** Names the tier among those of all rules. */
  readonly key: string;
  readonly severity: Severity;
  readonly threshold: number;
  readonly limit: Limit;
  readonly held: Held;
}

/** The second comparison of a condition that joins two. */
interface Second {
  readonly join: 'and' | 'or';
  readonly metric: string;
  readonly read: Read;
  readonly limit: Limit;
}

export interface Watch {
  readonly rule: AlertRule;
  readonly condition: Condition;
  /** What alerts are about: a field, a pattern of fields, or `rebooted` or `clock`. */
  readonly metric: string;
  /** Those of the names that the pattern matches; undefined where the metric is no pattern. */
  readonly namesIn: ((names: readonly string[]) => readonly string[]) | undefined;
  /** Undefined: the field's value, which nearly all rules read. */
  readonly read: Read | undefined;
  /** The first tier is passed whenever the second, critical one is. */
  readonly tiers: readonly [Tier, ...Tier[]];
  readonly second: Second | undefined;
  /** Finds fields for which the rule leaves a machine out; undefined where there is none. */
  readonly leftOutBy: ((names: readonly string[]) => readonly string[]) | undefined;
}

const above = (from: number): Zone => ({ low: from, high: Infinity, inside: true });
const below = (to: number): Zone => ({ low: -Infinity, high: to, inside: true });

function limitOf(firesAbove: boolean, threshold: number, clear: number): Limit {
  return firesAbove
    ? { fires: above(threshold), clears: below(clear) }
    : { fires: below(threshold), clears: above(clear) };
}

function equalLimit({ value, tolerance, not }: Extract<Comparison, { kind: 'equal' }>): Limit {
  const zone = { low: value - tolerance, high: value + tolerance };
  return { fires: { ...zone, inside: !not }, clears: { ...zone, inside: not } };
}

const readValue: Read = (sample, metric) => fieldValue(sample, metric);

const SIDES = { above: (n: number) => n, below: (n: number) => -n, both: (n: number) => Math.abs(n) };

/** The name of what has to be worked out from the history for this condition; undefined where it needs none. */
export function trendOf(condition: Condition | Comparison): string | undefined {
  if (condition.kind === 'forecast')
    return `forecast ${condition.rising ? 'up' : 'down'} ${condition.reaches} ${condition.fit_h}`;
  return condition.kind === 'deviation' ? `baseline ${condition.weeks}` : undefined;
}

function readDeviation(condition: Extract<Comparison, { kind: 'deviation' }>): Read {
  const what = trendOf(condition) ?? '';
  const side = SIDES[condition.side];
  return (sample, metric, memory) => {
    const value = fieldValue(sample, metric);
    const usual = memory.trend(what, metric);
    if (value === undefined) return undefined;
    return usual?.kind === 'baseline' ? side(deviationOf(usual, value, condition.least)) : NaN;
  };
}

function readForecast(what: string): Read {
  return (sample, metric, memory) => {
    if (fieldValue(sample, metric) === undefined) return undefined;
    const forecast = memory.trend(what, metric);
    return forecast?.kind === 'forecast' ? forecast.hours : NaN;
  };
}

/** Reads 1 where the field is missing that was there before, 0 where it is there. */
const readMissing: Read = (sample, metric, memory) => {
  if (fieldValue(sample, metric) === undefined) return memory.wasSeen(metric) ? 1 : undefined;
  memory.noteSeen(metric);
  return 0;
};

const readReboot: Read = (sample, _metric, memory) => {
  const uptimeS = fieldValue(sample, 'uptime_s');
  return uptimeS === undefined ? undefined : memory.takeUptime(sample.t, uptimeS);
};

/** What the condition reads; undefined: the field's value. */
function readOf(condition: Condition | Comparison): Read | undefined {
  switch (condition.kind) {
    case 'change': {
      const { over_s, per } = condition;
      return (sample, metric, memory) => {
        const value = fieldValue(sample, metric);
        if (value === undefined) return undefined;
        return memory.windowOf(over_s, metric).take(sample.t, value, per === 'second');
      };
    }
    case 'deviation':
      return readDeviation(condition);
    case 'forecast':
      return readForecast(trendOf(condition) ?? '');
    case 'no_data':
      return readMissing;
    case 'rebooted':
      return readReboot;
    case 'clock':
      return (_sample, _metric, memory) => memory.clockOffS;
    case 'joint':
      return readOf(condition.first);
    case 'threshold':
    case 'equal':
    case 'offline':
      return undefined;
  }
}

/** The limit of a condition's first threshold, and the number that alerts show as their threshold. */
function firstLimit(condition: Condition | Comparison): readonly [Limit, number] {
  switch (condition.kind) {
    case 'equal':
      return [equalLimit(condition), condition.value];
    case 'no_data':
      return [limitOf(true, 1, 0), condition.for_s];
    case 'rebooted':
      return [limitOf(true, 0, -1), condition.hold_s];
    case 'joint':
      return firstLimit(condition.first);
    case 'offline':
      return [limitOf(true, 1, 0), condition.for_s];
    case 'forecast':
      return [limitOf(false, condition.threshold, condition.clear), condition.threshold];
    case 'deviation':
    case 'clock':
      return [limitOf(true, condition.threshold, condition.clear), condition.threshold];
    case 'threshold':
    case 'change':
      return [limitOf(condition.above, condition.threshold, condition.clear), condition.threshold];
  }
}

/** For how long the condition has to hold before an alert is raised, milliseconds. */
export function forMsOf(condition: Condition): number {
  return 'for_s' in condition ? condition.for_s * 1000 : 0;
}

function heldOf(condition: Condition): Held {
  const clearS = 'clear_for_s' in condition ? condition.clear_for_s : 0;
  return {
    forMs: forMsOf(condition),
    clearForMs: (condition.kind === 'rebooted' ? condition.hold_s : clearS) * 1000,
    ofLast: 'of_last' in condition ? condition.of_last : undefined,
  };
}

function tiersOf(rule: AlertRule, condition: Condition): readonly [Tier, ...Tier[]] {
  const [limit, threshold] = firstLimit(condition);
  const held = heldOf(condition);
  const first: Tier = { rule, key: rule.id, severity: rule.severity, threshold, limit, held };
  const critical = isTiered(condition) ? condition.critical : undefined;
  if (critical === undefined || !isTiered(condition)) return [first];
  const [criticalLimit] = firstLimit({ ...condition, threshold: critical.threshold, clear: critical.clear });
  const forMs = critical.for_s === undefined ? held.forMs : critical.for_s * 1000;
  const second: Tier = {
    rule,
    key: `${rule.id}\ncritical`,
    severity: 'critical',
    threshold: critical.threshold,
    limit: criticalLimit,
    held: { ...held, forMs },
  };
  return [first, second];
}

/** The id of the rule to which a tier belongs. */
export function ruleIdOf(tierKey: string): string {
  return tierKey.split('\n', 1)[0] ?? tierKey;
}

/** What alerts of this condition are about. */
export function metricOf(condition: Condition): string {
  if (condition.kind === 'joint') return condition.first.metric;
  return 'metric' in condition ? condition.metric : condition.kind;
}

/** Makes a function that looks at each list once: a device's pushes in columns share one list. */
function createMatching(pattern: string): (names: readonly string[]) => readonly string[] {
  const known = new WeakMap<readonly string[], readonly string[]>();
  return (names) => {
    let matching = known.get(names);
    if (matching === undefined) {
      matching = names.filter((name) => fieldMatches(pattern, name));
      known.set(names, matching);
    }
    return matching;
  };
}

/** Whether the name stands for every instance of a field. */
export const isPattern = (metric: string) => metric.includes(':*:');

function secondOf(condition: Condition): Second | undefined {
  if (condition.kind !== 'joint') return undefined;
  const { join, second } = condition;
  const [limit] = firstLimit(second);
  return { join, metric: second.metric, read: readOf(second) ?? readValue, limit };
}

/** Makes a rule with this condition, which is not `offline`, ready for evaluation. */
export function watchOf(rule: AlertRule, condition: Condition): Watch {
  const metric = metricOf(condition);
  const unless = condition.kind === 'threshold' ? condition.unless_field : undefined;
  return {
    rule,
    condition,
    metric,
    namesIn: isPattern(metric) ? createMatching(metric) : undefined,
    read: readOf(condition),
    tiers: tiersOf(rule, condition),
    second: secondOf(condition),
    leftOutBy: unless === undefined ? undefined : createMatching(unless),
  };
}

/** The second field of a joint condition: of the same instance as the first, where it is a pattern. */
export function secondMetric(pattern: string, metric: string): string {
  if (!isPattern(pattern)) return pattern;
  const instance = metric.slice(metric.indexOf(':') + 1, metric.lastIndexOf(':'));
  return pattern.replace(':*:', () => `:${instance}:`);
}

/** What both comparisons say together; undefined where too little is known. NaN and undefined are not known. */
function joined(join: 'and' | 'or', first: Verdict | undefined, second: Verdict | undefined) {
  // One of these decides alone, whatever the other says.
  const decides = join === 'and' ? 'clears' : 'fires';
  if (first === decides || second === decides) return decides;
  if (first === undefined || second === undefined) return undefined;
  return first === second ? first : 'between';
}

/** What a sample says about both comparisons; `reading` is that of the first. */
export function jointVerdict(
  { tiers: [tier], second }: Pick<Watch, 'tiers'> & { readonly second: Second },
  reading: number | undefined,
  metric: string,
  sample: Sample,
  memory: DeviceMemory,
): Verdict | undefined {
  const isKnown = (value: number | undefined): value is number => value !== undefined && !Number.isNaN(value);
  const other = second.read(sample, secondMetric(second.metric, metric), memory);
  return joined(
    second.join,
    isKnown(reading) ? verdictOf(tier.limit, reading) : undefined,
    isKnown(other) ? verdictOf(second.limit, other) : undefined,
  );
}

/** Whether a reading passes the watch's first threshold. */
export const passes = ({ tiers }: Watch, reading: number) => fires(tiers[0].limit, reading);
