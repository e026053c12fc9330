/** A silence as its form holds it, and as it is sent. Times are epoch milliseconds; the form has those of the reader's zone as text. */
import type { Alert } from '#protocol/alerts.ts';
import type { Silence } from '#protocol/silences.ts';
import type { NewSilence } from '../api/alerts.ts';
import { timeZone } from '../format/time.ts';
import { momentAt, readerZone, wallTime } from '../format/zone.ts';

const HOUR_MS = 3_600_000;

export interface SilenceDraft {
  kind: Silence['kind'];
  comment: string;
  devices: readonly string[];
  tags: readonly string[];
  name: string;
  rules: readonly string[];
  severities: readonly ('warning' | 'critical')[];
  repeats: boolean;
  /** Local, as `datetime-local` inputs have them: `2026-11-26T14:00`; empty `from`: now. */
  from: string;
  to: string;
  days: readonly number[];
  fromTime: string;
  toTime: string;
  timeZone: string;
  /** The last day of weekly hours, `2026-12-31`; empty: none. */
  until: string;
}

/** A moment as a `datetime-local` input has it. */
export function localText(t: number): string {
  return new Date(wallTime(readerZone(), t)).toISOString().slice(0, 16);
}

/** The moment of a `datetime-local` or `date` input; undefined for an empty one. */
function momentOf(text: string): number | undefined {
  const wall = Date.parse(text.includes('T') ? `${text}Z` : `${text}T23:59:59Z`);
  return Number.isNaN(wall) ? undefined : momentAt(readerZone(), wall).t;
}

export function emptyDraft(now: number): SilenceDraft {
  return {
    kind: 'silence',
    comment: '',
    devices: [],
    tags: [],
    name: '',
    rules: [],
    severities: [],
    repeats: false,
    from: '',
    to: localText(now + HOUR_MS),
    days: [1, 2, 3, 4, 5],
    fromTime: '22:00',
    toTime: '06:00',
    timeZone: timeZone(),
    until: '',
  };
}

/** A silence of the rules of these alerts on their machines. */
export function draftForAlerts(alerts: readonly Alert[], now: number): SilenceDraft {
  const [first] = alerts;
  const devices = [...new Set(alerts.map(({ device_id }) => device_id))];
  const rules = [...new Set(alerts.map(({ rule_id }) => rule_id))];
  const comment = alerts.length === 1 && first ? `${first.rule_name} on ${first.device_name}` : '';
  return { ...emptyDraft(now), devices, rules, comment };
}

/** The draft of a silence that is to be changed. */
export function draftOf({ kind, comment, scope, time }: Silence, now: number): SilenceDraft {
  const draft: SilenceDraft = { ...emptyDraft(now), kind, comment, ...scope };
  if (time.kind === 'once') return { ...draft, from: localText(time.from), to: localText(time.to) };
  const { days, from, to, time_zone } = time.hours;
  return {
    ...draft,
    repeats: true,
    days,
    fromTime: from,
    toTime: to,
    timeZone: time_zone,
    until: time.until === null ? '' : localText(time.until).slice(0, 10),
  };
}

export function scopeOf({ devices, tags, name, rules, severities }: SilenceDraft): NewSilence['scope'] {
  return { devices: [...devices], tags: [...tags], name, rules: [...rules], severities: [...severities] };
}

/** What is sent; the server says what is wrong with it. `now`: for an end that was left empty. */
export function silenceOf(draft: SilenceDraft, now: number): NewSilence {
  const from = momentOf(draft.from);
  const begins = from === undefined ? {} : { from };
  const { days, fromTime, toTime, timeZone, until } = draft;
  const hours = { days: [...days].sort(), from: fromTime, to: toTime, time_zone: timeZone };
  return {
    kind: draft.kind,
    comment: draft.comment,
    scope: scopeOf(draft),
    time: draft.repeats
      ? { kind: 'weekly', hours, until: momentOf(until) ?? null }
      : { kind: 'once', ...begins, to: momentOf(draft.to) ?? now },
  };
}
