/**
 * Billing periods: from the billing day of a month to that of the next, each beginning at midnight of a time zone. Pure
 * functions; all times are epoch milliseconds. In a month without the billing day, its last day is taken.
 */
import { Temporal } from 'temporal-polyfill';
import type { BillingDay } from '#protocol/traffic.ts';

/** `to` is not part of it. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const dateAt = (t: number, timeZone: string): Temporal.PlainDate =>
  Temporal.Instant.fromEpochMilliseconds(t).toZonedDateTimeISO(timeZone).toPlainDate();

/** The first moment of the date: midnight, or where the clocks skip midnight, the moment after. */
const beginOf = (date: Temporal.PlainDate, timeZone: string): number =>
  date.toZonedDateTime({ timeZone }).epochMilliseconds;

/** The day on which the period that belongs to a month begins. */
function beginIn(month: Temporal.PlainYearMonth, billingDay: number): Temporal.PlainDate {
  return month.toPlainDate({ day: Math.min(billingDay, month.daysInMonth) });
}

/** The period that `t` lies in; with `back`, the one that many periods before it. */
export function periodAt(t: number, { billing_day, time_zone }: BillingDay, back = 0): Span {
  const date = dateAt(t, time_zone);
  const month = date.toPlainYearMonth();
  const isBefore = Temporal.PlainDate.compare(date, beginIn(month, billing_day)) < 0;
  const first = month.subtract({ months: back + (isBefore ? 1 : 0) });
  return {
    from: beginOf(beginIn(first, billing_day), time_zone),
    to: beginOf(beginIn(first.add({ months: 1 }), billing_day), time_zone),
  };
}

/** The day that `t` lies in; with `back`, the one that many days before it. */
export function dayAt(t: number, timeZone: string, back = 0): Span {
  const date = dateAt(t, timeZone).subtract({ days: back });
  return { from: beginOf(date, timeZone), to: beginOf(date.add({ days: 1 }), timeZone) };
}

/** The days from the one that `from` lies in to the one that holds the last moment before `to`, in their order. */
export function daysBetween(from: number, to: number, timeZone: string): Span[] {
  const days: Span[] = [];
  for (let date = dateAt(from, timeZone), begin = beginOf(date, timeZone); begin < to;) {
    date = date.add({ days: 1 });
    const end = beginOf(date, timeZone);
    // A date that a zone skipped, as Samoa did, has no time.
    if (end > begin) days.push({ from: begin, to: end });
    begin = end;
  }
  return days;
}
