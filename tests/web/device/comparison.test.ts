import { expect, it } from 'vitest';
import { backMs, parseComparison } from '../../../web/src/device/comparison.ts';
import { readPageQuery, withPageQuery } from '../../../web/src/device/page-query.ts';
import { createZone } from '../../../web/src/format/zone.ts';

const HOUR = 3_600_000;

it('charts are compared with an earlier time, another machine, or nothing', () => {
  expect(parseComparison('-7d')).toEqual({ kind: 'before', days: 7 });
  expect(parseComparison('db-1')).toEqual({ kind: 'machine', id: 'db-1' });
  expect([parseComparison(null), parseComparison(''), parseComparison('-3x')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

it('a day before is the same time on the clock, also after a day of 25 or 23 hours', () => {
  const berlin = createZone('Europe/Berlin');
  expect(backMs(1, Date.parse('2026-10-26T06:00Z'), berlin)).toBe(24 * HOUR);
  expect(backMs(1, Date.parse('2026-10-25T12:00Z'), berlin)).toBe(25 * HOUR);
  expect(backMs(7, Date.parse('2026-03-30T12:00Z'), berlin)).toBe((7 * 24 - 1) * HOUR);
});

it('the address of a machine’s page says what is open, and changes leave the rest of it alone', () => {
  const search = new URLSearchParams('range=1h&open=mount&open=core&open=mount&compare=-1d');
  expect(readPageQuery(search)).toEqual({
    open: ['mount', 'core'],
    compare: '-1d',
    alert: null,
    moment: null,
  });
  expect(String(withPageQuery(search, { open: ['disk'], compare: null }))).toBe('range=1h&open=disk');
  expect(readPageQuery(new URLSearchParams('moment=1000.4')).moment).toBe(1000);
  expect(readPageQuery(new URLSearchParams('moment=noon')).moment).toBeNull();
  expect(String(withPageQuery(search, { moment: 1000 }))).toContain('moment=1000');
  expect(String(withPageQuery(search, { alert: 'x' }))).toContain('alert=x');
});
