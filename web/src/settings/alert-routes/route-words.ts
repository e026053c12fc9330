/** Alert routes as sentences. */
import type { AlertRoute, RouteMatch, WeekHours } from '#protocol/notify.ts';
import { span } from '#protocol/span.ts';

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** `Mon–Fri`, `Sat, Sun`, `every day`: days that follow one another are joined from three on. */
export function daysWords(days: readonly number[]): string {
  const sorted = [...new Set(days)].sort((a, b) => a - b);
  if (sorted.length === 7) return 'every day';
  const runs: number[][] = [];
  for (const day of sorted) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1) === day - 1) run.push(day);
    else runs.push([day]);
  }
  const name = (day: number | undefined) => DAYS[(day ?? 1) - 1] ?? '';
  return runs
    .flatMap((run) => (run.length >= 3 ? [`${name(run[0])}–${name(run.at(-1))}`] : run.map(name)))
    .join(', ');
}

function hoursWords({ days, from, to, time_zone }: WeekHours): string {
  return `${daysWords(days)} ${from}–${to} (${time_zone})`;
}

const OF_SEVERITY = { critical: 'critical alerts', warning: 'warning alerts' } as const;

/** Which alerts a match takes: `Critical alerts of machines tagged db, named web-*`. `ruleName`: a rule by its id. */
export function matchWords(match: RouteMatch, ruleName: (id: string) => string): string {
  const { severities, tags, name, rules, hours } = match;
  const [severity] = severities;
  const what = severities.length === 1 && severity !== undefined ? OF_SEVERITY[severity] : 'every alert';
  const of = [
    ...(rules.length === 0 ? [] : [`of ${rules.map(ruleName).join(' or ')}`]),
    ...(tags.length === 0 ? [] : [`on machines tagged ${tags.join(' or ')}`]),
    ...(name === '' ? [] : [`on machines named ${name}`]),
    ...(hours === null ? [] : [`raised ${hoursWords(hours)}`]),
  ];
  const words = [what, ...of].join(', ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const seconds = (s: number) => span(s * 1000);

const GROUPS: Record<AlertRoute['group_by'], string> = {
  all: 'all in one message',
  rule: 'one message a rule',
  machine: 'one message a machine',
  tag: 'one message a tag',
};

/** When people are told: `One message a rule, 10 s after the first alert; repeated every 4 h until acknowledged`. */
export function paceWords(route: AlertRoute, channelNames: (ids: readonly string[]) => string): string {
  const { group_by, group_tag, wait_s, digest_s, repeat_s, escalate } = route;
  const group = group_by === 'tag' && group_tag !== '' ? `one message a tag ${group_tag}…` : GROUPS[group_by];
  const first = wait_s === 0 ? 'at once' : `${seconds(wait_s)} after the first alert`;
  const parts = [
    `${group}, ${first}`,
    ...(digest_s === null ? [] : [`warnings every ${seconds(digest_s)}`]),
    ...(repeat_s === null ? [] : [`repeated every ${seconds(repeat_s)} until acknowledged`]),
    ...(escalate === null
      ? []
      : [`not acknowledged after ${seconds(escalate.after_s)}: ${channelNames(escalate.channels)}`]),
  ];
  const words = parts.join('; ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
