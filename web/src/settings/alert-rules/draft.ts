/** A rule while it is edited: the fields of every kind of condition at once, with durations in minutes. */
import type { AlertRule, Override, Severity } from '#protocol/alerts.ts';
import {
  firesAbove,
  isTiered,
  type Comparison,
  type Condition,
  type ConditionKind,
} from '#protocol/conditions.ts';
import type { NewAlertRule } from '../../api/api.ts';

/** One comparison. Numbers are null while their input is empty. */
export interface PartDraft {
  kind: Comparison['kind'];
  metric: string;
  /** Above or below; for a change, whether it rises or falls, with numbers that are positive in both cases. */
  above: boolean;
  threshold: number | null;
  clear: number | null;
  /** For equality. */
  value: number | null;
  tolerance: number | null;
  not: boolean;
  /** For a change: within so many minutes. */
  overMin: number | null;
  per: 'window' | 'second';
  /** For a deviation. */
  side: 'above' | 'below' | 'both';
  weeks: number | null;
  least: number | null;
}

/** What is different for one device; null where it is as the rule says. */
export interface OverrideDraft {
  device_id: string;
  muted: boolean;
  threshold: number | null;
  clear: number | null;
  criticalThreshold: number | null;
  criticalClear: number | null;
}

export interface Draft {
  name: string;
  /** `both`: a warning that becomes critical at a second threshold. */
  severity: Severity | 'both';
  kind: ConditionKind;
  first: PartDraft;
  join: 'and' | 'or';
  second: PartDraft;
  criticalThreshold: number | null;
  criticalClear: number | null;
  /** Minutes; null: as for the warning. */
  criticalForMin: number | null;
  /** `of`: in some of the last samples or seconds, instead of all the time. */
  held: 'for' | 'of';
  /** Minutes; so is `clearForMin`. */
  forMin: number | null;
  clearForMin: number | null;
  ofCount: number | null;
  ofLast: number | null;
  ofUnit: 'samples' | 'seconds';
  /** For a forecast: the level, whether it is reached from below, and hours of the past. */
  reaches: number | null;
  rising: boolean;
  fitH: number | null;
  /** For a restart: minutes that the alert stays. */
  holdMin: number | null;
  /** Machines that send this field are left out; empty: none. */
  unless: string;
  tags: readonly string[];
  devices: readonly string[];
  names: readonly string[];
  overrides: OverrideDraft[];
  runbook: string;
  why: string;
}

const PART: PartDraft = {
  kind: 'threshold',
  metric: 'cpu',
  above: true,
  threshold: 90,
  clear: 80,
  value: 0,
  tolerance: 0,
  not: true,
  overMin: 10,
  per: 'window',
  side: 'both',
  weeks: 4,
  least: 0,
};

function blank(): Draft {
  return {
    name: '',
    severity: 'warning',
    kind: 'threshold',
    first: { ...PART },
    join: 'and',
    second: { ...PART, metric: 'ram' },
    criticalThreshold: null,
    criticalClear: null,
    criticalForMin: null,
    held: 'for',
    forMin: 5,
    clearForMin: 1,
    ofCount: 6,
    ofLast: 10,
    ofUnit: 'samples',
    reaches: 100,
    rising: true,
    fitH: 24,
    holdMin: 10,
    unless: '',
    tags: [],
    devices: [],
    names: [],
    overrides: [],
    runbook: '',
    why: '',
  };
}

/** The numbers that a kind of condition begins with when it is chosen. */
const STARTS: Readonly<Partial<Record<ConditionKind, Partial<Draft>>>> = {
  threshold: { first: { ...PART }, forMin: 5 },
  equal: { first: { ...PART, kind: 'equal' }, forMin: 1 },
  change: { first: { ...PART, kind: 'change', threshold: 20, clear: 10 }, forMin: 0 },
  deviation: { first: { ...PART, kind: 'deviation', threshold: 4, clear: 2 }, forMin: 10 },
  forecast: {
    first: { ...PART, metric: 'mount:*:used', threshold: 24, clear: 36 },
    forMin: 0,
    clearForMin: 0,
  },
  no_data: { forMin: 5, clearForMin: 0 },
  offline: { forMin: 0, severity: 'critical' },
  clock: { first: { ...PART, threshold: 30, clear: 10 }, forMin: 5 },
  joint: { first: { ...PART }, forMin: 5 },
};

