import { describe, expect, it } from 'vitest';
import type { WeekHours } from '#protocol/notify.ts';
import { isWithin, spanAfter, spanAt } from '../../server/alerts/week-hours.ts';

const at = (text: string) => Date.parse(text);
const said = (span: { from: number; to: number } | undefined) =>
  span && [new Date(span.from).toISOString(), new Date(span.to).toISOString()];

const nights = (time_zone: string): WeekHours => ({
  days: [1, 2, 3, 4, 5, 6, 7],
  from: '22:00',
  to: '06:00',
  time_zone,
});

describe('hours of the week', () => {
  it('hours that end before they begin go on until the next day', () => {
    const berlin = nights('Europe/Berlin');
    expect(isWithin(berlin, at('2026-11-26T20:59:59Z'))).toBe(false);
    expect(isWithin(berlin, at('2026-11-26T21:00:00Z'))).toBe(true);
    expect(isWithin(berlin, at('2026-11-27T04:59:59Z'))).toBe(true);
    expect(isWithin(berlin, at('2026-11-27T05:00:00Z'))).toBe(false);
  });

  it('only the day on which hours begin counts, so that the night of a Friday ends on Saturday', () => {
    const fridays: WeekHours = { ...nights('Europe/Berlin'), days: [5] };
    expect(isWithin(fridays, at('2026-11-28T02:00:00Z'))).toBe(true);
    expect(isWithin(fridays, at('2026-11-28T22:00:00Z'))).toBe(false);
  });

  it('the night in which the clocks go forward is an hour shorter, in each zone', () => {
    expect(said(spanAt(nights('Europe/Berlin'), at('2026-03-29T00:30:00Z')))).toEqual([
      '2026-03-28T21:00:00.000Z',
      '2026-03-29T04:00:00.000Z',
    ]);
    expect(said(spanAt(nights('America/New_York'), at('2026-03-08T06:30:00Z')))).toEqual([
      '2026-03-08T03:00:00.000Z',
      '2026-03-08T10:00:00.000Z',
    ]);
  });

  it('the night in which the clocks go back is an hour longer, or half an hour on Lord Howe', () => {
    expect(said(spanAt(nights('Europe/Berlin'), at('2026-10-25T00:30:00Z')))).toEqual([
      '2026-10-24T20:00:00.000Z',
      '2026-10-25T05:00:00.000Z',
    ]);
    const howe = spanAt(nights('Australia/Lord_Howe'), at('2026-04-04T14:00:00Z'));
    expect(howe && (howe.to - howe.from) / 3_600_000).toBe(8.5);
  });

  it('hours that begin at a time the clocks skip begin when the clocks have gone forward', () => {
    const skipped: WeekHours = { days: [7], from: '02:30', to: '04:00', time_zone: 'Europe/Berlin' };
    expect(said(spanAt(skipped, at('2026-03-29T01:45:00Z')))).toEqual([
      '2026-03-29T01:30:00.000Z',
      '2026-03-29T02:00:00.000Z',
    ]);
  });

  it('the next hours are found up to a week ahead', () => {
    const mondays: WeekHours = { days: [1], from: '08:00', to: '09:00', time_zone: 'UTC' };
    expect(said(spanAfter(mondays, at('2026-11-23T08:00:00Z')))).toEqual([
      '2026-11-30T08:00:00.000Z',
      '2026-11-30T09:00:00.000Z',
    ]);
    expect(said(spanAfter(mondays, at('2026-11-23T07:59:59Z')))?.[0]).toBe('2026-11-23T08:00:00.000Z');
  });
});
