/** What the charts of a machine are compared with: the same time a day or a week before, or another machine. */
import { DAY } from '#protocol/span.ts';
import { momentAt, wallTime, type Zone } from '../format/zone.ts';

export type Comparison =
  { readonly kind: 'before'; readonly days: number } | { readonly kind: 'machine'; readonly id: string };

/** The earlier times that can be chosen, by what stands in the address. No device's id begins with a minus. */
export const EARLIER = [
  { value: '-1d', days: 1, label: 'a day before' },
  { value: '-7d', days: 7, label: 'a week before' },
  { value: '-28d', days: 28, label: 'four weeks before' },
] as const;

/** `?compare=-7d` or `?compare=<device id>`; undefined where there is none. */
export function parseComparison(text: string | null): Comparison | undefined {
  if (text === null || text === '') return undefined;
  const earlier = EARLIER.find(({ value }) => value === text);
  if (earlier) return { kind: 'before', days: earlier.days };
  return text.startsWith('-') ? undefined : { kind: 'machine', id: text };
}

/** So many days before `t` by the clocks of the zone, as milliseconds: also where a day had 23 or 25 hours. */
export function backMs(days: number, t: number, zone: Zone): number {
  return t - momentAt(zone, wallTime(zone, t) - days * DAY).t;
}
