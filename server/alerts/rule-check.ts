/** Asks about what a rule says that is allowed, but seldom meant: a field nobody sends, 0.9 for a percentage. */
import type { AlertRule } from '#protocol/alerts.ts';
import { isTiered, type Comparison, type Condition } from '#protocol/conditions.ts';
import { fieldInfo, fieldMatches, instanceField, parseInstanceField } from '#protocol/fields.ts';
import { figure, text } from '#protocol/figure.ts';
import { metricChoices } from '#protocol/metric-name.ts';
import { nameMatches } from '#protocol/name-pattern.ts';
import type { RuleWarning } from '#protocol/rule-preview.ts';
import { nearNames } from './near-names.ts';
import type { NamedDevice } from './rules.ts';
import { isPattern } from './watch.ts';

/** A device, as far as rules are checked against it. */
export interface CheckedDevice extends NamedDevice {
  readonly id: string;
  /** The names of the fields of its newest sample. */
  readonly fields: readonly string[];
}
/** What there is that a rule may be about. */
export interface Known {
  readonly devices: readonly CheckedDevice[];
  /** The devices that the rule covers. */
  readonly covered: readonly CheckedDevice[];
}

type Rule = Pick<AlertRule, 'condition' | 'scope' | 'overrides'>;

/** So many names of fields are looked at: a field that only a late device sends may be asked about in vain. */
const MOST_NAMES = 200_000;

/** All names of fields of the devices. Devices share lists, so few lists are looked at. */
function namesOf(devices: readonly CheckedDevice[]): ReadonlySet<string> {
  const names = new Set<string>();
  const seen = new Set<readonly string[]>();
  let looked = 0;
  for (const { fields } of devices) {
    if (seen.has(fields) || looked > MOST_NAMES) continue;
    seen.add(fields);
    looked += fields.length;
    for (const name of fields) names.add(name);
  }
  return names;
}

/** The names as patterns, where they have instances: `mount:/var:used` as `mount:*:used`. */
function patternsOf(names: ReadonlySet<string>): ReadonlySet<string> {
  const patterns = [...names].map((name) => {
    const parts = parseInstanceField(name);
    return parts === undefined ? name : instanceField(parts.kind, '*', parts.field);
  });
  return new Set(patterns);
}

function fieldWarning(metric: string, path: string, { devices, covered }: Known): RuleWarning | undefined {
  const here = namesOf(covered);
  const matches = (names: ReadonlySet<string>) =>
    names.has(metric) || (isPattern(metric) && [...names].some((name) => fieldMatches(metric, name)));
  if (covered.length === 0 || here.size === 0 || matches(here)) return undefined;
  const all = namesOf(devices);
  const candidates = isPattern(metric) ? patternsOf(all) : all;
  const known = metricChoices().map((choice) => choice.metric);
  // A name that agents use is meant, though no agent here sends it.
  const isAgents = known.includes(metric);
  const isKnown = matches(all);
  const near = isKnown || isAgents ? [] : nearNames(metric, candidates);
  const names = (isKnown || isAgents || near.length > 0 ? near : nearNames(metric, known)).filter(
    (name) => name !== metric,
  );
  const where = isKnown ? 'None of the machines that the rule covers sends' : 'No machine sends';
  const meant = names.length === 0 ? '' : ` Did you mean ${names.join(' or ')}?`;
  return {
    path,
    message: `${where} ${metric} now.${meant}`,
    suggestions: names.map((name) => ({ value: name, label: name })),
  };
}

interface RuleNumber {
  readonly path: string;
  readonly value: number;
}

/** The numbers of a comparison that are values of its field. */
function valuesOf(part: Condition | Comparison): readonly RuleNumber[] {
  switch (part.kind) {
    case 'threshold': {
      const critical = 'critical' in part && part.critical !== undefined ? part.critical : undefined;
      return [
        { path: 'threshold', value: part.threshold },
        { path: 'clear', value: part.clear },
        ...(critical === undefined
          ? []
          : [
              { path: 'critical.threshold', value: critical.threshold },
              { path: 'critical.clear', value: critical.clear },
            ]),
      ];
    }
    case 'equal':
      return [{ path: 'value', value: part.value }];
    case 'forecast':
      return [{ path: 'reaches', value: part.reaches }];
    case 'change':
    case 'deviation':
    case 'no_data':
    case 'offline':
    case 'rebooted':
    case 'clock':
    case 'joint':
      return [];
  }
}

const say = (metric: string, value: number) => text(figure(metric, value));

