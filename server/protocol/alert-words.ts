/** Alerts and rules as text. */
import { isActive, type Alert, type AlertRule } from './alerts.ts';
import { figure, text } from './figure.ts';
import { metricName } from './metric-name.ts';
import { span } from './span.ts';

/**
 * What an alert is about: `CPU`, `Filesystem /var, used`, `Offline`; `Filesystem /var, used, and 40 like it` where it
 * stands for other fields of its rule too.
 */
export function alertSubject({ metric, others }: Pick<Alert, 'metric' | 'others'>): string {
  return others === 0 ? metricName(metric) : `${metricName(metric)}, and ${others} like it`;
}

/**
 * What was read when an alert was raised: `97 %, above 90 %`; for offline, how long no push came; for other kinds of
 * conditions what their rule said then: `full in about 18 h (12–30 h)`.
 */
export function alertReading({ metric, value, threshold, reading }: Alert): string {
  if (reading !== undefined) return reading;
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

/** A rule's scope: `All machines`, or its tags and machines. `nameOf` returns a device's name by its id. */
export function scopeWords({ scope }: AlertRule, nameOf: (id: string) => string): string {
  const { devices, tags, names = [] } = scope;
  if (devices.length + tags.length + names.length === 0) return 'All machines';
  return [...tags.map((tag) => `tag ${tag}`), ...names, ...devices.map(nameOf)].join(', ');
}
