/** The two times that a person enters for a range, as inputs of the kind `datetime-local` have them. */
import { momentAt, wallTime, type Zone } from '../format/zone.ts';
import { fixedRange, MOST_MS, type TimeRange } from './range.ts';

export interface EnteredTimes {
  readonly from: string;
  readonly to: string;
}

/** What is wrong with the two times; a range where nothing is. */
export type TimesCheck =
  | { readonly range: TimeRange }
  | { readonly from?: string; readonly to?: string; readonly range?: undefined };

/** A moment as an input has it, on the clocks of the zone: `2026-11-22T14:07:09`. */
export function timeInput(zone: Zone, t: number): string {
  return new Date(wallTime(zone, t)).toISOString().slice(0, 19);
}

/** `2026-11-22T14:07`, with or without seconds, or with a space as people write it → the time on the wall. */
function parseWall(text: string): number | undefined {
  const [, date, time] =
    /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)$/.exec(text.trim()) ?? [];
  if (date === undefined || time === undefined) return undefined;
  const wall = Date.parse(`${date}T${time}Z`);
  return Number.isNaN(wall) ? undefined : wall;
}

function readTime(text: string, zone: Zone): { readonly t: number } | { readonly problem: string } {
  const wall = parseWall(text);
  if (wall === undefined) return { problem: 'Enter a date and a time, such as 2026-11-22 14:07.' };
  const { t, kind } = momentAt(zone, wall);
  if (kind === 'skipped')
    return { problem: 'The clocks are set forward over this time: it does not exist. Choose a later one.' };
  return { t };
}

/** `now`: epoch milliseconds. */
export function checkTimes(entered: EnteredTimes, zone: Zone, now: number): TimesCheck {
  const [from, to] = [readTime(entered.from, zone), readTime(entered.to, zone)];
  if ('problem' in from || 'problem' in to)
    return {
      ...('problem' in from && { from: from.problem }),
      ...('problem' in to && { to: to.problem }),
    };
  if (from.t >= now) return { from: 'This lies in the future: there is nothing to show yet.' };
  if (to.t <= from.t) return { to: 'The end must lie after the beginning.' };
  if (to.t - from.t > MOST_MS) return { to: 'At most three years are shown at once. Choose a shorter time.' };
  return { range: fixedRange(from.t, Math.min(to.t, Math.max(now, from.t + 1))) };
}
