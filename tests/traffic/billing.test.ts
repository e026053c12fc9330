import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import { DAY, HOUR } from '#protocol/span.ts';
import { dayAt, daysBetween, periodAt } from '../../server/traffic/billing.ts';
import { dice } from './metered.ts';

const at = (text: string, zone = 'UTC') => Temporal.ZonedDateTime.from(`${text}[${zone}]`).epochMilliseconds;
const written = (t: number, zone = 'UTC') =>
  Temporal.Instant.fromEpochMilliseconds(t).toZonedDateTimeISO(zone).toPlainDateTime().toString();
/** As `2026-02-14 2026-03-14`. */
function period(t: number, billing_day: number, time_zone = 'UTC', back = 0): string {
  const { from, to } = periodAt(t, { billing_day, time_zone }, back);
  return [from, to].map((end) => written(end, time_zone).slice(0, 10)).join(' ');
}

const ZONES = [
  ...['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe'],
  // Their clocks skip midnight, or have skipped a whole day.
  ...['America/Sao_Paulo', 'Africa/Cairo', 'Asia/Beirut', 'Pacific/Apia'],
];

describe('billing periods', () => {
  it('a period begins at the billing day’s midnight and ends where the next begins', () => {
    expect(period(at('2026-11-14T00:00'), 14)).toBe('2026-11-14 2026-12-14');
    expect(period(at('2026-11-13T23:59:59'), 14)).toBe('2026-10-14 2026-11-14');
    expect(period(at('2026-01-05T12:00'), 14)).toBe('2025-12-14 2026-01-14');
    expect(period(at('2026-01-05T12:00'), 1)).toBe('2026-01-01 2026-02-01');
  });

  it('in a month without the billing day its last day is taken, in leap years too', () => {
    expect(period(at('2026-02-28T00:00'), 31)).toBe('2026-02-28 2026-03-31');
    expect(period(at('2026-02-27T23:00'), 31)).toBe('2026-01-31 2026-02-28');
    expect(period(at('2028-02-28T12:00'), 30)).toBe('2028-01-30 2028-02-29');
    expect(period(at('2028-02-29T12:00'), 30)).toBe('2028-02-29 2028-03-30');
    expect(period(at('2026-04-30T12:00'), 31)).toBe('2026-04-30 2026-05-31');
  });

  it('midnight is that of the time zone, also where the clocks change in the period', () => {
    const { from, to } = periodAt(at('2026-03-20T12:00'), { billing_day: 14, time_zone: 'Europe/Berlin' });
    expect([from, to]).toEqual([Date.UTC(2026, 2, 13, 23), Date.UTC(2026, 3, 13, 22)]);
    expect(to - from).toBe(31 * DAY - HOUR);
    // On 18 October 2015 the clocks of São Paulo went from 0:00 to 1:00.
    const skipped = periodAt(at('2015-10-20T00:00'), { billing_day: 18, time_zone: 'America/Sao_Paulo' });
    expect(written(skipped.from, 'America/Sao_Paulo')).toBe('2015-10-18T01:00:00');
  });

  it('periods that lie back join without a gap', () => {
    const t = at('2026-03-31T10:00');
    expect([0, 1, 2, 13].map((back) => period(t, 31, 'UTC', back))).toEqual([
      '2026-03-31 2026-04-30',
      '2026-02-28 2026-03-31',
      '2026-01-31 2026-02-28',
      '2025-02-28 2025-03-31',
    ]);
  });

  it('every moment lies in exactly one period, in any zone, with any billing day', () => {
    const next = dice(7);
    for (let i = 0; i < 3000; i++) {
      const t = Math.floor(Date.UTC(2011, 0, 1) + next() * 25 * 365 * DAY);
      const billing = {
        billing_day: 1 + Math.floor(next() * 31),
        time_zone: ZONES[Math.floor(next() * ZONES.length)] ?? 'UTC',
      };
      const { from, to } = periodAt(t, billing);
      const said = JSON.stringify({ t, ...billing });
      expect(from <= t && t < to, said).toBe(true);
      expect(to - from, said).toBeGreaterThan(26 * DAY);
      expect(to - from, said).toBeLessThan(33 * DAY);
      expect(periodAt(to, billing).from, said).toBe(to);
      expect(periodAt(from - 1, billing).to, said).toBe(from);
      expect(periodAt(t, billing, 1), said).toEqual(periodAt(from - 1, billing));
    }
  });

  it('the days of a period are the whole of it, each beginning where the one before ends', () => {
    const next = dice(11);
    for (let i = 0; i < 300; i++) {
      const t = Math.floor(Date.UTC(2011, 0, 1) + next() * 25 * 365 * DAY);
      const zone = ZONES[i % ZONES.length] ?? 'UTC';
      const { from, to } = periodAt(t, { billing_day: 1 + Math.floor(next() * 31), time_zone: zone });
      const days = daysBetween(from, to, zone);
      expect(days[0]?.from).toBe(from);
      expect(days.at(-1)?.to).toBe(to);
      for (const [n, day] of days.entries()) {
        expect(day.to).toBeGreaterThan(day.from);
        if (n > 0) expect(day.from).toBe(days[n - 1]?.to);
      }
      const day = dayAt(t, zone);
      expect(days.some((other) => other.from === day.from && other.to === day.to)).toBe(true);
    }
  });
});
