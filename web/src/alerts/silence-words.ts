/** Silences as text. */
import type { Silence, SilenceScope } from '#protocol/silences.ts';
import { plural } from '../format/messages.ts';
import { when } from '../format/time.ts';

const DAY_NAMES = ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'];

/** What a silence is called: what it is for, or else its kind. */
export function silenceName({ comment, kind }: Pick<Silence, 'comment' | 'kind'>): string {
  if (comment !== '') return comment;
  return kind === 'maintenance' ? 'Maintenance' : 'Silence';
}

/** `web-1, tag db, web-*; only 2 rules`. `nameOf` returns a device's name by its id. */
export function silenceScopeWords(scope: SilenceScope, nameOf: (id: string) => string): string {
  const { devices, tags, name, rules, severities } = scope;
  const few = devices.length <= 3;
  const machines = few
    ? devices.map(nameOf)
    : [plural(devices.length, `${devices.length} machine`, `${devices.length} machines`)];
  const where = [...machines, ...tags.map((tag) => `tag ${tag}`), ...(name === '' ? [] : [name])];
  const only = [
    ...(rules.length === 0 ? [] : [plural(rules.length, `${rules.length} rule`, `${rules.length} rules`)]),
    ...(severities.length === 1 ? [severities[0] === 'critical' ? 'critical alerts' : 'warnings'] : []),
  ];
  const all = where.length === 0 ? 'All machines' : where.join(', ');
  return only.length === 0 ? all : `${all}; only ${only.join(', ')}`;
}

/** `Mo Tu We 22:00–06:00, Europe/Berlin`; for one that is once, empty. */
export function hoursWords({ time }: Pick<Silence, 'time'>): string {
  if (time.kind === 'once') return '';
  const { days, from, to, time_zone } = time.hours;
  const named = days.length === 7 ? 'Every day' : days.map((day) => DAY_NAMES[day - 1]).join(' ');
  return `${named} ${from}–${to}, ${time_zone}`;
}

/** When its window is: `until 14:07:09`, `22 Nov 14:07 – 16:00:00`. */
export function windowWords({ window, state }: Pick<Silence, 'window' | 'state'>, now: number): string {
  if (window === null) return 'never';
  if (state === 'active') return `until ${when(window.to, now)}`;
  return `${when(window.from, now)} – ${when(window.to, now)}`;
}
