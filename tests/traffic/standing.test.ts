import { expect, it } from 'vitest';
import { DAY, HOUR } from '#protocol/span.ts';
import { quotaCreate, type Quota } from '#protocol/traffic.ts';
import { QUARTER } from '../../server/history/history.ts';
import { quotasFor } from '../../server/traffic/covering.ts';
import { DayTotals } from '../../server/traffic/day-totals.ts';
import { neededSince, standingOf } from '../../server/traffic/standing.ts';

const BEGIN = Date.UTC(2026, 10, 1);
const made = (rest: object = {}): Quota => ({
  id: 'q',
  ...quotaCreate.parse({ scope: { devices: [], tags: [], name: '' }, allowance_bytes: 1e12, ...rest }),
});

/** Totals of quarters from `from` to `to` that each moved what `bytes` says of their beginning. */
function totalsOf(
  quota: Quota,
  now: number,
  from: number,
  bytes: (t: number) => { in: number; out: number } | undefined,
) {
  const totals = new DayTotals(quota.time_zone);
  const measured = [];
  for (let t = from; t < now; t += QUARTER) {
    const moved = bytes(t);
    if (moved !== undefined) measured.push({ t, ...moved, knownMs: Math.min(QUARTER, now - t) });
  }
  const since = neededSince(quota, now);
  totals.take(since, totals.due(since, now), measured);
  return totals;
}

it.each([
  ['out', 400],
  ['in', 100],
  ['sum', 500],
  ['larger', 400],
])('of a quota that counts %s, %i bytes of a quarter count', (counts, bytes) => {
  const quota = made({ counts });
  const now = BEGIN + 10 * QUARTER;
  const totals = totalsOf(quota, now, BEGIN, () => ({ in: 100, out: 400 }));
  expect(standingOf(quota, totals, now)).toMatchObject({
    used_bytes: 10 * bytes,
    in_bytes: 1000,
    out_bytes: 4000,
    unknown_s: 0,
  });
});

it('the warning’s percentage and the whole allowance are the levels of a quota', () => {
  const now = BEGIN + 4 * QUARTER;
  const level = (bytes: number) => {
    const quota = made({ warn_percent: 75 });
    return standingOf(
      quota,
      totalsOf(quota, now, BEGIN, () => ({ in: 0, out: bytes / 4 })),
      now,
    ).level;
  };
  expect([7.4e11, 7.5e11, 9.9e11, 1e12, 3e12].map(level)).toEqual([0, 1, 1, 2, 2]);
});

it('a quota says for how long no samples are known, and nothing is made up for it', () => {
  const quota = made();
  const now = BEGIN + 2 * DAY;
  const off = (t: number) => t >= BEGIN + 5 * HOUR && t < BEGIN + 7 * HOUR;
  const totals = totalsOf(quota, now, BEGIN, (t) => (off(t) ? undefined : { in: 0, out: 900 }));
  const standing = standingOf(quota, totals, now);
  expect(standing.unknown_s).toBe(2 * 3600);
  expect(standing.used_bytes).toBe((48 - 2) * 4 * 900);
});

it('the forecast of a quota goes on at the mean rate of the last seven days; its range ends at that of the period', () => {
  const quota = made();
  const now = BEGIN + 20 * DAY;
  const fast = now - 7 * DAY;
  const totals = totalsOf(quota, now, BEGIN, (t) => ({ in: 0, out: t >= fast ? 2e8 : 1e8 }));
  const { forecast, used_bytes: used, to } = standingOf(quota, totals, now);
  const left = (to - now) / QUARTER;
  expect(used).toBe(1e8 * (13 * 96) + 2e8 * (7 * 96));
  expect(forecast?.bytes).toBeCloseTo(used + left * 2e8, -3);
  expect(forecast?.high).toBe(forecast?.bytes);
  expect(forecast?.low).toBeCloseTo(used + left * (used / (20 * 96)), -3);
  expect(forecast?.percent).toBeCloseTo((forecast?.bytes ?? 0) / 1e10, 6);
});

it('early in a period the forecast of a quota knows the rate of the days before it', () => {
  const quota = made({ billing_day: 20 });
  const now = Date.UTC(2026, 10, 21, 12);
  const totals = totalsOf(quota, now, now - 10 * DAY, () => ({ in: 0, out: 1000 }));
  const { used_bytes, forecast, to } = standingOf(quota, totals, now);
  expect(used_bytes).toBe(36 * 4 * 1000);
  expect(forecast?.bytes).toBeCloseTo(used_bytes + ((to - now) / QUARTER) * 1000, -3);
});