/** The draft with another kind of condition, which begins with numbers that make sense for it. */
export function withKind(draft: Draft, kind: ConditionKind): Draft {
  const started = { ...draft, ...STARTS[kind], kind };
  const isTwo = draft.severity === 'both' && canBeBoth(kind);
  const severity =
    draft.severity === 'both' && !isTwo ? 'warning' : (STARTS[kind]?.severity ?? draft.severity);
  return withSeverity({ ...started, severity: 'warning' }, severity);
}

/** Whether this kind of condition can have two thresholds. */
export function canBeBoth(kind: ConditionKind): boolean {
  return !['equal', 'no_data', 'offline', 'rebooted', 'joint'].includes(kind);
}

/** The draft with another severity. A second threshold begins somewhat beyond the first one. */
export function withSeverity(draft: Draft, severity: Draft['severity']): Draft {
  if (severity !== 'both' || draft.criticalThreshold !== null) return { ...draft, severity };
  const { threshold, clear, above } = draft.first;
  const isDown = draft.kind === 'forecast' || (draft.kind === 'threshold' && !above);
  const beyond =
    threshold === null ? null : isDown ? threshold / 4 : Math.max(threshold, Math.min(threshold * 1.25, 97));
  const criticalThreshold = beyond === threshold && threshold !== null ? threshold * 1.25 : beyond;
  const criticalClear = isDown && criticalThreshold !== null ? criticalThreshold * 1.5 : (threshold ?? clear);
  return { ...draft, severity, criticalThreshold, criticalClear };
}

const minutes = (seconds: number) => seconds / 60;
const seconds = (min: number | null) => Math.round((min ?? 0) * 60);
/** An empty number becomes NaN, which JSON sends as null and the server refuses by the name of its field. */
const number = (value: number | null) => value ?? NaN;
const signed = (part: Pick<PartDraft, 'kind' | 'above'>, value: number | null) =>
  part.kind === 'change' && !part.above ? -number(value) : number(value);

function partOf(part: Comparison): PartDraft {
  switch (part.kind) {
    case 'threshold': {
      const { kind, metric, above, threshold, clear } = part;
      return { ...PART, kind, metric, above, threshold, clear };
    }
    case 'equal': {
      const { kind, metric, value, tolerance, not } = part;
      return { ...PART, kind, metric, value, tolerance, not };
    }
    case 'change': {
      const { kind, metric, above, per, over_s } = part;
      const sign = above ? 1 : -1;
      const [threshold, clear] = [sign * part.threshold, sign * part.clear];
      return { ...PART, kind, metric, above, threshold, clear, per, overMin: minutes(over_s) };
    }
    case 'deviation': {
      const { kind, metric, threshold, clear, side, weeks, least } = part;
      return { ...PART, kind, metric, threshold, clear, side, weeks, least };
    }
  }
}

/** The comparison that the condition consists of, or the first of two. */
function firstOf(condition: Condition): PartDraft {
  switch (condition.kind) {
    case 'threshold':
    case 'equal':
    case 'change':
    case 'deviation':
      return partOf(condition);
    case 'joint':
      return partOf(condition.first);
    case 'forecast': {
      const { metric, threshold, clear } = condition;
      return { ...PART, metric, threshold, clear };
    }
    case 'clock': {
      const { threshold, clear } = condition;
      return { ...PART, threshold, clear };
    }
    case 'no_data':
      return { ...PART, metric: condition.metric };
    case 'offline':
    case 'rebooted':
      return { ...PART };
  }
}

