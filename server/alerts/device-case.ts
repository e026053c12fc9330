/**
 * What is wrong with one device: conditions on their way to firing, those that fire, and the one alert that is
 * shown for each metric and direction. A device that is well has no case.
 */
import type { Alert, AlertRule } from '#protocol/api.ts';
import type { AlertBook, Resolution } from './alert-book.ts';
import type { MetricState } from './evaluate.ts';

/** A rule's condition that holds now for one metric; whether it is shown depends on the others of its group. */
export interface Claim {
  readonly rule: AlertRule;
  /** The field, or `offline`. */
  readonly metric: string;
  readonly value: number;
  readonly threshold: number;
}

type Live = NonNullable<MetricState>;

/** One alert at a time stands for a metric and a direction. */
export function groupOf(rule: AlertRule, metric: string): string {
  if (rule.condition.kind === 'offline') return 'offline';
  return `${metric}${rule.condition.above ? '>' : '<'}`;
}

function heavier(a: AlertRule, b: AlertRule): boolean {
  return a.severity === 'critical' && b.severity === 'warning';
}

function isClearing(state: MetricState): boolean {
  return state?.phase === 'firing' && state.clearSince !== null;
}

export class DeviceCase {
  /** Since when the device is offline, and when it was last seen; undefined while it is online. */
  offline: { readonly since: number; readonly lastSeen: number } | undefined;
  readonly #deviceId: string;
  readonly #book: AlertBook;
  /** By rule id, then metric. */
  readonly #states = new Map<string, Map<string, Live>>();
  /** By group, then rule id, in the order in which they began. */
  readonly #claims = new Map<string, Map<string, Claim>>();
  readonly #shown = new Map<string, Alert>();
  readonly #touched = new Set<string>();

  constructor(deviceId: string, book: AlertBook) {
    this.#deviceId = deviceId;
    this.#book = book;
  }

  /** Nothing is wrong any more: the case can be closed. */
  get empty(): boolean {
    return this.offline === undefined && this.#states.size === 0 && this.#claims.size === 0;
  }

  state(ruleId: string, metric: string): MetricState {
    return this.#states.get(ruleId)?.get(metric);
  }

  /** Metrics about which this rule is not at rest. */
  metrics(ruleId: string): readonly string[] {
    return [...(this.#states.get(ruleId)?.keys() ?? [])];
  }

  setState(rule: AlertRule, metric: string, state: MetricState): void {
    const { id: ruleId } = rule;
    const states = this.#states.get(ruleId);
    // It was about to clear, and held back for that.
    if (isClearing(states?.get(metric)) && !isClearing(state)) this.#touched.add(groupOf(rule, metric));
    if (state !== undefined) {
      if (states === undefined) this.#states.set(ruleId, new Map([[metric, state]]));
      else states.set(metric, state);
      return;
    }
    states?.delete(metric);
    if (states?.size === 0) this.#states.delete(ruleId);
  }

  /** The condition holds. Told again, it changes nothing. Shown by `settle`. */
  claim(claim: Claim): void {
    const group = groupOf(claim.rule, claim.metric);
    const claims = this.#claims.get(group) ?? new Map<string, Claim>();
    this.#claims.set(group, claims);
    if (claims.has(claim.rule.id)) return;
    claims.set(claim.rule.id, claim);
    this.#touched.add(group);
  }

  /** The condition holds no more. */
  drop(rule: AlertRule, metric: string): void {
    this.#dropFrom(groupOf(rule, metric), rule.id);
  }

  /** Takes over an alert that was firing before a restart. A second one of its group cannot stay beside it. */
  restore(alert: Alert, claim: Claim, at: number): void {
    const group = groupOf(claim.rule, claim.metric);
    const other = this.#shown.get(group);
    if (other !== undefined) this.#book.resolve(other, 'escalated', at);
    this.#shown.set(group, alert);
    this.claim(claim);
  }

  /** Every rule that is in play here, for or against. */
  rules(): ReadonlySet<string> {
    const claimed = [...this.#claims.values()].flatMap((claims) => [...claims.keys()]);
    return new Set([...this.#states.keys(), ...claimed]);
  }

  /** A rule is gone, or another now: nothing it said before counts. */
  dropRule(ruleId: string): void {
    this.#states.delete(ruleId);
    for (const group of [...this.#claims.keys()]) this.#dropFrom(group, ruleId);
  }

  dropOffline(): void {
    this.offline = undefined;
    for (const ruleId of [...(this.#claims.get('offline')?.keys() ?? [])]) this.#dropFrom('offline', ruleId);
  }

  /** Raises and resolves, so that each group shows its heaviest claim and no other. `ended`: why claims went. */
  settle(deviceName: string, at: number, ended: Resolution): void {
    for (const group of this.#touched) this.#settleGroup(group, deviceName, at, ended);
    this.#touched.clear();
  }

  /** The device goes away with all its alerts. */
  close(at: number): void {
    for (const alert of this.#shown.values()) this.#book.resolve(alert, 'device_removed', at);
  }

  #dropFrom(group: string, ruleId: string): void {
    const claims = this.#claims.get(group);
    if (claims === undefined || !claims.delete(ruleId)) return;
    if (claims.size === 0) this.#claims.delete(group);
    this.#touched.add(group);
  }

  #heaviest(group: string, shown: Alert | undefined): Claim | undefined {
    const claims = this.#claims.get(group);
    let best = shown === undefined ? undefined : claims?.get(shown.rule_id);
    for (const claim of claims?.values() ?? []) {
      // What is about to clear keeps its alert, but is not worth a new one.
      if (isClearing(this.state(claim.rule.id, claim.metric))) continue;
      if (best === undefined || heavier(claim.rule, best.rule)) best = claim;
    }
    return best;
  }

  #settleGroup(group: string, deviceName: string, at: number, ended: Resolution): void {
    const shown = this.#shown.get(group);
    const best = this.#heaviest(group, shown);
    if (shown !== undefined && best?.rule.id === shown.rule_id) return;
    if (shown !== undefined) {
      const stands = this.#claims.get(group)?.has(shown.rule_id) === true;
      this.#book.resolve(shown, stands ? 'escalated' : ended, at);
      this.#shown.delete(group);
    }
    if (best === undefined) return;
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
    this.#shown.set(group, alert);
  }
}
