/**
 * What a message says, as one model for all channels: made from a notification when it is sent, with the names of
 * machines and rules of that moment.
 */
import { alertReading, alertSubject } from '#protocol/alert-words.ts';
import type { Alert, Severity } from '#protocol/alerts.ts';
import type { Notification, NotificationEvent } from '#protocol/notify.ts';
import { span } from '#protocol/span.ts';

/** One alert of a message. */
export interface AlertLine {
  readonly alert: Alert;
  /** The machine's name. */
  readonly machine: string;
  /** `CPU`, `Filesystem /var, used`, `Offline`. */
  readonly subject: string;
  /** `97 %, above 90 %`. */
  readonly reading: string;
  readonly severity: Severity;
  /** When it was raised, and when it ended, in words: `since 26 Nov, 14:07:09 CET`. */
  readonly since: string;
  /** The page of the alert. */
  readonly url: string;
  /** What the rule tells people to do; empty where it says nothing. */
  readonly runbook: string;
}

export interface Message {
  /** The same for the same message after a crash: the far side may use it to drop a repetition. */
  readonly id: string;
  /** The same for all messages about one outage. */
  readonly thread: string;
  readonly beginsThread: boolean;
  readonly event: NotificationEvent;
  /** Of its worst alert. */
  readonly severity: Severity;
  /** One line: `Critical: web-1, CPU 97 %, above 90 %`. */
  readonly title: string;
  /** The same for all messages of a thread: what the first one was about, `web-1, CPU`. */
  readonly subject: string;
  /** Every alert it stands for. */
  readonly lines: readonly AlertLine[];
  /** One more sentence; empty where there is none. */
  readonly note: string;
  /** The page of its alert, or of all alerts. */
  readonly url: string;
  /** When the notification was made, epoch milliseconds. */
  readonly at: number;
  /** Everything as plain text, without the title. */
  readonly text: string;
}

/** What a message is made with besides its notification. */
export interface MessageParts {
  /** The address of the web app, such as `https://watch.example.com/ui`. */
  readonly webUrl: string;
  /** The alert with the names of its machine and rule as they are now. */
  readonly named: (alert: Alert) => Alert;
  /** What the rule with this id tells people to do; empty where it says nothing. */
  readonly runbookOf: (ruleId: string) => string;
  /** IANA name of the zone in which times are written; undefined: the server's own. */
  readonly timeZone?: string;
}

const SEVERITY_WORDS = { warning: 'Warning', critical: 'Critical' } as const;

const count = (n: number, one: string) => `${n} ${one}${n === 1 ? '' : 's'}`;

/** What distinguishes a message from the others of its thread; stands before the subject. */
function eventWords({ event }: Notification, severity: Severity): string {
  const word = SEVERITY_WORDS[severity];
  switch (event) {
    case 'firing':
      return word;
    case 'repeated':
      return `Still ${word.toLowerCase()}`;
    case 'escalated':
      return `${word}, not acknowledged`;
    case 'acknowledged':
      return 'Acknowledged';
    case 'resolved':
      return 'Resolved';
    case 'undelivered':
      return `${word}, not delivered elsewhere`;
    case 'watchdog':
      return 'Watchfloor is well';
    case 'test':
      return 'Test';
  }
}

/** `web-1, CPU`; `Device offline on 500 machines`; `12 alerts on 5 machines`. */
export function subjectOf(alerts: readonly Alert[]): string {
  const [first] = alerts;
  if (first === undefined) return '';
  if (alerts.length === 1) return `${first.device_name}, ${alertSubject(first)}`;
  const machines = new Set(alerts.map(({ device_id }) => device_id)).size;
  const where = machines === 1 ? `on ${first.device_name}` : `on ${count(machines, 'machine')}`;
  const isOneRule = alerts.every(({ rule_id }) => rule_id === first.rule_id);
  return `${isOneRule ? first.rule_name : count(alerts.length, 'alert')} ${where}`;
}

/** `since 26 Nov, 14:07:09 CET`; `26 Nov, 14:07:09 CET, for 3 min` of an alert that ended. */
function sinceWords({ timestamp, resolved_at }: Alert, timeZone: string | undefined): string {
  const at = new Date(timestamp).toLocaleString('en-GB', {
    timeZone,
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  });
  return resolved_at === null ? `since ${at}` : `${at}, for ${span(resolved_at - timestamp)}`;
}

function lineText(line: AlertLine): string {
  const rule = `${line.alert.rule_name}, ${line.since}`;
  const runbook = line.runbook === '' ? '' : `\n  ${line.runbook}`;
  return `${line.machine}: ${line.subject} ${line.reading}\n  ${rule}${runbook}`;
}

function textOf(lines: readonly AlertLine[], note: string, url: string): string {
  const parts = note === '' ? [] : [note];
  return [...parts, ...lines.map(lineText), url].join('\n\n');
}

/** Makes the message of a notification. */
export function messageOf(
  notification: Notification,
  { webUrl, named, runbookOf, timeZone }: MessageParts,
): Message {
  const alerts = notification.alerts.map(named);
  const lines = alerts.map((alert): AlertLine => ({
    alert,
    machine: alert.device_name,
    subject: alertSubject(alert),
    reading: alertReading(alert),
    severity: alert.severity,
    since: sinceWords(alert, timeZone),
    url: `${webUrl}/alerts/${alert.id}`,
    runbook: runbookOf(alert.rule_id),
  }));
  const severity = lines.some((line) => line.severity === 'critical') ? 'critical' : 'warning';
  const [first] = lines;
  const about =
    lines.length === 1 && first !== undefined
      ? `${first.machine}, ${first.subject} ${first.reading}`
      : subjectOf(alerts);
  const url = lines.length === 1 && first !== undefined ? first.url : `${webUrl}/alerts`;
  const { id, thread, number, subject, event, note, created_at } = notification;
  const words = eventWords(notification, severity);
  return {
    id,
    thread,
    beginsThread: number === 1,
    event,
    severity,
    title: about === '' ? words : `${words}: ${about}`,
    subject: subject === '' ? about : subject,
    lines,
    note,
    url,
    at: created_at,
    text: textOf(lines, note, url),
  };
}

/**
 * The plain text of a message in at most `maxChars` UTF-16 code units: as many alerts as fit, then how many more there
 * are and where they are listed. Nothing is left out silently.
 */
export function shortText({ lines, note, url }: Message, maxChars: number): string {
  const full = textOf(lines, note, url);
  if (full.length <= maxChars) return full;
  const whole = `${count(lines.length, 'alert')}: ${url}`;
  const ending = (more: number) => `and ${more} more: ${url}`;
  // Two line breaks stand between all parts.
  let room = maxChars - ending(lines.length).length - (note === '' ? 0 : note.length + 2);
  const shown: AlertLine[] = [];
  for (const line of lines) {
    room -= lineText(line).length + 2;
    if (room < 0) break;
    shown.push(line);
  }
  const text = textOf(shown, note, ending(lines.length - shown.length));
  return text.length <= maxChars ? text : whole.slice(0, maxChars);
}