/** Asks about one number of the field's unit; undefined where it may well be meant. */
function unitWarning(metric: string, { path, value }: RuleNumber): RuleWarning | undefined {
  const ask = (message: string, meant: number | undefined): RuleWarning => ({
    path,
    message: meant === undefined ? message : `${message} Did you mean ${say(metric, meant)}?`,
    suggestions: meant === undefined ? [] : [{ value: meant, label: say(metric, meant) }],
  });
  switch (fieldInfo(metric)?.unit) {
    case 'percent':
      if (value > 0 && value < 1)
        return ask(
          `This field is a percentage from 0 to 100: ${value} is less than one percent.`,
          round(value * 100),
        );
      if (value > 100) return ask('This field is a percentage, which is never above 100.', undefined);
      if (value < 0) return ask('This field is a percentage, which is never below 0.', undefined);
      return undefined;
    case 'bytes':
      if (value > 0 && value < 1024)
        return ask(`This field is in bytes: ${say(metric, value)} are next to nothing.`, value * 2 ** 30);
      return undefined;
    case 'bytes_per_second':
      if (value > 0 && value < 1024)
        return ask(`This field is in bytes per second: ${value} are next to nothing.`, value * 1e6);
      return undefined;
    case 'celsius':
      return value > 150
        ? ask('This field is in degrees Celsius.', round(((value - 32) * 5) / 9))
        : undefined;
    case 'ratio':
    case 'per_second':
    case 'seconds':
    case 'milliseconds':
    case 'hertz':
    case 'volts':
    case 'watts':
    case 'rpm':
    case 'count':
    case undefined:
      return undefined;
  }
}

const round = (value: number) => Number(value.toPrecision(6));

/** A value that the field reaches at all times, or never; a percentage that fires from 0 % on. */
function senselessWarning(part: Condition | Comparison): RuleWarning | undefined {
  if (part.kind !== 'threshold' || fieldInfo(part.metric)?.unit !== 'percent') return undefined;
  const always = part.above ? part.threshold <= 0 : part.threshold >= 100;
  return always
    ? {
        path: 'threshold',
        message: 'This is always so: the alert would fire and never clear.',
        suggestions: [],
      }
    : undefined;
}

function partWarnings(part: Condition | Comparison, path: string, known: Known): RuleWarning[] {
  if (!('metric' in part)) return [];
  const { metric } = part;
  const unless = 'unless_field' in part ? part.unless_field : undefined;
  const found = [
    fieldWarning(metric, 'metric', known),
    ...valuesOf(part).map((number) => unitWarning(metric, number)),
    senselessWarning(part),
    unless === undefined || unless !== metric
      ? undefined
      : {
          path: 'unless_field',
          message: 'This leaves out every machine that sends the field.',
          suggestions: [],
        },
  ];
  return found.flatMap((warning) =>
    warning === undefined ? [] : [{ ...warning, path: `${path}.${warning.path}` }],
  );
}

const none = (path: string, message: string, names: readonly string[]): RuleWarning => ({
  path,
  message: names.length === 0 ? message : `${message} Did you mean ${names.join(' or ')}?`,
  suggestions: names.map((name) => ({ value: name, label: name })),
});

function scopeWarnings({ scope }: Rule, { devices, covered }: Known): RuleWarning[] {
  const warnings: RuleWarning[] = [];
  const tags = new Set(devices.flatMap((device) => device.tags));
  for (const [i, tag] of scope.tags.entries())
    if (!tags.has(tag))
      warnings.push(none(`scope.tags.${i}`, `No machine has the tag ${tag} now.`, nearNames(tag, tags)));
  for (const [i, pattern] of (scope.names ?? []).entries())
    if (!devices.some(({ name }) => nameMatches(pattern, name))) {
      const near = nearNames(
        pattern.replaceAll('*', ''),
        devices.map(({ name }) => name),
      );
      warnings.push(none(`scope.names.${i}`, `No machine has a name like ${pattern} now.`, near));
    }
  for (const [i, id] of scope.devices.entries())
    if (!devices.some((device) => device.id === id))
      warnings.push(none(`scope.devices.${i}`, `There is no machine ${id}.`, []));
  if (covered.length === 0 && devices.length > 0 && warnings.length === 0)
    warnings.push(none('scope', 'The rule covers no machine now.', []));
  return warnings;
}

function overrideWarnings({ overrides = [] }: Rule, { devices, covered }: Known): RuleWarning[] {
  return overrides.flatMap(({ device_id }, i) => {
    const path = `overrides.${i}.device_id`;
    if (covered.some(({ id }) => id === device_id)) return [];
    const device = devices.find(({ id }) => id === device_id);
    return [
      device === undefined
        ? none(path, `There is no machine ${device_id}.`, [])
        : none(path, `The rule does not cover ${device.name}, so nothing is different there.`, []),
    ];
  });
}

/** What may not be meant, in the order of the rule's parts. */
export function checkRule(rule: Rule, known: Known): readonly RuleWarning[] {
  const { condition } = rule;
  const parts =
    condition.kind === 'joint'
      ? [
          ...partWarnings(condition.first, 'condition.first', known),
          ...partWarnings(condition.second, 'condition.second', known),
        ]
      : partWarnings(condition, 'condition', known);
  const soon =
    isTiered(condition) && condition.kind === 'forecast' && condition.threshold > condition.fit_h * 4;
  const far: RuleWarning[] = soon
    ? [
        {
          path: 'condition.fit_h',
          message: `A line through ${condition.fit_h} h says little about ${condition.threshold} h from now.`,
          suggestions: [
            {
              value: Math.min(720, Math.ceil(condition.threshold / 2)),
              label: `${Math.min(720, Math.ceil(condition.threshold / 2))} h`,
            },
          ],
        },
      ]
    : [];
  return [...parts, ...far, ...scopeWarnings(rule, known), ...overrideWarnings(rule, known)];
}
