import { describe, expect, it } from 'vitest';
import { checkTimes, timeInput } from '../../../web/src/charts/entered-times.ts';
import { rangeAround, withRange, presetRange, PRESETS } from '../../../web/src/charts/range.ts';
import { createZone } from '../../../web/src/format/zone.ts';

const berlin = createZone('Europe/Berlin');
const NOW = Date.parse('2026-11-26T12:00Z');
const check = (from: string, to: string, zone = berlin) => checkTimes({ from, to }, zone, NOW);
const iso = (text: string) => Date.parse(text);

describe('the two times that a person enters', () => {
  it('they are those of the time zone that the page shows', () => {
    expect(check('2026-11-22T14:07', '2026-11-22T15:07:30').range).toMatchObject({
      from: iso('2026-11-22T13:07Z'),
      to: iso('2026-11-22T14:07:30Z'),
    });
    expect(check('2026-11-22 14:07', '2026-11-22 15:00', createZone('Asia/Kathmandu')).range).toMatchObject({
      from: iso('2026-11-22T08:22Z'),
    });
  });

  it('what is shown is what stands in the inputs', () => {
    const t = iso('2026-07-01T10:00:05Z');
    expect(timeInput(berlin, t)).toBe('2026-07-01T12:00:05');
    expect(check(timeInput(berlin, t), timeInput(berlin, t + 60_000)).range).toMatchObject({ from: t });
  });

  it('each wrong end says what is wrong with it', () => {
    expect(check('', '2026-11-22T15:00')).toEqual({ from: expect.stringContaining('Enter a date') });
    expect(check('yesterday', 'now')).toEqual({
      from: expect.stringContaining('Enter a date'),
      to: expect.stringContaining('Enter a date'),
    });
    expect(check('2026-02-31T10:00:99', '2026-11-22T15:00')).toHaveProperty('from');
    expect(check('2026-11-22T15:00', '2026-11-22T14:00')).toEqual({
      to: expect.stringContaining('after the beginning'),
    });
    expect(check('2026-12-22T15:00', '2026-12-23T14:00')).toEqual({
      from: expect.stringContaining('future'),
    });
    expect(check('2020-01-01T00:00', '2026-01-01T00:00')).toEqual({
      to: expect.stringContaining('three years'),
    });
    expect(check('2026-03-29T02:30', '2026-03-29T05:00')).toEqual({
      from: expect.stringContaining('does not exist'),
    });
  });

  it('an end in the future is now', () => {
    expect(check('2026-11-26T12:00', '2027-01-01T00:00').range).toMatchObject({ to: NOW });
  });
});

describe('ranges in the address', () => {
  it('another range leaves everything else in the address as it is', () => {
    const hour = PRESETS.find(({ value }) => value === '1h');
    const search = new URLSearchParams('open=mount&from=1&to=2&compare=a');
    expect(hour && String(withRange(search, presetRange(hour)))).toBe('open=mount&compare=a&range=1h');
  });

  it('around an alert is half an hour before it and after its end, and no later than now', () => {
    const hour = 3_600_000;
    expect(rangeAround({ timestamp: NOW - 5 * hour, resolved_at: NOW - 4 * hour }, NOW)).toMatchObject({
      from: NOW - 5.5 * hour,
      to: NOW - 3.5 * hour,
    });
    expect(rangeAround({ timestamp: NOW - hour, resolved_at: null }, NOW)).toMatchObject({ to: NOW });
  });
});
