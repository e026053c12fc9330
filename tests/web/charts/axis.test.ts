import { describe, expect, it } from 'vitest';
import { ageTicks, timeTicks, valueAxis } from '../../../web/src/charts/axis.ts';

const HOUR = 3_600_000;
const at = (text: string) => new Date(text).getTime();

describe('the value axis', () => {
  it('the axis of a percentage goes from 0 to 100', () => {
    const axis = valueAxis('cpu', 3, 100);
    expect(axis.top).toBe(100);
    expect(axis.ticks).toEqual([0, 50, 100]);
    expect(axis.unit).toBe('%');
  });

  it('the axis of network traffic has round numbers of bits', () => {
    const axis = valueAxis('net_rx', 2_900_000);
    expect(axis.unit).toBe('Mbit/s');
    expect(axis.ticks.map(axis.label)).toEqual(['0', '10', '20', '30']);
    expect(axis.top).toBe(30_000_000 / 8);
  });

  it("the axis of memory ends with the machine's memory and has ticks at powers of two", () => {
    const axis = valueAxis('mem_used_bytes', 0, 31.2 * 2 ** 30);
    expect(axis.top).toBeCloseTo(31.2 * 2 ** 30, 0);
    // Its top is the memory there is.
    expect(axis.ticks.map(axis.label)).toEqual(['0', '8', '16', '24', '31.2']);
    expect(axis.unit).toBe('GiB');
  });

  it('an axis made for its own top has the same top: it does not grow', () => {
    for (const most of [0.3, 1, 7, 99, 1234, 5e7]) {
      const { top } = valueAxis('load1', most);
      expect(valueAxis('load1', top).top).toBeCloseTo(top, 9);
      expect(top).toBeGreaterThanOrEqual(most);
    }
  });

  it('a value axis has three to six ticks, however large its values are', () => {
    for (let size = 0.001; size < 1e12; size *= 1.7)
      for (const field of ['load1', 'net_rx', 'disk_read', 'mem_used_bytes', 'sensor:x:celsius']) {
        const { ticks } = valueAxis(field, size);
        expect(ticks.length, `${field} ${size}`).toBeGreaterThanOrEqual(3);
        expect(ticks.length, `${field} ${size}`).toBeLessThanOrEqual(6);
      }
  });

  it('a value axis without values has a top above 0', () => {
    const axis = valueAxis('orders', 0);
    expect(axis.top).toBeGreaterThan(0);
    expect(axis.ticks.every(Number.isFinite)).toBe(true);
  });
});

describe('the time axis', () => {
  it('the time axis of 6 hours has ticks on whole hours', () => {
    const from = at('2026-11-22T10:07:00');
    expect(timeTicks(from, from + 6 * HOUR, 6).map(({ label }) => label)).toEqual([
      '11:00',
      '12:00',
      '13:00',
      '14:00',
      '15:00',
      '16:00',
    ]);
  });

  it('the time axis of a day names the date at midnight', () => {
    const from = at('2026-11-22T12:00:00');
    expect(timeTicks(from, from + 24 * HOUR, 4).map(({ label }) => label)).toEqual([
      '12:00',
      '18:00',
      '23 Nov',
      '06:00',
    ]);
  });

  it('the time axis of a year has ticks on first days of months', () => {
    const from = at('2026-01-15T00:00:00');
    const labels = timeTicks(from, from + 365 * 24 * HOUR, 6).map(({ label }) => label);
    expect(labels).toEqual(['Apr', 'Jul', 'Oct', 'Jan']);
  });

  it('the time axis never has more ticks than there is room for', () => {
    const from = at('2026-03-03T03:03:03');
    for (const hours of [0.1, 1, 6, 24, 168, 720, 8760])
      for (const most of [2, 4, 8])
        expect(timeTicks(from, from + hours * HOUR, most).length).toBeLessThanOrEqual(most + 1);
  });

  it('the time axis of live charts counts back from now, so that its ticks do not move', () => {
    expect(ageTicks(300_000).map(({ label }) => label)).toEqual([
      '−5 min',
      '−4 min',
      '−3 min',
      '−2 min',
      '−1 min',
      'now',
    ]);
    expect(ageTicks(120_000).map(({ label }) => label)).toEqual([
      '−2 min',
      '−90 s',
      '−1 min',
      '−30 s',
      'now',
    ]);
  });
});
