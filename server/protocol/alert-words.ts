/** Alerts and rules as text. */
import { isActive, type Alert, type AlertRule, type Mute } from './alerts.ts';
import { figure, text } from './figure.ts';
import { meaningOf } from './meaning.ts';
import { metricName } from './metric-name.ts';
import { span } from './span.ts';

/**
 * What an alert is about: `CPU`, `Filesystem /var, used`, `Offline`; `Filesystem /var, used, and 40 like it` where it
 * stands for other fields of its rule too.
 */
export function alertSubject({
  metric,
  others,
  meaning,
}: Pick<Alert, 'metric' | 'others' | 'meaning'>): string {
  const name = metricName(metric, meaningOf(metric, meaning));
  return others === 0 ? name : `${name}, and ${others} like it`;
}

/**
 * What was read when an alert was raised: `97 %, above 90 %`; for offline, how long no push came; for other kinds of
 * conditions what their rule said then: `full in about 18 h (12–30 h)`.
 */
export function alertReading({ metric, value, threshold, reading, meaning }: Alert): string {
  if (reading !== undefined) return reading;
  if (metric === 'offline') return `not seen for ${span(value * 1000)}`;
  const side = value < threshold ? 'below' : 'above';
  const say = (number: number) => text(figure(metric, number, meaningOf(metric, meaning)));
  return `${say(value)}, ${side} ${say(threshold)}`;
}

/** A subject and a reading as one text: `CPU 97 %, above 90 %`; `Offline, not seen for 15 s`. */
export function alertSentence(subject: string, reading: string): string {
  return /^[-\d]/.test(reading) ? `${subject} ${reading}` : `${subject}, ${reading}`;
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

/** What is going on with an alert: `Firing`, `Acknowledged by ann`, `Flapping, quiet for now`, `Cleared`. */
export function alertStateWords(alert: Alert): string {
  const { acknowledged, flapping, quiet_since } = alert;
  const ended = alertResolution(alert);
  if (ended !== undefined) return ended;
  // A display is not told by whom.
  if (acknowledged !== null)
    return acknowledged.by === '' ? 'Acknowledged' : `Acknowledged by ${acknowledged.by}`;
  if (flapping) return quiet_since === null ? 'Flapping' : 'Flapping, quiet for now';
  return alert.reopened > 0 ? 'Firing again' : 'Firing';
}

/** Why no messages about an alert are sent: `Silenced: Rack move`, `router-1 is offline`. A display is told no names. */
export function muteWords({ by, name }: Mute): string {
  if (by === 'dependency') return name === '' ? 'What it depends on is offline' : `${name} is offline`;
  if (by === 'maintenance') return name === '' ? 'Maintenance' : `Maintenance: ${name}`;
  return name === '' ? 'Silenced' : `Silenced: ${name}`;
}

/** Everything that a search for alerts looks in, in lower case: names, fields, comments and who wrote them. */
export function alertSearchText(alert: Alert): string {
  const { id, rule_name, device_id, device_name, metric, acknowledged, comments } = alert;
  const said = comments.flatMap(({ by, text: words }) => [by, words]);
  const taken = acknowledged === null ? [] : [acknowledged.by, acknowledged.comment];
  const all = [id, rule_name, device_id, device_name, metric, alertSubject(alert), ...taken, ...said];
  return all.join('\n').toLowerCase();
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
