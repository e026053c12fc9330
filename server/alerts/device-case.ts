/**
 * What is wrong with one device: the conditions that are pending or firing, and for each group (a metric and
 * a direction) the one alert that stands for it. A device with nothing wrong has no case.
 */
import type { Alert, AlertRule, Mute, Severity } from '#protocol/alerts.ts';
import { firesAbove, isTiered } from '#protocol/conditions.ts';
import type { AlertBook } from './alert-book.ts';
import type { Firing, MetricState, Pending } from './evaluate.ts';
import type { Resolution } from './lifecycle.ts';
import { ruleIdOf } from './watch.ts';

/** One threshold of a rule: its first, or its critical one. */
export interface RuleTier {
  readonly rule: AlertRule;
  /** Names the tier among those of all rules; of the first one, the rule's id. */
  readonly key: string;
  readonly severity: Severity;
}

/** A rule's condition that fires now for one metric. Only one claim of each group gets an alert. */
export interface Claim extends RuleTier {
  /** The field's name, or `offline`. */
  readonly metric: string;
  readonly value: number;
  readonly threshold: number;
  /** What was read, in words, where the value and the threshold do not say it. */
  readonly reading?: string;
}

/** [I8] The most alerts that one rule raises at a time for one device: a pattern may match thousands of fields. */
const MOST_ALERTS = 20;
/** How often, in milliseconds, it is written down how many fields have no alert of their own. */
const COUNT_EVERY_MS = 60_000;

type PendingOrFiring = Pending | Firing;

/** Rules about one metric in one direction are one group, with at most one alert at a time. */
export function groupOf({ id, condition }: AlertRule, metric: string): string {
  switch (condition.kind) {
    case 'offline':
      return 'offline';
    case 'threshold':
      return `${metric}${condition.above ? '>' : '<'}`;
    case 'joint':
      return `${metric} of ${id}`;
    case 'equal':
    case 'change':
    case 'deviation':
    case 'forecast':
    case 'no_data':
    case 'rebooted':
    case 'clock':
      return `${metric} ${condition.kind}${isTiered(condition) && !firesAbove(condition) ? '<' : '>'}`;
  }
}

function isMoreSevere(a: RuleTier, b: RuleTier): boolean {
  return a.severity === 'critical' && b.severity === 'warning';
}

function isSameMute(a: Mute | null, b: Mute | null): boolean {
  if (a === null || b === null) return a === b;
  return a.id === b.id && a.by === b.by && a.until === b.until && a.name === b.name;
}

/** Whether the condition fires, but its clearing condition holds already. */
function isClearing(state: MetricState): boolean {
  return state?.phase === 'firing' && state.clearSince !== null;
}

export class DeviceCase {
  /** Since when the device is offline, and when it was last seen, epoch ms; undefined while it is online. */
  offline: { readonly since: number; readonly lastSeen: number } | undefined;
  readonly #deviceId: string;
  readonly #book: AlertBook;
  /** By a tier's key, then by metric. */
  readonly #states = new Map<string, Map<string, PendingOrFiring>>();
  /** By group, then by a tier's key, in the order in which the claims were added. */
  readonly #claims = new Map<string, Map<string, Claim>>();
  /** By group: the id of the active alert. */
  readonly #alerts = new Map<string, string>();
  /** Groups whose alert is flapping and whose condition does not hold now. */
  readonly #quiet = new Set<string>();
  /** Groups whose alert may have to change. */
  readonly #changedGroups = new Set<string>();
  /** By group without an alert, as its rule has MOST_ALERTS already: the id of that rule. */
  readonly #unraised = new Map<string, string>();
  /** When the fields without an alert of their own were last counted, epoch milliseconds. */
  #countedAt = Number.NEGATIVE_INFINITY;

  constructor(deviceId: string, book: AlertBook) {
    this.#deviceId = deviceId;
    this.#book = book;
  }

  /** Whether nothing is wrong any more, so that the case can be dropped. */
  get isEmpty(): boolean {
    return (
      this.offline === undefined &&
      this.#states.size === 0 &&
      this.#claims.size === 0 &&
      this.#alerts.size === 0
    );
  }

  /** Whether a flapping alert waits here for its quiet time to pass. */
  get isQuiet(): boolean {
    return this.#quiet.size > 0;
  }

  state(tierKey: string, metric: string): MetricState {
    return this.#states.get(tierKey)?.get(metric);
  }

