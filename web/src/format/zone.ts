/** Time zones: what a clock on the wall of a place shows, also where clocks are set forward and back. */
import { DAY, HOUR, MINUTE } from '#protocol/span.ts';
import { timeZone } from './time.ts';

/** All offsets of time zones from UTC change at a multiple of this, and are one. */
export const OFFSET_STEP = 15 * MINUTE;

export interface Zone {
  /** As the time zone database calls it: `Europe/Berlin`. */
  readonly name: string;
  /** What is added to UTC at this moment, milliseconds. Moments are epoch milliseconds. */
  offsetAt(t: number): number;
}

/** So many offsets are remembered; a chart asks for the same few again and again. */
const REMEMBERED = 4000;

/** @throws RangeError where there is no time zone of this name */
export function createZone(name: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' },
  });
  const known = new Map<number, number>();

  function work(t: number): number {
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of format.formatToParts(t)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(t / MINUTE) * MINUTE;
  }

  return {
    name: format.resolvedOptions().timeZone,
    offsetAt(t) {
      const step = Math.floor(t / OFFSET_STEP);
      const found = known.get(step);
      if (found !== undefined) return found;
      if (known.size >= REMEMBERED) known.clear();
      const offset = work(step * OFFSET_STEP);
      known.set(step, offset);
      return offset;
    },
  };
}

/** The time zone in which this page shows times: the one that the reader chose. */
export function readerZone(): Zone {
  return createZone(timeZone());
}

/** What the zone's clocks show at a moment, as milliseconds since 1970 began on them. */
export function wallTime(zone: Zone, t: number): number {
  return t + zone.offsetAt(t);
}

export interface WallMoment {
  readonly t: number;
  /**
   * `skipped`: the clocks are set forward over this time, and `t` is as much later. `twice`: they are set back and show
   * it again; `t` is the first time.
   */
  readonly kind: 'once' | 'twice' | 'skipped';
}

/** When the zone's clocks show `wall` (milliseconds since 1970 began on them). */
export function momentAt(zone: Zone, wall: number): WallMoment {
  // No zone changes its offset twice within two days.
  const [before, after] = [zone.offsetAt(wall - DAY), zone.offsetAt(wall + DAY)];
  const shown = [...new Set([wall - before, wall - after])].filter((t) => wallTime(zone, t) === wall);
  const [first] = shown;
  if (first === undefined) return { t: wall - before, kind: 'skipped' };
  return { t: Math.min(...shown), kind: shown.length > 1 ? 'twice' : 'once' };
}

/** An offset as text: `+1`, `−3:30`; `±0` for UTC's own. */
export function offsetText(ms: number): string {
  if (ms === 0) return '±0';
  const minutes = Math.abs(ms) / MINUTE;
  const rest = minutes % 60;
  const hours = Math.floor(minutes / 60);
  return `${ms < 0 ? '−' : '+'}${hours}${rest === 0 ? '' : `:${String(rest).padStart(2, '0')}`}`;
}

/** A zone at a moment: `Europe/Berlin, UTC+1`. */
export function zoneText(zone: Zone, t: number): string {
  const offset = zone.offsetAt(t);
  const name = zone.name.replaceAll('_', ' ');
  if (name === 'UTC' || name === 'Etc/UTC') return 'UTC';
  return `${name}, UTC${offset === 0 ? '' : offsetText(offset)}`;
}

/** Whether the zone's offset changes in [from, to]. */
export function changesOffset(zone: Zone, from: number, to: number): boolean {
  const first = zone.offsetAt(from);
  if (zone.offsetAt(to) !== first) return true;
  for (let t = from; t < to; t += Math.max(HOUR, (to - from) / 200))
    if (zone.offsetAt(t) !== first) return true;
  return false;
}
