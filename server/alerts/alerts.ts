/**
 * Evaluates pushes and status changes against the rules, raises and resolves alerts, and writes down what people say
 * about them. [A2] [A3] An active alert is stored in its collection and goes on after a restart. A condition whose
 * duration had not passed yet starts over.
 */
import type { Alert, AlertRule, Mute, PendingAlert } from '#protocol/alerts.ts';
import type { Meaning } from '#protocol/meaning.ts';
import type { AcceptedPush, Clock, StatusChange } from '../types.ts';
import type { Collection } from '../state/collection.ts';
import type { AlertRecord, AlertRuleRecord } from '../state/records.ts';
import { createAlertBook } from './alert-book.ts';
import { DeviceCase, groupOf, type RuleTier } from './device-case.ts';
import { DeviceMemory } from './device-memory.ts';
import { fires } from './evaluate.ts';
import {
  acknowledge,
  comment,
  DEFAULT_LIMITS,
  unacknowledge,
  type LifecycleLimits,
  type Raised,
  type Remark,
} from './lifecycle.ts';
import { evaluateSamples, samplesToEvaluate } from './push-evaluation.ts';
import { covers, createRuleIndex, hasSameEffect, stillMatches, type DeviceOf } from './rules.ts';
import type { FoundTrends, TrendCondition } from './trends.ts';
import { forMsOf, type Tier } from './watch.ts';

/** How often it is checked whether offline devices are offline, and flapping alerts quiet, for long enough. */
const CHECK_MS = 1000;

/** The memory of devices whose rules need none. */
const NO_MEMORY = new DeviceMemory();

export interface AlertParts {
  readonly rules: Collection<AlertRuleRecord>;
  readonly alerts: Collection<AlertRecord>;
  readonly deviceOf: DeviceOf;
  /** The newest uptime of a device that is stored, seconds; read before the device's first push after a start. */
  readonly uptimeOf?: (deviceId: string) => number | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Called once for each change, with the alerts that have changed, as they are now. */
  readonly onChange: (alerts: readonly Alert[]) => void;
  /** Samples that were older than this when they were sent raise no alert, milliseconds. */
  readonly lateMs?: number;
  /** How many resolved alerts are kept. */
  readonly keepResolved?: number;
  /** [A5] Whether a message about this alert may be yet to come, so that it is kept. */
  readonly isAwaited?: (id: string) => boolean;
  readonly limits?: LifecycleLimits;
  /** [A6] What hides the messages about an alert now; null where nothing does. */
  readonly muteOf?: (alert: Raised) => Mute | null;
  /** What the device has declared of a field. */
  readonly declaredOf?: (deviceId: string, field: string) => Meaning | undefined;
  /** Why a field of a device is as it is, where something else than the sample says it; the alert keeps it. */
  readonly reasonOf?: (deviceId: string, metric: string) => string | undefined;
  readonly every: Clock['every'];
}

export interface Alerts {
  /** To be called for every accepted push; even one without new samples shows that the device is online. */
  pushAccepted(push: AcceptedPush): void;
  /** To be called when a device goes online or offline; repeating the same status changes nothing. */
  statusChanged(change: StatusChange): void;
  deviceRemoved(deviceId: string): void;
  /** To be called when rules, or the name or tags of a device have changed. */
  rulesChanged(): void;
  /** To be called when the device may have another name, such as a new hostname. */
  nameChanged(deviceId: string): void;
  /** To be called when `muteOf` may answer otherwise, for any alert. */
  mutesChanged(): void;
  /** The comparisons of the device's rules that need something from the history. */
  trendsNeeded(deviceId: string): readonly TrendCondition[];
  /** Takes what was found in the history, by field. */
  trendsFound(deviceId: string, what: string, trends: FoundTrends): void;
  /** The active alerts, newest first. */
  active(): readonly Alert[];
  /** The alert with this id, active or resolved; undefined where there is none (any more). */
  get(id: string): Alert | undefined;
  /** Conditions that hold, but not yet for as long as their rules ask; those that fire soonest come first. */
  pending(): readonly PendingAlert[];
  /** The newest `limit` (1000 by default) alerts, newest first, resolved ones included. */
  all(options?: { readonly limit?: number }): readonly Alert[];
  /** All alerts, newest first, with the names that their rules and machines had when they last changed. */
  stored(): readonly Alert[];
  /** [A6] Acknowledges those of the alerts that fire. Returns the alerts that were found, as they are then. */
  acknowledge(ids: readonly string[], remark: Omit<Remark, 'at'>): readonly Alert[];
  /** Lets an acknowledged alert fire again. Undefined for an unknown alert. */
  unacknowledge(id: string, by: string): Alert | undefined;
  /** Adds a comment to an alert, active or resolved. Undefined for an unknown alert. */
  comment(id: string, remark: Omit<Remark, 'at'>): Alert | undefined;
  /** The alert with the names that its rule and machine have now. */
  named(alert: Alert): Alert;
  stop(): void;
}

