/** Alerts and rules as text. */
import { isActive, type Alert, type AlertRule, type Condition } from './alerts.ts';
import { metricName } from './metric-name.ts';
import { figure, text } from './figure.ts';
import { span } from './span.ts';

/**
 * What an alert is about: `CPU`, `Filesystem /var, used`, `Offline`; `Filesystem /var, used, and 40 like it` where it
 * stands for other fields of its rule too.
 */
export function alertSubject({ metric, others }: Pick<Alert, 'metric' | 'others'>): string {
  return others === 0 ? metricName(metric) : `${metricName(metric)}, and ${others} like it`;
}

/** The value that raised an alert and its threshold: `97 %, above 90 %`; for offline, how long no push came. */
export function alertReading({ metric, value, threshold }: Alert): string {
  if (metric === 'offline') return `not seen for ${span(value * 1000)}`;
  const side = value < threshold ? 'below' : 'above';
  return `${text(figure(metric, value))}, ${side} ${text(figure(metric, threshold))}`;
}

const RESOLUTIONS = {
  cleared: 'Cleared',
  escalated: 'Became critical',
  rule_changed: 'Rule changed',
  device_removed: 'Machine removed',
} as const;

/** Why an alert ended; undefined while it is active. */
export function alertResolution(alert: Alert): string | undefined {
  if (isActive(alert)) return undefined;
  return alert.resolution === null ? 'Resolved' : RESOLUTIONS[alert.resolution];
}

/** How long an alert fired, or has fired until `now`, milliseconds. */
export function alertDuration({ timestamp, resolved_at }: Alert, now: number): number {
  return Math.max(0, (resolved_at ?? now) - timestamp);
}

const held = (seconds: number) => (seconds === 0 ? 'at once' : `for ${span(seconds * 1000)}`);

/** A rule's condition: `CPU above 90 % for 5 min; clears below 80 % for 1 min`. */
export function conditionWords(condition: Condition): string {
  if (condition.kind === 'offline')
    return `No push for 3 of its intervals${condition.for_s === 0 ? '' : `, then for ${span(condition.for_s * 1000)}`}`;
  const { metric, above, threshold, for_s, clear, clear_for_s } = condition;
  const say = (value: number) => text(figure(metric, value));
  const [side, other] = above ? ['above', 'below'] : ['below', 'above'];
  const raised = `${metricName(metric)} ${side} ${say(threshold)} ${held(for_s)}`;
  return `${raised}; clears ${other} ${say(clear)} ${held(clear_for_s)}`;
}

/** A rule's scope: `All machines`, or its tags and machines. `nameOf` returns a device's name by its id. */
export function scopeWords({ scope }: AlertRule, nameOf: (id: string) => string): string {
  if (scope.devices.length === 0 && scope.tags.length === 0) return 'All machines';
  const names = scope.devices.map(nameOf);
  return [...scope.tags.map((tag) => `tag ${tag}`), ...names].join(', ');
}
