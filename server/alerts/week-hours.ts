/**
 * Hours of the week in a time zone, such as Monday to Friday from 22:00 to 06:00 in Berlin, as spans of time. They begin
 * and end by the clock on the wall there: on the day the clocks change, a span is an hour longer or shorter.
 */
import { Temporal } from 'temporal-polyfill';
import type { WeekHours } from '#protocol/notify.ts';

/** Epoch milliseconds; `to` is not part of it. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const DAYS_OF_WEEK = 7;

/** The hours that begin on this date; undefined where its day of the week is not among them. */
function spanOn(
  date: Temporal.PlainDate,
  { days, from, to, time_zone: timeZone }: WeekHours,
): Span | undefined {
  if (!days.includes(date.dayOfWeek)) return undefined;
  const endDate = to <= from ? date.add({ days: 1 }) : date;
  // A time that the clocks skip is taken as the one after it; of one that comes twice, the first counts.
  const at = (day: Temporal.PlainDate, time: string) =>
    day.toZonedDateTime({ timeZone, plainTime: time }).epochMilliseconds;
  return { from: at(date, from), to: at(endDate, to) };
}

function dateAt(t: number, timeZone: string): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(t).toZonedDateTimeISO(timeZone).toPlainDate();
}

/** The span that `t` (epoch milliseconds) lies in; undefined outside the hours. */
export function spanAt(hours: WeekHours, t: number): Span | undefined {
  const today = dateAt(t, hours.time_zone);
  for (const date of [today, today.subtract({ days: 1 })]) {
    const span = spanOn(date, hours);
    if (span !== undefined && span.from <= t && t < span.to) return span;
  }
  return undefined;
}

/** The first span that begins after `t` (epoch milliseconds). */
export function spanAfter(hours: WeekHours, t: number): Span | undefined {
  const today = dateAt(t, hours.time_zone);
  for (let ahead = 0; ahead <= DAYS_OF_WEEK; ahead++) {
    const span = spanOn(today.add({ days: ahead }), hours);
    if (span !== undefined && span.from > t) return span;
  }
  return undefined;
}

/** Whether `t` (epoch milliseconds) lies in the hours. */
export function isWithin(hours: WeekHours, t: number): boolean {
  return spanAt(hours, t) !== undefined;
}