export function createAlerts({
  rules,
  alerts,
  deviceOf,
  uptimeOf = () => undefined,
  now,
  onChange,
  lateMs = 60_000,
  keepResolved = 2000,
  isAwaited = () => false,
  limits = DEFAULT_LIMITS,
  muteOf = () => null,
  reasonOf = () => undefined,
  declaredOf = () => undefined,
  every,
}: AlertParts): Alerts {
  const book = createAlertBook({ alerts, maxResolved: keepResolved, limits, muteOf, declaredOf, isAwaited });
  const index = createRuleIndex(deviceOf);
  const cases = new Map<string, DeviceCase>();
  /** Of devices whose rules read more than values. */
  const memories = new Map<string, DeviceMemory>();
  /** Devices that are offline, but not yet for as long as one of their rules asks. */
  const offlineTooShort = new Set<string>();
  /** Devices that have a flapping alert whose condition does not hold now. */
  const quiet = new Set<string>();
  let rulesById = new Map<string, AlertRule>();

  /** The device's case; opens one where it has none. */
  function openCase(deviceId: string): DeviceCase {
    const existing = cases.get(deviceId);
    if (existing !== undefined) return existing;
    const opened = new DeviceCase(deviceId, book);
    cases.set(deviceId, opened);
    return opened;
  }

  function memoryOf(deviceId: string): DeviceMemory {
    const existing = memories.get(deviceId);
    if (existing !== undefined) return existing;
    const opened = new DeviceMemory(uptimeOf(deviceId));
    memories.set(deviceId, opened);
    return opened;
  }

  /** The device's memory after a push arrived, which shows how wrong the device's clock is. */
  function memoryAt({ deviceId, arrived, sentAt }: AcceptedPush): DeviceMemory {
    const memory = memoryOf(deviceId);
    memory.clockOffS = Math.abs(deviceOf(deviceId)?.clockSkewMs ?? arrived - sentAt) / 1000;
    return memory;
  }

  /** Raises and resolves the device's alerts. `endedBy`: the resolution of alerts whose claim was dropped. */
  function settle(deviceId: string, endedBy: 'cleared' | 'rule_changed'): void {
    const device = cases.get(deviceId);
    if (device === undefined) return;
    device.settle(deviceOf(deviceId)?.name ?? deviceId, now(), endedBy);
    if (device.isQuiet) quiet.add(deviceId);
    if (device.isEmpty) cases.delete(deviceId);
  }

  function endQuiet(deviceId: string): void {
    const device = cases.get(deviceId);
    device?.endQuiet(now(), limits.reopenMs);
    if (device?.isQuiet !== true) quiet.delete(deviceId);
    if (device?.isEmpty === true) cases.delete(deviceId);
  }

  /** Gives the device's active alerts the names of now, and what mutes them now. */
  function refresh(deviceId: string): void {
    const name = deviceOf(deviceId)?.name;
    const device = cases.get(deviceId);
    if (name === undefined || device === undefined) return;
    device.rename(name, (ruleId) => rulesById.get(ruleId)?.name, now());
    device.mute(muteOf, now());
  }

  /** An alert, active or resolved, with the names of now. */
  function named(alert: Alert): Alert {
    const rule_name = rulesById.get(alert.rule_id)?.name ?? alert.rule_name;
    return { ...alert, rule_name, device_name: deviceOf(alert.device_id)?.name ?? alert.device_name };
  }

  function reportChanges(): void {
    const changes = book.takeChanges();
    if (changes.length > 0) onChange(changes);
  }

  /** Adds a claim for each offline rule whose duration has passed, and checks the other rules again later. */
  function checkOffline(deviceId: string): void {
    offlineTooShort.delete(deviceId);
    const device = cases.get(deviceId);
    if (device?.offline === undefined) return;
    const { since, lastSeen } = device.offline;
    for (const { rule, forMs } of index.of(deviceId).offline) {
      if (now() - since < forMs) offlineTooShort.add(deviceId);
      else {
        const value = Math.round((now() - lastSeen) / 1000);
        const { id: key, severity } = rule;
        device.addClaim({ rule, key, severity, metric: 'offline', value, threshold: forMs / 1000 });
      }
    }
  }

  function endOffline(deviceId: string): void {
    offlineTooShort.delete(deviceId);
    cases.get(deviceId)?.endOffline();
  }

  /** Takes up a stored alert after a restart, or resolves it where its device or its rule has changed. */
  function restoreAlert(alert: Alert): void {
    const device = deviceOf(alert.device_id);
    const rule = rulesById.get(alert.rule_id);
    if (device === undefined) return book.resolve(alert.id, 'device_removed', now());
    if (rule === undefined || !stillMatches(rule, alert) || !covers(rule, alert.device_id, device))
      return book.resolve(alert.id, 'rule_changed', now());
    const { metric, value, threshold, severity } = alert;
    const restored = openCase(alert.device_id);
    const tier = tierOf(alert) ?? { rule, key: rule.id, severity };
    restored.restore(alert, { ...tier, metric, value, threshold }, now());
    if (alert.quiet_since !== null) return;
    if (rule.condition.kind === 'offline')
      restored.offline = { since: alert.timestamp, lastSeen: alert.timestamp - value * 1000 };
    else restoreFiring(restored, tier, alert);
  }

  /** The tier that raised the alert. */
  function tierOf({ device_id, metric, rule_id, severity }: Alert): Tier | undefined {
    return index
      .forMetric(device_id, metric)
      .flatMap(({ tiers }) => tiers)
      .find((tier) => tier.rule.id === rule_id && tier.severity === severity);
  }

  /**
   * Sets the tier of a restored alert to firing, and every other one of its group that the alert's threshold passes
   * too: these were firing as well, but got no alert beside this one.
   */
  function restoreFiring(device: DeviceCase, own: RuleTier, alert: Alert) {
    const { device_id, metric, value, threshold } = alert;
    const firing = { phase: 'firing', clearSince: null, last: now() } as const;
    device.setState(own, metric, firing);
    if (alert.kind === 'no_data') memoryOf(device_id).noteSeen(metric);
    const group = groupOf(own.rule, metric);
    const watches = index.forMetric(device_id, metric).filter(({ rule }) => groupOf(rule, metric) === group);
    for (const tier of watches.flatMap(({ tiers }) => tiers)) {
      if (tier.key === own.key || !fires(tier.limit, threshold)) continue;
      device.setState(tier, metric, firing);
      device.addClaim({ ...tier, metric, value });
    }
  }

  function loadRules(): void {
    const all = rules.all();
    index.replace(all);
    rulesById = new Map(all.map((rule) => [rule.id, rule]));
  }

  /**
   * Drops states and claims of rules that were changed, disabled or removed, or no longer cover the device.
   */
  function dropChangedRules(
    deviceId: string,
    device: DeviceCase,
    rulesBefore: ReadonlyMap<string, AlertRule>,
  ): void {
    const named = deviceOf(deviceId) ?? { name: deviceId, tags: [] };
    for (const ruleId of device.ruleIds()) {
      const [ruleBefore, rule] = [rulesBefore.get(ruleId), rulesById.get(ruleId)];
      const kept =
        ruleBefore !== undefined &&
        rule?.enabled === true &&
        hasSameEffect(ruleBefore, rule, deviceId) &&
        covers(rule, deviceId, named);
      if (!kept) device.dropRule(ruleId);
    }
  }

  loadRules();
  for (const alert of book.active()) restoreAlert(alert);
  for (const deviceId of [...cases.keys()]) {
    settle(deviceId, 'cleared');
    refresh(deviceId);
  }
  reportChanges();

  const stopChecks = every(() => {
    for (const deviceId of [...offlineTooShort]) {
      checkOffline(deviceId);
      settle(deviceId, 'cleared');
    }
    for (const deviceId of [...quiet]) endQuiet(deviceId);
    reportChanges();
    book.tidy();
  }, CHECK_MS);

  /** Stores what a person changes in an alert, and reports it. */
  function edit(id: string, change: (alert: Alert) => Alert): Alert | undefined {
    const alert = book.edit(id, change);
    reportChanges();
    return alert && named(alert);
  }

  /** The conditions of one device that hold, but not yet for as long as their rules ask. */
  function pendingOf(deviceId: string, device: DeviceCase): PendingAlert[] {
    const pending = (rule: AlertRule, metric: string, since: number) => ({
      rule_id: rule.id,
      rule_name: rule.name,
      device_id: deviceId,
      device_name: deviceOf(deviceId)?.name ?? deviceId,
      metric,
      severity: rule.severity,
      since,
      fires_at: since + forMsOf(rule.condition),
    });
    const since = device.offline?.since;
    const offline = index
      .of(deviceId)
      .offline.filter(({ forMs }) => since !== undefined && now() - since < forMs)
      .map(({ rule }) => pending(rule, 'offline', since ?? now()));
    const others = [...device.ruleIds()].flatMap((ruleId) => {
      const rule = rulesById.get(ruleId);
      return device.metricsOf(ruleId).flatMap((metric) => {
        const state = device.state(ruleId, metric);
        return rule !== undefined && state?.phase === 'pending' ? [pending(rule, metric, state.since)] : [];
      });
    });
    return [...offline, ...others];
  }

  return {
    pushAccepted(push) {
      const { deviceId, intervalS } = push;
      if (cases.get(deviceId)?.offline !== undefined) endOffline(deviceId);
      const deviceRules = index.of(deviceId);
      // Its windows and trends were kept for rules that there are no more.
      if (!deviceRules.needsMemory) memories.delete(deviceId);
      evaluateSamples(deviceRules, samplesToEvaluate(push, lateMs), intervalS, {
        device: cases.get(deviceId),
        open: () => openCase(deviceId),
        memory: deviceRules.needsMemory ? memoryAt(push) : NO_MEMORY,
        reasonOf: (metric) => reasonOf(deviceId, metric),
        declared: (field) => declaredOf(deviceId, field),
      });
      settle(deviceId, 'cleared');
      reportChanges();
    },
    statusChanged({ deviceId, status, at, lastSeen }) {
      if (status === 'online') endOffline(deviceId);
      else {
        const device = openCase(deviceId);
        device.offline ??= { since: at, lastSeen: lastSeen ?? at };
        checkOffline(deviceId);
      }
      settle(deviceId, 'cleared');
      reportChanges();
    },
    deviceRemoved(deviceId) {
      cases.get(deviceId)?.resolveAll(now());
      cases.delete(deviceId);
      memories.delete(deviceId);
      offlineTooShort.delete(deviceId);
      quiet.delete(deviceId);
      index.forget(deviceId);
      reportChanges();
    },
    rulesChanged() {
      const rulesBefore = rulesById;
      loadRules();
      for (const [deviceId, device] of [...cases]) {
        dropChangedRules(deviceId, device, rulesBefore);
        checkOffline(deviceId);
        settle(deviceId, 'rule_changed');
        refresh(deviceId);
      }
      reportChanges();
    },
    nameChanged(deviceId) {
      // Whatever else is shown of a device changes with each status: of thousands at once when a site is lost.
      if (!index.isRenamed(deviceId)) return;
      const device = cases.get(deviceId);
      // Rules may be about machines of this name.
      index.forget(deviceId);
      if (device !== undefined) dropChangedRules(deviceId, device, rulesById);
      settle(deviceId, 'rule_changed');
      refresh(deviceId);
      reportChanges();
    },
    mutesChanged() {
      for (const device of cases.values()) device.mute(muteOf, now());
      reportChanges();
    },
    trendsNeeded: (deviceId) => index.of(deviceId).trends,
    trendsFound(deviceId, what, trends) {
      if (deviceOf(deviceId) !== undefined) memoryOf(deviceId).setTrends(what, trends);
    },
    active: () => book.active().toReversed(),
    get(id) {
      const alert = book.get(id);
      return alert && named(alert);
    },
    pending: () =>
      [...cases]
        .flatMap(([deviceId, device]) => pendingOf(deviceId, device))
        .toSorted((a, b) => a.fires_at - b.fires_at),
    acknowledge(ids, { by, text }) {
      const remark = { at: now(), by, text };
      const found = ids.flatMap((id) => book.edit(id, (alert) => acknowledge(alert, remark)) ?? []);
      reportChanges();
      return found.map(named);
    },
    unacknowledge: (id, by) => edit(id, (alert) => unacknowledge(alert, { at: now(), by, text: '' })),
    comment: (id, { by, text }) => edit(id, (alert) => comment(alert, { at: now(), by, text })),
    all: ({ limit = 1000 } = {}) => book.all(limit).map(named),
    stored: () => book.all(Infinity),
    named,
    stop: stopChecks,
  };
}
