/**
 * What a message says, as one model for all channels: made from a notification when it is sent, with the names of
 * machines and rules of that moment.
 */
import { alertReading, alertSentence, alertSubject } from '#protocol/alert-words.ts';
import type { Meaning } from '#protocol/meaning.ts';
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
  /** Who has taken it on, and whether it flaps: `Acknowledged by ada: on it`; empty where neither is so. */
  readonly status: string;
  /** More of that moment, a line each, such as its busiest processes; empty where nothing more is known. */
  readonly details: readonly string[];
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
  /** Whether it holds for every alert of its thread: of an end or an acknowledgement, that no other one goes on. */
  readonly whole: boolean;
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
  /** What the channel's template says in place of the lines; null where the built-in text is sent. */
  readonly ownText: string | null;
  /** How the field of its alert went around that moment; undefined where nothing is known or there are several. */
  readonly chart?: MessageChart;
}

/** A field around the moment of an alert. */
export interface MessageChart {
  /** `cpu`, `mount:/var:used` */
  readonly field: string;
  /** What its machine had declared of it. */
  readonly meaning?: Meaning | undefined;
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  /** `[t, min, mean, max]`, oldest first; null in place of the numbers where nothing is known. */
  readonly points: readonly (
    readonly [number, number, number, number] | readonly [number, null, null, null]
  )[];
  /** Null for an alert without one. */
  readonly threshold: number | null;
  /** When the alert was raised, epoch milliseconds. */
  readonly at: number;
  /** IANA name of the zone in which its times are written; undefined: the server's own. */
  readonly timeZone?: string;
}

/** What a message is made with besides its notification. */
export interface MessageParts {
  /** The address of the web app, such as `https://watch.example.com/ui`. */
  readonly webUrl: string;
  /** The alert with the names of its machine and rule as they are now. */
  readonly named: (alert: Alert) => Alert;
  /** What the rule with this id tells people to do; empty where it says nothing. */
  readonly runbookOf: (ruleId: string) => string;
  /** What else is known of the moment of an alert, such as the processes that used most. */
  readonly detailsOf?: (alert: Alert) => readonly string[];
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

/** Making one takes longer than making the words of a thousand alerts, so each zone's is kept. */
const momentFormats = new Map<string | undefined, Intl.DateTimeFormat>();

function momentFormat(timeZone: string | undefined): Intl.DateTimeFormat {
  let format = momentFormats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      day: 'numeric',
      month: 'short',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      timeZoneName: 'short',
    });
    momentFormats.set(timeZone, format);
  }
  return format;
}

/** `since 26 Nov, 14:07:09 CET`; `26 Nov, 14:07:09 CET, for 3 min` of an alert that ended. */
function sinceWords({ timestamp, resolved_at }: Alert, timeZone: string | undefined): string {
  const at = momentFormat(timeZone).format(timestamp);
  return resolved_at === null ? `since ${at}` : `${at}, for ${span(resolved_at - timestamp)}`;
}

function statusWords({ acknowledged, flapping, state }: Alert): string {
  const comment = acknowledged === null || acknowledged.comment === '' ? '' : `: ${acknowledged.comment}`;
  const parts = [
    ...(acknowledged === null ? [] : [`Acknowledged by ${acknowledged.by}${comment}`]),
    ...(flapping && state !== 'resolved' ? ['It flaps: it clears and comes back again and again'] : []),
  ];
  return parts.join('. ');
}

/** Makes the message of a notification. */
export function messageOf(
  notification: Notification,
  { webUrl, named, runbookOf, detailsOf = () => [], timeZone }: MessageParts,
): Message {
  const alerts = notification.alerts.map(named);
  const lines = alerts.map((alert): AlertLine => ({
    alert,
    machine: alert.device_name,
    subject: alertSubject(alert),
    reading: alertReading(alert),
    severity: alert.severity,
    since: sinceWords(alert, timeZone),
    status: statusWords(alert),
    details: detailsOf(alert),
    url: `${webUrl}/alerts/${alert.id}`,
    runbook: runbookOf(alert.rule_id),
  }));
  const severity = lines.some((line) => line.severity === 'critical') ? 'critical' : 'warning';
  const [first] = lines;
  const about =
    lines.length === 1 && first !== undefined
      ? `${first.machine}, ${alertSentence(first.subject, first.reading)}`
      : subjectOf(alerts);
  const url = lines.length === 1 && first !== undefined ? first.url : `${webUrl}/alerts`;
  const { id, thread, number, subject, event, whole, note, created_at } = notification;
  const words = eventWords(notification, severity);
  return {
    id,
    thread,
    beginsThread: number === 1,
    event,
    whole,
    severity,
    title: about === '' ? words : `${words}: ${about}`,
    subject: subject === '' ? about : subject,
    lines,
    note,
    url,
    at: created_at,
    ownText: null,
  };
}

/** How a message is coloured and how loud it is. */
export type Tone = 'critical' | 'warning' | 'good' | 'neutral';

export function toneOf({ event, severity }: Pick<Message, 'event' | 'severity'>): Tone {
  switch (event) {
    case 'firing':
    case 'repeated':
    case 'escalated':
    case 'undelivered':
      return severity;
    case 'resolved':
      return 'good';
    case 'acknowledged':
    case 'watchdog':
    case 'test':
      return 'neutral';
  }
}

/** The web app's colours of the tones, as they are on light ground. */
export const TONE_COLOURS: Readonly<Record<Tone, string>> = {
  critical: '#cb2526',
  warning: '#9f5c0c',
  good: '#1a8748',
  neutral: '#676c73',
};

/** The message as data, for programs and templates. Times are epoch milliseconds. */
export function messageData(message: Message) {
  const { id, thread, event, severity, title, subject, note, url, at, lines } = message;
  return {
    ...{ id, thread, event, severity, title, subject, note, url, at, count: lines.length },
    alerts: lines.map(
      ({ alert, machine, subject: field, reading, since, status, details, url: alertUrl, runbook }) => ({
        ...{ id: alert.id, machine, subject: field, reading, severity: alert.severity, since, url: alertUrl },
        ...{
          status,
          details,
          runbook,
          rule: alert.rule_name,
          rule_id: alert.rule_id,
          device_id: alert.device_id,
        },
        ...{ metric: alert.metric, value: alert.value, threshold: alert.threshold, state: alert.state },
        ...{ timestamp: alert.timestamp, resolved_at: alert.resolved_at },
      }),
    ),
  };
}
