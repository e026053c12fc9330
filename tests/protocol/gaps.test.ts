import { describe, expect, it } from 'vitest';
import { bucketGapMs, gapMs, onlineWindowMs, usualDistanceMs } from '#protocol/gaps.ts';

describe('online window and gaps', () => {
  it('[F1] the online window is three intervals, 15 s at least', () => {
    expect([1, 5, 60].map(onlineWindowMs)).toEqual([15_000, 15_000, 180_000]);
  });

  it('two samples have a gap between them when they are more than 3.5 usual distances apart', () => {
    expect([1000, 5000, 60_000].map(gapMs)).toEqual([3500, 17_500, 210_000]);
  });

  it('for samples less than a second apart, the gap is as long as for one sample a second', () => {
    expect(gapMs(0)).toBe(3500);
  });

  it('the usual distance between samples is the median, which a gap does not change', () => {
    expect(usualDistanceMs([0, 1000, 2000, 90_000, 91_000])).toBe(1000);
    expect(usualDistanceMs([5])).toBeUndefined();
  });

  it('a bucket without samples is a gap', () => {
    expect(bucketGapMs([0, 10_000, 20_000], 10_000)).toBe(15_000);
  });

  it('where samples come less often than buckets, a pause of more than 3.5 usual distances is a gap', () => {
    const everyMinute = Array.from({ length: 20 }, (_, i) => i * 60_000);
    expect(bucketGapMs(everyMinute, 10_000)).toBe(210_000);
    expect(bucketGapMs(everyMinute.slice(0, 3), 10_000)).toBe(15_000);
  });
});
