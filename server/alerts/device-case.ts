/**
 * What is wrong with one device: the conditions that are pending or firing, and for each group (a metric and
 * a direction) the one alert that stands for it. A device with nothing wrong has no case.
 */
import type { Alert, AlertRule } from '#protocol/alerts.ts';
import type { AlertBook } from './alert-book.ts';
import type { Firing, MetricState, Pending } from './evaluate.ts';
import type { Resolution } from './lifecycle.ts';

/** A rule's condition that fires now for one metric. Only one claim of each group gets an alert. */
export interface Claim {
  readonly rule: AlertRule;
  /** The field's name, or `offline`. */
  readonly metric: string;
  readonly value: number;
  readonly threshold: number;
}

/** [I8] The most alerts that one rule raises at a time for one device: a pattern may match thousands of fields. */
const MOST_ALERTS = 20;
/** How often, in milliseconds, it is written down how many fields have no alert of their own. */
const COUNT_EVERY_MS = 60_000;

type PendingOrFiring = Pending | Firing;

/** Rules about one metric in one direction are one group, with at most one alert at a time. */
export function groupOf(rule: AlertRule, metric: string): string {
  if (rule.condition.kind === 'offline') return 'offline';
  return `${metric}${rule.condition.above ? '>' : '<'}`;
}

function isMoreSevere(a: AlertRule, b: AlertRule): boolean {
  return a.severity === 'critical' && b.severity === 'warning';
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
  /** By rule id, then by metric. */
  readonly #states = new Map<string, Map<string, PendingOrFiring>>();
  /** By group, then by rule id, in the order in which the claims were added. */
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

  state(ruleId: string, metric: string): MetricState {
    return this.#states.get(ruleId)?.get(metric);
  }

  /** The metrics for which this rule's condition is pending or firing. */
  metricsOf(ruleId: string): readonly string[] {
    return [...(this.#states.get(ruleId)?.keys() ?? [])];
  }

  setState(rule: AlertRule, metric: string, state: MetricState): void {
    const { id: ruleId } = rule;
    const states = this.#states.get(ruleId);
    // A condition that was clearing was not worth an alert; now that it is not clearing, it may be.
    if (isClearing(states?.get(metric)) && !isClearing(state)) this.#changedGroups.add(groupOf(rule, metric));
    if (state !== undefined) {
      if (states === undefined) this.#states.set(ruleId, new Map([[metric, state]]));
      else states.set(metric, state);
      return;
    }
    states?.delete(metric);
    if (states?.size === 0) this.#states.delete(ruleId);
  }

  /** Adds a claim; a second one of the same rule changes nothing. `settle` raises the alert. */
  addClaim(claim: Claim): void {
    const group = groupOf(claim.rule, claim.metric);
    const claims = this.#claims.get(group) ?? new Map<string, Claim>();
    this.#claims.set(group, claims);
    if (claims.has(claim.rule.id)) return;
    claims.set(claim.rule.id, claim);
    this.#changedGroups.add(group);
  }

  /** Drops the rule's claim, as its condition fires no more. `settle` resolves the alert. */
  dropClaim(rule: AlertRule, metric: string): void {
    this.#dropFromGroup(groupOf(rule, metric), rule.id);
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
    const claimIds = [...this.#claims.values()].flatMap((claims) => [...claims.keys()]);
    return new Set([
      ...this.#states.keys(),
      ...claimIds,
      ...this.#active().map(({ alert }) => alert.rule_id),
    ]);
  }

  /** Drops all states and claims of a rule that was changed or removed. */
  dropRule(ruleId: string): void {
    this.#states.delete(ruleId);
    for (const group of [...this.#claims.keys()]) this.#dropFromGroup(group, ruleId);
    for (const group of this.#quiet)
      if (this.#alertOf(group)?.rule_id === ruleId) this.#changedGroups.add(group);
  }

  /** The device is online again: drops the claims of its offline rules. */
  endOffline(): void {
    this.offline = undefined;
    for (const ruleId of [...(this.#claims.get('offline')?.keys() ?? [])])
      this.#dropFromGroup('offline', ruleId);
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

  #dropFromGroup(group: string, ruleId: string): void {
    const claims = this.#claims.get(group);
    if (claims === undefined || !claims.delete(ruleId)) return;
    if (claims.size === 0) this.#claims.delete(group);
    this.#changedGroups.add(group);
  }

  /** The claim to be the group's alert: that of `current`, the alert it has now, or a more severe one. */
  #bestClaim(group: string, current: Alert | undefined): Claim | undefined {
    const claims = this.#claims.get(group);
    let best = current === undefined ? undefined : claims?.get(current.rule_id);
    for (const claim of claims?.values() ?? []) {
      // A condition that is clearing keeps its alert, but is not worth a new one.
      if (isClearing(this.state(claim.rule.id, claim.metric))) continue;
      if (best === undefined || isMoreSevere(claim.rule, best.rule)) best = claim;
    }
    return best;
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
      if (best?.rule.id === current.rule_id) {
        if (this.#quiet.delete(group)) this.#book.change(current.id, { quiet_since: null }, at);
        return;
      }
      if (best === undefined && current.flapping && endedBy === 'cleared')
        return this.#quieten(group, current, at);
      const stillClaimed = this.#claims.get(group)?.has(current.rule_id) === true;
      this.#book.resolve(current.id, stillClaimed ? 'escalated' : endedBy, at);
      this.#forget(group);
    }
    this.#unraised.delete(group);
    if (best === undefined) return;
    if (!this.#hasRoom(best.rule.id)) {
      this.#unraised.set(group, best.rule.id);
      return;
    }
    const { rule, metric, value, threshold } = best;
    const alert = this.#book.raise({
      rule_id: rule.id,
      rule_name: rule.name,
      device_id: this.#deviceId,
      device_name: deviceName,
      metric,
      value,
      threshold,
      severity: rule.severity,
      timestamp: at,
    });
    this.#alerts.set(group, alert.id);
  }
}