/** What the draft has of the condition's own kind. */
function ownOf(condition: Condition): Partial<Draft> {
  const own: Partial<Draft> = {};
  if ('for_s' in condition) own.forMin = minutes(condition.for_s);
  if ('clear_for_s' in condition) own.clearForMin = minutes(condition.clear_for_s);
  if ('of_last' in condition && condition.of_last !== undefined) {
    const { count, last, unit } = condition.of_last;
    Object.assign(own, { held: 'of', ofCount: count, ofLast: last, ofUnit: unit });
  }
  if (condition.kind === 'joint')
    Object.assign(own, { join: condition.join, second: partOf(condition.second) });
  if (condition.kind === 'rebooted') own.holdMin = minutes(condition.hold_s);
  if (condition.kind === 'threshold') own.unless = condition.unless_field ?? '';
  if (condition.kind === 'forecast')
    Object.assign(own, { reaches: condition.reaches, rising: condition.rising, fitH: condition.fit_h });
  if (isTiered(condition) && condition.critical !== undefined) {
    const sign = condition.kind === 'change' && !firesAbove(condition) ? -1 : 1;
    const { threshold, clear, for_s } = condition.critical;
    own.severity = 'both';
    own.criticalThreshold = sign * threshold;
    own.criticalClear = sign * clear;
    own.criticalForMin = for_s === undefined ? null : minutes(for_s);
  }
  return own;
}

/** What the form starts with: the rule, or a blank one. */
export function draftOf(rule: AlertRule | undefined): Draft {
  if (!rule) return blank();
  const { name, severity, condition, scope, overrides = [], runbook = '', why = '' } = rule;
  return {
    ...blank(),
    name,
    severity,
    kind: condition.kind,
    first: firstOf(condition),
    ...ownOf(condition),
    tags: scope.tags,
    devices: scope.devices,
    names: scope.names ?? [],
    overrides: overrides.map(
      ({ device_id, muted, threshold, clear, critical_threshold, critical_clear }) => ({
        device_id,
        muted,
        threshold: threshold ?? null,
        clear: clear ?? null,
        criticalThreshold: critical_threshold ?? null,
        criticalClear: critical_clear ?? null,
      }),
    ),
    runbook,
    why,
  };
}

function comparisonOf(part: PartDraft): Comparison {
  const metric = part.metric.trim();
  const bounds = { threshold: signed(part, part.threshold), clear: signed(part, part.clear) };
  switch (part.kind) {
    case 'threshold':
      return { kind: part.kind, metric, above: part.above, ...bounds };
    case 'equal':
      return {
        kind: part.kind,
        metric,
        value: number(part.value),
        tolerance: number(part.tolerance),
        not: part.not,
      };
    case 'change':
      return {
        kind: part.kind,
        metric,
        above: part.above,
        ...bounds,
        over_s: seconds(part.overMin),
        per: part.per,
      };
    case 'deviation':
      return {
        kind: part.kind,
        metric,
        ...bounds,
        side: part.side,
        weeks: number(part.weeks),
        least: number(part.least),
      };
  }
}

function criticalOf(draft: Draft) {
  if (draft.severity !== 'both') return {};
  const part = {
    kind: draft.kind === 'change' ? ('change' as const) : draft.first.kind,
    above: draft.first.above,
  };
  const { criticalThreshold, criticalClear, criticalForMin } = draft;
  return {
    critical: {
      threshold: signed(part, criticalThreshold),
      clear: signed(part, criticalClear),
      ...(criticalForMin !== null && { for_s: seconds(criticalForMin) }),
    },
  };
}

