/**
 * Alerts from beginning to end: pushes and status changes in, raised and resolved alerts out. [A2] [A3] What fires
 * is in its collection and taken up again after a restart; what was only on its way begins anew.
 */
import type { Alert, AlertRule } from '#protocol/api.ts';
import type { AcceptedPush, Clock, Log, StatusChange } from '../types.ts';
import type { Collection } from '../state/collection.ts';
import type { AlertRecord, AlertRuleRecord } from '../state/records.ts';
import { createAlertBook } from './alert-book.ts';
import { DeviceCase, groupOf } from './device-case.ts';
import { breaches } from './evaluate.ts';
import { evaluateSamples, freshSamples } from './push-evaluation.ts';
import { covers, createRuleIndex, sameMeaning, stillMeant, type DeviceOf } from './rules.ts';

/** How often devices that are offline, but not yet long enough for a rule, are looked at. */
const OFFLINE_CHECK_MS = 1000;

export interface AlertParts {
  readonly rules: Collection<AlertRuleRecord>;
  readonly alerts: Collection<AlertRecord>;
  readonly deviceOf: DeviceOf;
  readonly now: () => number;
  /** Alerts that were raised or resolved, as they now are. */
  readonly onChange: (alerts: readonly Alert[]) => void;
  readonly log: Log;
  /** Samples older than this when they were sent raise nothing. */
  readonly lateMs?: number;
  /** Resolved alerts that are kept. */
  readonly keepResolved?: number;
  readonly every: Clock['every'];
}

export interface Alerts {
  /** To be called for every accepted push, also one of duplicates alone: it shows that the device is back. */
  samples(push: AcceptedPush): void;
  /** Telling the same status twice is harmless. */
  status(change: StatusChange): void;
  deviceRemoved(deviceId: string): void;
  /** Rules changed, or the tags of a device. */
  rulesChanged(): void;
  /** Newest first. */
  active(): readonly Alert[];
  /** Newest first, resolved ones included. */
  all(options?: { readonly limit?: number }): readonly Alert[];
  stop(): void;
}