it('the forecast of a quota expects a machine that is off every night to be off every night', () => {
  const quota = made();
  const now = BEGIN + 15 * DAY;
  const isOn = (t: number) => t % DAY >= 8 * HOUR && t % DAY < 20 * HOUR;
  const totals = totalsOf(quota, now, BEGIN, (t) => (isOn(t) ? { in: 0, out: 1000 } : undefined));
  const { used_bytes, forecast } = standingOf(quota, totals, now);
  expect(forecast?.bytes).toBeCloseTo(used_bytes * 2, -3);
});

it('no quota is foretold on the first day of a period, nor of a machine that has just joined', () => {
  const quota = made();
  const of = (now: number, from: number) =>
    standingOf(
      quota,
      totalsOf(quota, now, from, () => ({ in: 0, out: 1 })),
      now,
    ).forecast;
  expect(of(BEGIN + 23 * HOUR, BEGIN - 5 * DAY)).toBeNull();
  expect(of(BEGIN + 25 * HOUR, BEGIN - 5 * DAY)).not.toBeNull();
  expect(of(BEGIN + 9 * DAY, BEGIN + 9 * DAY - 5 * HOUR)).toBeNull();
});

const one = (t: number) => ({ t, in: 0, out: 1, knownMs: QUARTER });

it('of a running total only the present day is read again, and the days of late samples', () => {
  const totals = new DayTotals('UTC');
  const at = (days: number) => BEGIN + days * DAY + 6 * HOUR;
  expect(totals.due(BEGIN, at(9))).toEqual({ from: BEGIN, to: at(9) });
  totals.take(BEGIN, { from: BEGIN, to: at(9) }, [one(BEGIN), one(BEGIN + 9 * DAY)]);
  expect(totals.due(BEGIN, at(9) + 60_000).from).toBe(BEGIN + 9 * DAY);
  totals.noteLate(BEGIN + 7 * DAY + 5);
  const due = totals.due(BEGIN, at(9) + 120_000);
  expect(due.from).toBe(BEGIN + 7 * DAY);
  // A failing history leaves it to be read.
  totals.failed(due);
  expect(totals.due(BEGIN, at(9) + 180_000).from).toBe(BEGIN + 7 * DAY);
  // Short after midnight, the day before may still get samples.
  for (const later of [60_000, 120_000])
    expect(totals.due(BEGIN, BEGIN + 10 * DAY + later).from).toBe(BEGIN + 9 * DAY);
  // Once a day everything is read anew.
  expect(totals.due(BEGIN, at(10) + 60_000).from).toBe(BEGIN);
});

it('what is read again of a running total takes the place of what was there', () => {
  const totals = new DayTotals('UTC');
  const now = BEGIN + 3 * DAY;
  totals.take(BEGIN, totals.due(BEGIN, now), [one(BEGIN), one(BEGIN + DAY), one(BEGIN + 2 * DAY)]);
  totals.take(BEGIN, { from: BEGIN + DAY, to: now }, [one(BEGIN + DAY), one(BEGIN + DAY + HOUR)]);
  expect(totals.days.map(({ out }) => out)).toEqual([1, 2, 0]);
  expect(totals.sum({ from: BEGIN + DAY, to: now })).toEqual({ in: 0, out: 2, knownMs: 2 * QUARTER });
  // Days before the next period and its seven days are forgotten.
  totals.take(BEGIN + DAY, { from: BEGIN + 2 * DAY, to: now }, []);
  expect(totals.days.map(({ from }) => from)).toEqual([BEGIN + DAY, BEGIN + 2 * DAY]);
});

const scope = (rest: object) => ({ devices: [], tags: [], name: '', ...rest });
const scoped = (id: string, of: object, on = 'total') => ({
  ...made({ scope: scope(of), interface: on }),
  id,
});
const machine = { id: 'a', name: 'web-1', tags: ['vps'] };
const ids = (...all: Quota[]) => quotasFor(all, machine).map(({ id }) => id);

it('of the quotas of one interface, the one that is closest to the machine counts', () => {
  const all = scoped('all', {});
  const tag = scoped('tag', { tags: ['vps'] });
  const own = scoped('own', { devices: ['a'] });
  expect(ids(all, tag, own)).toEqual(['own']);
  expect(ids(all, tag)).toEqual(['tag']);
  expect(ids(tag, scoped('name', { name: 'web-*' }))).toEqual(['tag']);
  expect(ids(all, scoped('other', { devices: ['b'] }))).toEqual(['all']);
});

it('each interface of a machine has its own quota, and one machine has at most eight of them', () => {
  expect(ids(scoped('total', {}), scoped('eth0', {}, 'eth0'))).toEqual(['total', 'eth0']);
  const many = Array.from({ length: 20 }, (_, i) => scoped(`q${i}`, {}, `eth${i}`));
  expect(ids(...many)).toHaveLength(8);
});
