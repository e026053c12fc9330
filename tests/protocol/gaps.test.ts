import { describe, expect, it } from 'vitest';
import { gapMs, onlineWindowMs, usualDistanceMs } from '#protocol/gaps.ts';

describe('silence', () => {
  it('[F1] a device may be quiet for three of its intervals, 15 s at least', () => {
    expect([1, 5, 60].map(onlineWindowMs)).toEqual([15_000, 15_000, 180_000]);
  });

  it('two samples are a gap apart when more than 3.5 usual distances lie between them', () => {
    expect([1000, 5000, 60_000].map(gapMs)).toEqual([3500, 17_500, 210_000]);
  });

  it('the gap of samples closer than a second is that of one a second', () => {
    expect(gapMs(0)).toBe(3500);
  });

  it('the usual distance between samples is the median, which a gap does not move', () => {
    expect(usualDistanceMs([0, 1000, 2000, 90_000, 91_000])).toBe(1000);
    expect(usualDistanceMs([5])).toBeUndefined();
  });
});