  /** The metrics for which a tier's condition is pending or firing. */
  metricsOf(tierKey: string): readonly string[] {
    return [...(this.#states.get(tierKey)?.keys() ?? [])];
  }

  setState({ rule, key }: RuleTier, metric: string, state: MetricState): void {
    const states = this.#states.get(key);
    // A condition that was clearing was not worth an alert; now that it is not clearing, it may be.
    if (isClearing(states?.get(metric)) && !isClearing(state)) this.#changedGroups.add(groupOf(rule, metric));
    if (state !== undefined) {
      if (states === undefined) this.#states.set(key, new Map([[metric, state]]));
      else states.set(metric, state);
      return;
    }
    states?.delete(metric);
    if (states?.size === 0) this.#states.delete(key);
  }

  /** Adds a claim; a second one of the same tier changes nothing. `settle` raises the alert. */
  addClaim(claim: Claim): void {
    const group = groupOf(claim.rule, claim.metric);
    const claims = this.#claims.get(group) ?? new Map<string, Claim>();
    this.#claims.set(group, claims);
    if (claims.has(claim.key)) return;
    claims.set(claim.key, claim);
    this.#changedGroups.add(group);
  }

  /** Drops the tier's claim, as its condition fires no more. `settle` resolves the alert. */
  dropClaim({ rule, key }: RuleTier, metric: string): void {
    this.#dropFromGroup(groupOf(rule, metric), key);
  }

  /** Takes over an alert that was active before a restart. Another one of its group is resolved at `at`. */
  restore(alert: Alert, claim: Claim, at: number): void {
    const group = groupOf(claim.rule, claim.metric);
    const previous = this.#alerts.get(group);
    if (previous !== undefined) this.#book.resolve(previous, 'escalated', at);
    this.#alerts.set(group, alert.id);
    if (alert.quiet_since === null) this.addClaim(claim);
    else this.#quiet.add(group);
  }

  /** The ids of the rules that have a state or a claim in this case. */
  ruleIds(): ReadonlySet<string> {
    const ids = new Set<string>();
    for (const key of this.#states.keys()) ids.add(ruleIdOf(key));
    for (const claims of this.#claims.values()) for (const key of claims.keys()) ids.add(ruleIdOf(key));
    for (const { alert } of this.#active()) ids.add(alert.rule_id);
    return ids;
  }

  /** Drops all states and claims of a rule that was changed or removed. */
  dropRule(ruleId: string): void {
    for (const key of [...this.#states.keys()]) if (ruleIdOf(key) === ruleId) this.#states.delete(key);
    for (const [group, claims] of [...this.#claims])
      for (const key of [...claims.keys()]) if (ruleIdOf(key) === ruleId) this.#dropFromGroup(group, key);
    for (const group of this.#quiet)
      if (this.#alertOf(group)?.rule_id === ruleId) this.#changedGroups.add(group);
  }

  /** The device is online again: drops the claims of its offline rules. */
  endOffline(): void {
    this.offline = undefined;
    for (const key of [...(this.#claims.get('offline')?.keys() ?? [])]) this.#dropFromGroup('offline', key);
  }

  /**
   * Raises and resolves alerts, so that each group has an alert for its most severe claim and no other.
   * @param at epoch milliseconds
   * @param endedBy the resolution of an alert whose claim was dropped
   */
  settle(deviceName: string, at: number, endedBy: Resolution): void {
    const alertsBefore = this.#alerts.size;
    for (const group of this.#changedGroups) this.#settleGroup(group, deviceName, at, endedBy);
    this.#changedGroups.clear();
    // An alert that ended leaves room for a field that has none.
    if (this.#alerts.size < alertsBefore)
      for (const group of [...this.#unraised.keys()]) this.#settleGroup(group, deviceName, at, endedBy);
    if (Math.abs(at - this.#countedAt) >= COUNT_EVERY_MS) this.#countOthers(at);
  }

  /** Resolves the flapping alerts that have been quiet for `quietMs` milliseconds. `at`: epoch milliseconds. */
  endQuiet(at: number, quietMs: number): void {
    for (const group of this.#quiet) {
      const { id, quiet_since } = this.#alertOf(group) ?? {};
      if (id === undefined || quiet_since === undefined || quiet_since === null) continue;
      // The clock was set back: the quiet time is counted from here.
      if (at < quiet_since) this.#book.change(id, { quiet_since: at }, at);
      if (at - quiet_since < quietMs) continue;
      this.#book.resolve(id, 'cleared', at);
      this.#forget(group);
    }
  }

  /** Gives the active alerts the names that the device and their rules have now. `at`: epoch milliseconds. */
  rename(deviceName: string, ruleNameOf: (ruleId: string) => string | undefined, at: number): void {
    for (const { alert } of this.#active()) {
      const ruleName = ruleNameOf(alert.rule_id) ?? alert.rule_name;
      if (alert.device_name === deviceName && alert.rule_name === ruleName) continue;
      this.#book.change(alert.id, { device_name: deviceName, rule_name: ruleName }, at);
    }
  }

  /** Writes down what mutes each active alert now. `at`: epoch milliseconds. */
  mute(muteOf: (alert: Alert) => Mute | null, at: number): void {
    for (const id of this.#alerts.values()) {
      const alert = this.#book.get(id);
      if (alert === undefined) continue;
      const muted = muteOf(alert);
      if (!isSameMute(muted, alert.muted)) this.#book.change(id, { muted }, at);
    }
  }

  /** Resolves all alerts of a device that was removed. `at`: epoch milliseconds. */
  resolveAll(at: number): void {
    for (const id of this.#alerts.values()) this.#book.resolve(id, 'device_removed', at);
  }

  #alertOf(group: string): Alert | undefined {
    const id = this.#alerts.get(group);
    return id === undefined ? undefined : this.#book.get(id);
  }

  /** The active alerts, in the order in which they were raised. */
  #active(): { group: string; alert: Alert }[] {
    return [...this.#alerts.keys()].flatMap((group) => {
      const alert = this.#alertOf(group);
      return alert === undefined ? [] : [{ group, alert }];
    });
  }

  #forget(group: string): void {
    this.#alerts.delete(group);
    this.#quiet.delete(group);
  }

  /** Notes in the first alert of each rule how many fields have none. `at`: epoch milliseconds. */
  #countOthers(at: number): void {
    const counts = new Map<string, number>();
    for (const ruleId of this.#unraised.values()) counts.set(ruleId, (counts.get(ruleId) ?? 0) + 1);
    for (const { alert } of this.#active()) {
      const others = counts.get(alert.rule_id) ?? 0;
      counts.delete(alert.rule_id);
      if (others === alert.others) continue;
      this.#book.change(alert.id, { others }, at);
      this.#countedAt = at;
    }
  }

  #hasRoom(ruleId: string): boolean {
    return this.#active().filter(({ alert }) => alert.rule_id === ruleId).length < MOST_ALERTS;
  }

  #dropFromGroup(group: string, tierKey: string): void {
    const claims = this.#claims.get(group);
    if (claims === undefined || !claims.delete(tierKey)) return;
    if (claims.size === 0) this.#claims.delete(group);
    this.#changedGroups.add(group);
  }

  /** The claim to be the group's alert: that of `current`, the alert it has now, or a more severe one. */
  #bestClaim(group: string, current: Alert | undefined): Claim | undefined {
    const claims = [...(this.#claims.get(group)?.values() ?? [])];
    const own = claims.filter(({ rule }) => rule.id === current?.rule_id);
    let best = own.find(({ severity }) => severity === 'critical') ?? own[0];
    for (const claim of claims) {
      // A condition that is clearing keeps its alert, but is not worth a new one. A restart is over when it is seen.
      const isEvent = claim.rule.condition.kind === 'rebooted';
      if (!isEvent && isClearing(this.state(claim.key, claim.metric))) continue;
      if (best === undefined || isMoreSevere(claim, best)) best = claim;
    }
    return best;
  }

  /** The alert goes on: as it is, or by another threshold of its rule. */
  #keep(group: string, alert: Alert, { severity, value, threshold, reading }: Claim, at: number): void {
    const isQuiet = this.#quiet.delete(group);
    if (severity !== alert.severity)
      this.#book.change(alert.id, { severity, value, threshold, reading, quiet_since: null }, at);
    else if (isQuiet) this.#book.change(alert.id, { quiet_since: null }, at);
  }

  /** A flapping alert whose condition clears stays until it has been quiet for a while. */
  #quieten(group: string, alert: Alert, at: number): void {
    if (alert.quiet_since === null) this.#book.change(alert.id, { quiet_since: at }, at);
    this.#quiet.add(group);
  }

  #settleGroup(group: string, deviceName: string, at: number, endedBy: Resolution): void {
    const current = this.#alertOf(group);
    const best = this.#bestClaim(group, current);
    if (current !== undefined) {
      if (best?.rule.id === current.rule_id) return this.#keep(group, current, best, at);
      if (best === undefined && current.flapping && endedBy === 'cleared')
        return this.#quieten(group, current, at);
      const claims = this.#claims.get(group)?.values() ?? [];
      const stillClaimed = [...claims].some(({ rule }) => rule.id === current.rule_id);
      this.#book.resolve(current.id, stillClaimed ? 'escalated' : endedBy, at);
      this.#forget(group);
    }
    this.#unraised.delete(group);
    if (best === undefined) return;
    if (!this.#hasRoom(best.rule.id)) {
      this.#unraised.set(group, best.rule.id);
      return;
    }
    const { rule, metric, value, threshold, severity, reading } = best;
    const { kind } = rule.condition;
    const alert = this.#book.raise({
      rule_id: rule.id,
      rule_name: rule.name,
      device_id: this.#deviceId,
      device_name: deviceName,
      metric,
      value,
      threshold,
      severity,
      ...(kind !== 'threshold' && kind !== 'offline' && { kind }),
      ...(reading !== undefined && { reading }),
      timestamp: at,
    });
    this.#alerts.set(group, alert.id);
  }
}
