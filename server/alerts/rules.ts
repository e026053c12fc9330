/** Rules and whom they are about: worked out once a device, looked up on every push. */
import { isDeepStrictEqual } from 'node:util';
import type { Alert, AlertRule } from '#protocol/api.ts';
import { fieldMatches } from '#protocol/fields.ts';
import type { ThresholdCondition } from './evaluate.ts';

/** Who a device is, as far as a rule's scope asks; undefined for an unknown one. */
export type DeviceOf = (
  deviceId: string,
) => { readonly name: string; readonly tags: readonly string[] } | undefined;

export interface ThresholdRule {
  readonly rule: AlertRule;
  readonly condition: ThresholdCondition;
}

export interface OfflineRule {
  readonly rule: AlertRule;
  readonly forMs: number;
}

/** The enabled rules of one device. */
export interface DeviceRules {
  /** About one field by its name. */
  readonly exact: readonly ThresholdRule[];
  /** About all instances of a field: `mount:*:used`. */
  readonly wild: readonly ThresholdRule[];
  readonly offline: readonly OfflineRule[];
}

const NONE: DeviceRules = { exact: [], wild: [], offline: [] };

/** Whether the rule is about a device with this id and these tags; about all, where it names none. */
export function covers(rule: AlertRule, deviceId: string, tags: readonly string[]): boolean {
  const { devices, tags: wanted } = rule.scope;
  if (devices.length === 0 && wanted.length === 0) return true;
  return devices.includes(deviceId) || wanted.some((tag) => tags.includes(tag));
}

function compile(rules: readonly AlertRule[]): DeviceRules {
  const exact: ThresholdRule[] = [];
  const wild: ThresholdRule[] = [];
  const offline: OfflineRule[] = [];
  for (const rule of rules) {
    const { condition } = rule;
    if (condition.kind === 'offline') offline.push({ rule, forMs: condition.for_s * 1000 });
    else (condition.metric.includes(':*:') ? wild : exact).push({ rule, condition });
  }
  return { exact, wild, offline };
}

/** Whether what one rule raised, the other would raise just so: all but their names and scopes. */
export function sameMeaning(a: AlertRule, b: AlertRule): boolean {
  return a.severity === b.severity && isDeepStrictEqual(a.condition, b.condition);
}

/** Whether a stored alert is one that this rule, as it now is, would raise. */
export function stillMeant(rule: AlertRule, alert: Alert): boolean {
  if (!rule.enabled || rule.severity !== alert.severity) return false;
  if (rule.condition.kind === 'offline') return alert.metric === 'offline';
  return rule.condition.threshold === alert.threshold && fieldMatches(rule.condition.metric, alert.metric);
}

export interface RuleIndex {
  of(deviceId: string): DeviceRules;
  /** Those about one metric of the device. */
  about(deviceId: string, metric: string): readonly ThresholdRule[];
  /** Rules, tags or devices changed: everything is worked out anew. */
  replace(rules: readonly AlertRule[]): void;
  forget(deviceId: string): void;
}

export function createRuleIndex(deviceOf: DeviceOf): RuleIndex {
  let enabled: readonly AlertRule[] = [];
  const byDevice = new Map<string, DeviceRules>();
  /** Devices with the same rules share one compiled set. */
  const bySet = new Map<string, DeviceRules>();

  function lookUp(deviceId: string): DeviceRules {
    const device = deviceOf(deviceId);
    if (device === undefined) return NONE;
    const rules = enabled.filter((rule) => covers(rule, deviceId, device.tags));
    const key = rules.map(({ id }) => id).join('\n');
    const shared = bySet.get(key) ?? compile(rules);
    bySet.set(key, shared);
    byDevice.set(deviceId, shared);
    return shared;
  }

  const of = (deviceId: string) => byDevice.get(deviceId) ?? lookUp(deviceId);

  return {
    of,
    about(deviceId, metric) {
      const { exact, wild } = of(deviceId);
      return [...exact, ...wild].filter(({ condition }) => fieldMatches(condition.metric, metric));
    },
    replace(rules) {
      enabled = rules.filter((rule) => rule.enabled);
      byDevice.clear();
      bySet.clear();
    },
    forget(deviceId) {
      byDevice.delete(deviceId);
    },
  };
}
