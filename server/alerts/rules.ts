/** Finds the rules of each device: worked out once for each device, then looked up on every push. */
import { isDeepStrictEqual } from 'node:util';
import { conditionFor, type Alert, type AlertRule } from '#protocol/alerts.ts';
import type { Condition } from '#protocol/conditions.ts';
import { fieldMatches } from '#protocol/fields.ts';
import { nameMatches } from '#protocol/name-pattern.ts';
import type { Layout } from '#protocol/sample.ts';
import { createQuickLooks, type QuickLook } from './quick-look.ts';
import { trendPartsOf, type TrendCondition } from './trends.ts';
import { watchOf, type Watch } from './watch.ts';

/** What the scopes of rules ask of a device, and how wrong its clock is: milliseconds, null where it is not. */
export interface NamedDevice {
  readonly name: string;
  readonly tags: readonly string[];
  readonly clockSkewMs?: number | null;
}
/** Returns what rules need of a device; undefined for an unknown device. */
export type DeviceOf = (deviceId: string) => NamedDevice | undefined;

export interface OfflineRule {
  readonly rule: AlertRule;
  /** How long a device has to be offline, milliseconds. */
  readonly forMs: number;
}

/** The enabled rules of one device. */
export interface DeviceRules {
  /** Rules about one field, or about the device itself. */
  readonly exact: readonly Watch[];
  /** Rules about all instances of a field: `mount:*:used`. */
  readonly patterns: readonly Watch[];
  readonly offline: readonly OfflineRule[];
  /** Those of `exact` and `patterns` that read more than the field's value. */
  readonly reading: readonly Watch[];
  /** The others, laid out for a list of fields. */
  readonly quickLook: (layout: Layout) => QuickLook;
  /** Whether one of the rules reads more than the field's value. */
  readonly needsMemory: boolean;
  /** The comparisons that need something from the history. */
  readonly trends: readonly TrendCondition[];
}

/** Whether the rule's scope has the device's id, one of its tags or its name; an empty scope covers all devices. */
export function covers(
  { scope }: Pick<AlertRule, 'scope'>,
  deviceId: string,
  { name, tags }: NamedDevice,
): boolean {
  const { devices, tags: scopeTags, names = [] } = scope;
  if (devices.length === 0 && scopeTags.length === 0 && names.length === 0) return true;
  return (
    devices.includes(deviceId) ||
    scopeTags.some((tag) => tags.includes(tag)) ||
    names.some((pattern) => nameMatches(pattern, name))
  );
}

/** A rule as it is for one device. */
export interface OwnRule {
  readonly rule: AlertRule;
  readonly condition: Condition;
}

/** Sorts enabled rules by their kind. */
export function sortByKind(rules: readonly OwnRule[]): DeviceRules {
  const offline: OfflineRule[] = [];
  const watches: Watch[] = [];
  for (const { rule, condition } of rules)
    if (condition.kind === 'offline') offline.push({ rule, forMs: condition.for_s * 1000 });
    else watches.push(watchOf(rule, condition));
  const reading = watches.filter(({ read, second }) => read !== undefined || second !== undefined);
  return {
    exact: watches.filter(({ namesIn }) => namesIn === undefined),
    patterns: watches.filter(({ namesIn }) => namesIn !== undefined),
    offline,
    reading,
    quickLook: createQuickLooks(watches.filter((watch) => !reading.includes(watch))),
    trends: watches.flatMap((watch) => trendPartsOf(watch.condition)),
    needsMemory: reading.length > 0,
  };
}

const NO_RULES: DeviceRules = sortByKind([]);

/** Whether both rules raise the same alerts for a device they cover; their names and scopes may differ. */
export function hasSameEffect(a: AlertRule, b: AlertRule, deviceId: string): boolean {
  return a.severity === b.severity && isDeepStrictEqual(conditionFor(a, deviceId), conditionFor(b, deviceId));
}

/** Whether a stored alert is one that its rule, as it is now, would raise. */
export function stillMatches(rule: AlertRule, alert: Alert): boolean {
  const condition = conditionFor(rule, alert.device_id);
  if (!rule.enabled || condition === undefined) return false;
  if (condition.kind === 'offline') return alert.metric === 'offline' && alert.severity === rule.severity;
  const { metric, tiers } = watchOf(rule, condition);
  const isTier = tiers.some(
    ({ severity, threshold }) => severity === alert.severity && threshold === alert.threshold,
  );
  return isTier && fieldMatches(metric, alert.metric);
}

export interface RuleIndex {
  /** The device's enabled rules; none for an unknown device. */
  of(deviceId: string): DeviceRules;
  /** The device's rules about one metric. */
  forMetric(deviceId: string, metric: string): readonly Watch[];
  /**
   * Replaces the rules and works out every device's rules again; needed after a device's tags changed, too.
   */
  replace(rules: readonly AlertRule[]): void;
  forget(deviceId: string): void;
  /** Whether the device may have another name than when its rules were worked out. */
  isRenamed(deviceId: string): boolean;
}

export function createRuleIndex(deviceOf: DeviceOf): RuleIndex {
  let enabled: readonly AlertRule[] = [];
  const byDevice = new Map<string, { readonly name: string; readonly rules: DeviceRules }>();
  /** By the rules' ids: devices with the same rules share one object. */
  const byRuleIds = new Map<string, DeviceRules>();

  function lookUp(deviceId: string): DeviceRules {
    const device = deviceOf(deviceId);
    if (device === undefined) return NO_RULES;
    const covering = enabled.filter((rule) => covers(rule, deviceId, device));
    const rules = covering.flatMap((rule): OwnRule[] => {
      const condition = conditionFor(rule, deviceId);
      return condition === undefined ? [] : [{ rule, condition }];
    });
    // A device for which a threshold is different shares its rules with no other.
    const isOwn = rules.some(({ rule, condition }) => condition !== rule.condition);
    const key = [...rules.map(({ rule }) => rule.id), ...(isOwn ? [deviceId] : [])].join('\n');
    const shared = byRuleIds.get(key) ?? sortByKind(rules);
    byRuleIds.set(key, shared);
    byDevice.set(deviceId, { name: device.name, rules: shared });
    return shared;
  }

  const of = (deviceId: string) => byDevice.get(deviceId)?.rules ?? lookUp(deviceId);

  return {
    of,
    forMetric(deviceId, metric) {
      const { exact, patterns } = of(deviceId);
      return [...exact, ...patterns].filter((watch) => fieldMatches(watch.metric, metric));
    },
    replace(rules) {
      enabled = rules.filter((rule) => rule.enabled);
      byDevice.clear();
      byRuleIds.clear();
    },
    forget(deviceId) {
      byDevice.delete(deviceId);
    },
    isRenamed(deviceId) {
      const known = byDevice.get(deviceId);
      return known === undefined || known.name !== deviceOf(deviceId)?.name;
    },
  };
}