export function createAlerts({
  rules,
  alerts,
  deviceOf,
  now,
  onChange,
  log,
  lateMs = 60_000,
  keepResolved = 2000,
  every,
}: AlertParts): Alerts {
  const book = createAlertBook(alerts, keepResolved, log);
  const index = createRuleIndex(deviceOf);
  const cases = new Map<string, DeviceCase>();
  /** The newest evaluated sample's time, by device. */
  const newest = new Map<string, number>();
  /** Devices that are offline and wait for a rule's duration. */
  const waiting = new Set<string>();
  let current = new Map<string, AlertRule>();

  function open(deviceId: string): DeviceCase {
    const known = cases.get(deviceId);
    if (known !== undefined) return known;
    const fresh = new DeviceCase(deviceId, book);
    cases.set(deviceId, fresh);
    return fresh;
  }

  /** Brings what is shown in line with what holds. */
  function settle(deviceId: string, ended: 'cleared' | 'rule_changed'): void {
    const device = cases.get(deviceId);
    if (device === undefined) return;
    device.settle(deviceOf(deviceId)?.name ?? deviceId, now(), ended);
    if (device.empty) cases.delete(deviceId);
  }

  function tell(): void {
    const changes = book.takeChanges();
    if (changes.length > 0) onChange(changes);
  }

  /** Claims what the offline rules say; a device whose time has not come yet waits. */
  function checkOffline(deviceId: string): void {
    waiting.delete(deviceId);
    const device = cases.get(deviceId);
    if (device?.offline === undefined) return;
    const { since, lastSeen } = device.offline;
    for (const { rule, forMs } of index.of(deviceId).offline) {
      if (now() - since < forMs) waiting.add(deviceId);
      else {
        const value = Math.round((now() - lastSeen) / 1000);
        device.claim({ rule, metric: 'offline', value, threshold: forMs / 1000 });
      }
    }
  }

  function back(deviceId: string): void {
    waiting.delete(deviceId);
    cases.get(deviceId)?.dropOffline();
  }

  function restoreAlert(alert: Alert): void {
    const device = deviceOf(alert.device_id);
    const rule = current.get(alert.rule_id);
    if (device === undefined) return book.resolve(alert, 'device_removed', now());
    if (rule === undefined || !stillMeant(rule, alert) || !covers(rule, alert.device_id, device.tags))
      return book.resolve(alert, 'rule_changed', now());
    const { metric, value, threshold } = alert;
    const restored = open(alert.device_id);
    restored.restore(alert, { rule, metric, value, threshold }, now());
    if (rule.condition.kind === 'offline')
      restored.offline = { since: alert.timestamp, lastSeen: alert.timestamp - value * 1000 };
    else restoreFiring(restored, rule, alert);
  }

  /** With a threshold, every lower one of the metric is passed: its rule was held back, and fires on as well. */
  function restoreFiring(
    device: DeviceCase,
    rule: AlertRule,
    { device_id, metric, value, threshold }: Alert,
  ) {
    const firing = { phase: 'firing', clearSince: null, last: now() } as const;
    device.setState(rule, metric, firing);
    for (const other of index.about(device_id, metric)) {
      if (other.rule.id === rule.id || groupOf(other.rule, metric) !== groupOf(rule, metric)) continue;
      if (!breaches(other.condition, threshold)) continue;
      device.setState(other.rule, metric, firing);
      device.claim({ rule: other.rule, metric, value, threshold: other.condition.threshold });
    }
  }

  function loadRules(): void {
    const all = rules.all();
    index.replace(all);
    current = new Map(all.map((rule) => [rule.id, rule]));
  }

  function dropChangedRules(
    deviceId: string,
    device: DeviceCase,
    before: ReadonlyMap<string, AlertRule>,
  ): void {
    const tags = deviceOf(deviceId)?.tags ?? [];
    for (const ruleId of device.rules()) {
      const [old, rule] = [before.get(ruleId), current.get(ruleId)];
      const kept =
        old !== undefined && rule?.enabled === true && sameMeaning(old, rule) && covers(rule, deviceId, tags);
      if (!kept) device.dropRule(ruleId);
    }
  }

  loadRules();
  for (const alert of book.active()) restoreAlert(alert);
  for (const deviceId of [...cases.keys()]) settle(deviceId, 'cleared');
  tell();

  const stopChecks = every(() => {
    for (const deviceId of [...waiting]) {
      checkOffline(deviceId);
      settle(deviceId, 'cleared');
    }
    tell();
  }, OFFLINE_CHECK_MS);

  return {
    samples(push) {
      const { deviceId, intervalS } = push;
      if (cases.get(deviceId)?.offline !== undefined) back(deviceId);
      const deviceRules = index.of(deviceId);
      const fresh = freshSamples(push, newest.get(deviceId) ?? 0, lateMs);
      const last = fresh.at(-1);
      if (last !== undefined) {
        newest.set(deviceId, last.t);
        evaluateSamples(deviceRules, fresh, intervalS, {
          device: cases.get(deviceId),
          open: () => open(deviceId),
        });
      }
      settle(deviceId, 'cleared');
      tell();
    },
    status({ deviceId, status, at, lastSeen }) {
      if (status === 'online') back(deviceId);
      else {
        const device = open(deviceId);
        device.offline ??= { since: at, lastSeen: lastSeen ?? at };
        checkOffline(deviceId);
      }
      settle(deviceId, 'cleared');
      tell();
    },
    deviceRemoved(deviceId) {
      cases.get(deviceId)?.close(now());
      cases.delete(deviceId);
      newest.delete(deviceId);
      waiting.delete(deviceId);
      index.forget(deviceId);
      tell();
    },
    rulesChanged() {
      const before = current;
      loadRules();
      for (const [deviceId, device] of [...cases]) {
        dropChangedRules(deviceId, device, before);
        checkOffline(deviceId);
        settle(deviceId, 'rule_changed');
      }
      tell();
    },
    active: () => book.active().toReversed(),
    all: ({ limit = 1000 } = {}) => book.all(limit),
    stop: stopChecks,
  };
}
