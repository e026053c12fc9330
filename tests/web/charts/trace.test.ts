import { describe, expect, it } from 'vitest';
import { highest, historyTrace, lastOf, liveTrace, nearest, spread } from '../../../web/src/charts/trace.ts';

const seconds = (...s: number[]) => s.map((one) => one * 1000);

describe('a live line', () => {
  it('a live line is broken where samples are missing', () => {
    const { t, value } = liveTrace(seconds(1, 2, 3, 4, 20, 21), [5, 6, 7, 8, 9, 10], 0);
    expect(value).toEqual([5, 6, 7, 8, null, 9, 10]);
    expect(t).toEqual([...seconds(1, 2, 3, 4), 4001, ...seconds(20, 21)]);
  });

  it('a live line is not broken by one late sample', () => {
    expect(liveTrace(seconds(1, 2, 3, 6, 7), [1, 1, 1, 1, 1], 0).value).not.toContain(null);
  });

  it('a live line of a field measured every 10 s is whole: samples without the field do not break it', () => {
    const times = Array.from({ length: 41 }, (_, i) => i * 1000);
    const column = times.map((_, i) => (i % 10 === 0 ? i : null));
    expect(liveTrace(times, column, 0).value).toEqual([0, 10, 20, 30, 40]);
  });

  it('a live line of a device with one sample a minute is whole', () => {
    const times = Array.from({ length: 10 }, (_, i) => i * 60_000);
    expect(liveTrace(times, times, 0).t).toEqual(times);
  });

  it('a live line leaves out samples from before its start', () => {
    expect(liveTrace(seconds(1, 2, 3), [1, 2, 3], 2000).value).toEqual([2, 3]);
  });

  it('a live line of an unknown field is empty', () => {
    expect(liveTrace(seconds(1), undefined, 0).t).toEqual([]);
  });
});

describe('a line of the history', () => {
  it('a line of the history has the mean, minimum and maximum of each bucket at its middle', () => {
    const trace = historyTrace([[0, 1, 2, 9]], 60_000);
    expect(trace).toEqual({ t: [30_000], value: [2], low: [1], high: [9] });
    expect(highest(trace)).toBe(9);
  });

  it('a line of the history is broken at a null and where buckets are missing', () => {
    const null3 = [null, null, null] as const;
    const { value } = historyTrace(
      [
        [0, 1, 1, 1],
        [60_000, ...null3],
        [180_000, 2, 2, 2],
        [600_000, 3, 3, 3],
      ],
      60_000,
    );
    expect(value).toEqual([1, null, 2, null, 3]);
  });

  it('a line of the history with one sample a minute is whole in buckets of 10 s, except for a long pause', () => {
    const each = (from: number) =>
      Array.from({ length: 12 }, (_, i): [number, number, number, number] => [from + i * 60_000, 1, 1, 1]);
    const { value } = historyTrace([...each(0), ...each(3_600_000)], 10_000);
    expect(value.map((one) => one === null)).toEqual([
      ...each(0).map(() => false),
      true,
      ...each(0).map(() => false),
    ]);
  });
});

describe('reading a line', () => {
  const trace = { t: [0, 10, 20, 30], value: [1, null, 3, 4] };

  it('the value read at a time is the nearest one within reach', () => {
    expect(nearest(trace, 12, 10)).toBe(2);
    expect(nearest(trace, 1, 10)).toBe(0);
    expect(nearest(trace, 100, 10)).toBe(-1);
    expect(nearest({ t: [], value: [] }, 5, 10)).toBe(-1);
  });

  it('the last value of a line skips nulls', () => {
    expect(lastOf({ t: [0, 10], value: [7, null] })).toEqual({ t: 0, value: 7 });
    expect(lastOf({ t: [], value: [] })).toBeUndefined();
  });
});

describe('labels', () => {
  it('labels stay where they are while there is room', () => {
    expect(spread([10, 50], 12, 0, 100)).toEqual([10, 50]);
  });

  it('labels that would cover each other move apart, in their order and within the edges', () => {
    const placed = spread([99, 98, 97], 12, 0, 100);
    expect(placed).toEqual([100, 88, 76]);
  });
});