function conditionOf(draft: Draft): Condition {
  const { kind, first } = draft;
  const for_s = seconds(draft.forMin);
  const clear_for_s = seconds(draft.clearForMin);
  const of_last = { count: number(draft.ofCount), last: number(draft.ofLast), unit: draft.ofUnit };
  const held = { for_s, clear_for_s, ...(draft.held === 'of' && { of_last }) };
  const bounds = { threshold: number(first.threshold), clear: number(first.clear) };
  const critical = criticalOf(draft);
  const metric = first.metric.trim();
  switch (kind) {
    case 'threshold': {
      const unless = draft.unless.trim();
      return {
        kind,
        metric,
        above: first.above,
        ...bounds,
        ...held,
        ...critical,
        ...(unless !== '' && { unless_field: unless }),
      };
    }
    case 'equal':
    case 'change':
    case 'deviation': {
      const part = comparisonOf({ ...first, kind });
      return part.kind === 'equal' ? { ...part, ...held } : { ...part, ...held, ...critical };
    }
    case 'forecast': {
      const { rising } = draft;
      const level = { reaches: number(draft.reaches), rising, fit_h: number(draft.fitH) };
      return { kind, metric, ...level, ...bounds, ...held, ...critical };
    }
    case 'no_data':
      return { kind, metric, for_s, clear_for_s };
    case 'offline':
      return { kind, for_s };
    case 'rebooted':
      return { kind, hold_s: seconds(draft.holdMin) };
    case 'clock':
      return { kind, ...bounds, ...held, ...critical };
    case 'joint':
      return {
        kind,
        join: draft.join,
        first: comparisonOf(first),
        second: comparisonOf(draft.second),
        ...held,
      };
  }
}

function overrideOf({ device_id, muted, ...own }: OverrideDraft): Override {
  const { threshold, clear, criticalThreshold, criticalClear } = own;
  return {
    device_id,
    muted,
    ...(threshold !== null && { threshold }),
    ...(clear !== null && { clear }),
    ...(criticalThreshold !== null && { critical_threshold: criticalThreshold }),
    ...(criticalClear !== null && { critical_clear: criticalClear }),
  };
}

/** A rule as it is sent: whether it is switched on stays as it is. */
export type EditedRule = Omit<NewAlertRule, 'enabled' | 'condition'> & { readonly condition: Condition };

/** The rule to send. */
export function ruleOf(draft: Draft): EditedRule {
  const { name, severity, tags, devices, names, overrides, runbook, why } = draft;
  return {
    name: name.trim(),
    severity: severity === 'both' ? 'warning' : severity,
    scope: { tags: [...tags], devices: [...devices], names: [...names] },
    condition: conditionOf(draft),
    overrides: overrides.map(overrideOf),
    runbook: runbook.trim(),
    why: why.trim(),
  };
}

/** The inputs of a comparison that a question may be about. */
type Suggested = 'metric' | 'threshold' | 'clear' | 'value';
const isSuggested = (name: string): name is Suggested =>
  ['metric', 'threshold', 'clear', 'value'].includes(name);

function withInput(part: PartDraft, name: Suggested, value: string | number): PartDraft {
  if (name === 'metric') return { ...part, metric: String(value) };
  return { ...part, [name]: Number(value) };
}

/** The draft with what a question suggests for a part of the rule, such as `condition.threshold`. */
export function withSuggestion(draft: Draft, path: string, value: string | number): Draft {
  const [place, name = '', inner = '', ...more] = path.split('.');
  if (place === 'condition') {
    if (name === 'second' && isSuggested(inner))
      return { ...draft, second: withInput(draft.second, inner, value) };
    if (name === 'first' && isSuggested(inner))
      return { ...draft, first: withInput(draft.first, inner, value) };
    if (isSuggested(name)) return { ...draft, first: withInput(draft.first, name, value) };
    if (name === 'critical' && inner === 'threshold') return { ...draft, criticalThreshold: Number(value) };
    if (name === 'critical' && inner === 'clear') return { ...draft, criticalClear: Number(value) };
    if (name === 'reaches') return { ...draft, reaches: Number(value) };
    if (name === 'fit_h') return { ...draft, fitH: Number(value) };
  }
  if (place === 'scope' && (name === 'tags' || name === 'names') && more.length === 0) {
    const list = draft[name].map((old, i) => (i === Number(inner) ? String(value) : old));
    return { ...draft, [name]: list };
  }
  return draft;
}
