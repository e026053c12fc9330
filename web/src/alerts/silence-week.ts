/** The windows of silences as blocks in the days of a week, in the zone that the reader chose. Times are epoch milliseconds. */
import type { SilenceWindow } from '#protocol/silences.ts';
import { DAY } from '#protocol/span.ts';
import { momentAt, readerZone, wallTime } from '../format/zone.ts';

/** One week: the beginnings of its days, and its end. A day on which the clocks change has 23 or 25 hours. */
export interface Week {
  readonly days: readonly number[];
  readonly end: number;
}

/** A part of a window that lies in one day. */
export interface Block {
  readonly silenceId: string;
  /** Of the whole window. */
  readonly from: number;
  readonly to: number;
  /** Where it begins and ends in the day: 0 at midnight, 1 at the next one. */
  readonly top: number;
  readonly bottom: number;
  /** Its place among those it overlaps with, and how many places the day has. */
  readonly lane: number;
  readonly lanes: number;
}

const DAYS = 7;

/** The week of this moment, from Monday on, moved by so many weeks. */
export function weekOf(t: number, moved: number): Week {
  const zone = readerZone();
  const today = Math.floor(wallTime(zone, t) / DAY);
  const weekday = (new Date(today * DAY).getUTCDay() + 6) % 7;
  const day = (i: number) => momentAt(zone, (today - weekday + moved * DAYS + i) * DAY).t;
  return { days: Array.from({ length: DAYS }, (_, i) => day(i)), end: day(DAYS) };
}

/** The blocks of one day, from its beginning to its end; those that overlap are beside each other. */
export function blocksOf(windows: readonly SilenceWindow[], dayStart: number, dayEnd: number): Block[] {
  const inDay = windows
    .filter(({ from, to }) => from < dayEnd && to > dayStart)
    .toSorted((a, b) => a.from - b.from || b.to - a.to);
  /** When each lane is free again. */
  const free: number[] = [];
  const placed = inDay.map((window) => {
    const found = free.findIndex((t) => t <= window.from);
    const lane = found < 0 ? free.length : found;
    free[lane] = window.to;
    return { window, lane };
  });
  const part = (t: number) => (Math.min(dayEnd, Math.max(dayStart, t)) - dayStart) / (dayEnd - dayStart);
  return placed.map(({ window: { silence_id, from, to }, lane }) => ({
    silenceId: silence_id,
    from,
    to,
    top: part(from),
    bottom: part(to),
    lane,
    lanes: free.length,
  }));
}
