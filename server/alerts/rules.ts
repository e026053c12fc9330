/** Finds the rules of each device: worked out once for each device, then looked up on every push. */
import { isDeepStrictEqual } from 'node:util';
import type { Alert, AlertRule } from '#protocol/alerts.ts';
import { fieldMatches } from '#protocol/fields.ts';
import type { ThresholdCondition } from './evaluate.ts';

/** Returns a device's name, and its tags for the scopes of rules; undefined for an unknown device. */
export type DeviceOf = (
  deviceId: string,
) => { readonly name: string; readonly tags: readonly string[] } | undefined;

export interface ThresholdRule {
  readonly rule: AlertRule;
  readonly condition: ThresholdCondition;
}

/** A rule about all instances of a field. */
export interface PatternRule extends ThresholdRule {
  /** Those of the names that the pattern matches. */
  readonly namesIn: (names: readonly string[]) => readonly string[];
}

export interface OfflineRule {
  readonly rule: AlertRule;
  /** How long a device has to be offline, milliseconds. */
  readonly forMs: number;
}

/** The enabled rules of one device. */
export interface DeviceRules {
  /** Rules about one field, by its name. */
  readonly exact: readonly ThresholdRule[];
  /** Rules about all instances of a field: `mount:*:used`. */
  readonly patterns: readonly PatternRule[];
  readonly offline: readonly OfflineRule[];
}

const NO_RULES: DeviceRules = { exact: [], patterns: [], offline: [] };

/** Whether the rule's scope has the device's id or one of its tags; an empty scope covers all devices. */
export function covers(rule: AlertRule, deviceId: string, tags: readonly string[]): boolean {
  const { devices, tags: scopeTags } = rule.scope;
  if (devices.length === 0 && scopeTags.length === 0) return true;
  return devices.includes(deviceId) || scopeTags.some((tag) => tags.includes(tag));
}

/** Makes a PatternRule's `namesIn`, which looks at each list once: a device's pushes in columns share one list. */
function createMatching(pattern: string): PatternRule['namesIn'] {
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

/** Sorts enabled rules by their kind. */
function sortByKind(rules: readonly AlertRule[]): DeviceRules {
  const exact: ThresholdRule[] = [];
  const patterns: PatternRule[] = [];
  const offline: OfflineRule[] = [];
  for (const rule of rules) {
    const { condition } = rule;
    if (condition.kind === 'offline') offline.push({ rule, forMs: condition.for_s * 1000 });
    else if (!condition.metric.includes(':*:')) exact.push({ rule, condition });
    else patterns.push({ rule, condition, namesIn: createMatching(condition.metric) });
  }
  return { exact, patterns, offline };
}

/** Whether both rules raise the same alerts for a device they cover; their names and scopes may differ. */
export function hasSameEffect(a: AlertRule, b: AlertRule): boolean {
  return a.severity === b.severity && isDeepStrictEqual(a.condition, b.condition);
}

/** Whether a stored alert is one that its rule, as it is now, would raise. */
export function stillMatches(rule: AlertRule, alert: Alert): boolean {
  if (!rule.enabled || rule.severity !== alert.severity) return false;
  if (rule.condition.kind === 'offline') return alert.metric === 'offline';
  return rule.condition.threshold === alert.threshold && fieldMatches(rule.condition.metric, alert.metric);
}

export interface RuleIndex {
  /** The device's enabled rules; none for an unknown device. */
  of(deviceId: string): DeviceRules;
  /** The device's threshold rules about one metric. */
  forMetric(deviceId: string, metric: string): readonly ThresholdRule[];
  /**
   * Replaces the rules and works out every device's rules again; needed after a device's tags changed, too.
   */
  replace(rules: readonly AlertRule[]): void;
  forget(deviceId: string): void;
}

export function createRuleIndex(deviceOf: DeviceOf): RuleIndex {
  let enabled: readonly AlertRule[] = [];
  const byDevice = new Map<string, DeviceRules>();
  /** By the rules' ids: devices with the same rules share one object. */
  const byRuleIds = new Map<string, DeviceRules>();

  function lookUp(deviceId: string): DeviceRules {
    const device = deviceOf(deviceId);
    if (device === undefined) return NO_RULES;
    const rules = enabled.filter((rule) => covers(rule, deviceId, device.tags));
    const key = rules.map(({ id }) => id).join('\n');
    const shared = byRuleIds.get(key) ?? sortByKind(rules);
    byRuleIds.set(key, shared);
    byDevice.set(deviceId, shared);
    return shared;
  }

  const of = (deviceId: string) => byDevice.get(deviceId) ?? lookUp(deviceId);

  return {
    of,
    forMetric(deviceId, metric) {
      const { exact, patterns } = of(deviceId);
      return [...exact, ...patterns].filter(({ condition }) => fieldMatches(condition.metric, metric));
    },
    replace(rules) {
      enabled = rules.filter((rule) => rule.enabled);
      byDevice.clear();
      byRuleIds.clear();
    },
    forget(deviceId) {
      byDevice.delete(deviceId);
    },
  };
}
