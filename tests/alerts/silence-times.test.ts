import { describe, expect, it } from 'vitest';
import type { SilenceTime } from '#protocol/silences.ts';
import { windowAfter, windowAt, windowsBetween } from '../../server/alerts/silence-times.ts';

const at = (text: string) => Date.parse(text);
const said = (window: { from: number; to: number } | undefined) =>
  window && `${new Date(window.from).toISOString()} ${new Date(window.to).toISOString()}`;

const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];
const weekly = (
  zone: string,
  from: string,
  to: string,
  more: { days?: number[]; from?: number; until?: number | null } = {},
): SilenceTime => ({
  kind: 'weekly',
  hours: { days: more.days ?? EVERY_DAY, from, to, time_zone: zone },
  from: more.from ?? 0,
  until: more.until ?? null,
});
const between = (time: SilenceTime, from: string, to: string) =>
  windowsBetween(time, at(from), at(to), 100).map(said);

describe('a silence once', () => {
  const time: SilenceTime = { kind: 'once', from: 1000, to: 5000 };

  it('a silence once is from its beginning until just before its end, and never again', () => {
    expect([999, 1000, 4999, 5000].map((t) => windowAt(time, t) !== undefined)).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(windowAfter(time, 0)).toEqual({ from: 1000, to: 5000 });
    expect(windowAfter(time, 1000)).toBeUndefined();
  });
});

describe('weekly hours over changes of the clocks', () => {
  it('a nightly window keeps its hours on the wall when the clocks go forward and back, in each zone', () => {
    expect(
      between(weekly('Europe/Berlin', '22:00', '06:00'), '2026-03-28T00:00Z', '2026-03-31T00:00Z'),
    ).toEqual([
      '2026-03-27T21:00:00.000Z 2026-03-28T05:00:00.000Z',
      '2026-03-28T21:00:00.000Z 2026-03-29T04:00:00.000Z',
      '2026-03-29T20:00:00.000Z 2026-03-30T04:00:00.000Z',
      '2026-03-30T20:00:00.000Z 2026-03-31T04:00:00.000Z',
    ]);
    expect(
      between(weekly('America/New_York', '22:00', '06:00'), '2026-11-01T00:00Z', '2026-11-02T12:00Z'),
    ).toEqual([
      '2026-11-01T02:00:00.000Z 2026-11-01T11:00:00.000Z',
      '2026-11-02T03:00:00.000Z 2026-11-02T11:00:00.000Z',
    ]);
    expect(
      between(weekly('Australia/Lord_Howe', '22:00', '06:00'), '2026-10-03T00:00Z', '2026-10-04T00:00Z'),
    ).toEqual(['2026-10-03T11:30:00.000Z 2026-10-03T19:00:00.000Z']);
  });

  it('hours that the clocks skip are passed over on that day, and the next day has them', () => {
    const skipped = weekly('Europe/Berlin', '02:00', '03:00');
    expect(between(skipped, '2026-03-28T12:00Z', '2026-03-30T12:00Z')).toEqual([
      '2026-03-30T00:00:00.000Z 2026-03-30T01:00:00.000Z',
    ]);
    expect(said(windowAfter(skipped, at('2026-03-28T02:00Z')))).toBe(
      '2026-03-30T00:00:00.000Z 2026-03-30T01:00:00.000Z',
    );
  });

  it('hours that come twice are one window, from the first time they begin', () => {
    expect(
      between(weekly('Europe/Berlin', '02:00', '03:00'), '2026-10-24T12:00Z', '2026-10-25T12:00Z'),
    ).toEqual(['2026-10-25T00:00:00.000Z 2026-10-25T02:00:00.000Z']);
  });
});

describe('the first and last days of weekly hours', () => {
  const window = { from: at('2026-11-24T23:00Z'), until: at('2026-11-26T23:30Z') };
  const time = weekly('UTC', '22:00', '06:00', window);

  it('windows are cut where the hours begin and end to count, and there are none before and after', () => {
    expect(between(time, '2026-11-01T00:00Z', '2026-12-31T00:00Z')).toEqual([
      '2026-11-24T23:00:00.000Z 2026-11-25T06:00:00.000Z',
      '2026-11-25T22:00:00.000Z 2026-11-26T06:00:00.000Z',
      '2026-11-26T22:00:00.000Z 2026-11-26T23:30:00.000Z',
    ]);
    expect(windowAt(time, at('2026-11-24T22:30Z'))).toBeUndefined();
    expect(windowAfter(time, at('2026-11-26T22:00Z'))).toBeUndefined();
  });

  it('a whole day ends where the next one begins, without a gap', () => {
    const days = weekly('UTC', '00:00', '00:00', { days: [6, 7] });
    expect(between(days, '2026-11-27T00:00Z', '2026-12-01T00:00Z')).toEqual([
      '2026-11-28T00:00:00.000Z 2026-11-29T00:00:00.000Z',
      '2026-11-29T00:00:00.000Z 2026-11-30T00:00:00.000Z',
    ]);
  });
});
