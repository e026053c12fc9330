import { describe, expect, it } from 'vitest';
import { liveSpan, parseRange, RANGES, stepFor, windowFor } from '../../web/src/charts/range.ts';

describe('ranges', () => {
  it('are read from the URL, live without one', () => {
    expect(parseRange('24h').ms).toBe(86_400_000);
    expect(parseRange(null).value).toBe('live');
    expect(parseRange('17 parsecs').value).toBe('live');
  });

  it('show less of a machine that just joined, so that its charts fill', () => {
    expect([0, 60_000, 60_001, 120_001, 1e9].map(liveSpan)).toEqual([
      60_000, 60_000, 120_000, 300_000, 300_000,
    ]);
  });

  it('[H2] ask for at most 400 buckets', () => {
    for (const { ms } of RANGES) expect(ms / stepFor(ms)).toBeLessThanOrEqual(400);
  });

  it('ask for whole buckets, the newest included', () => {
    const now = 1_790_000_123_456;
    for (const range of RANGES) {
      const { from, to, step } = windowFor(range, now);
      expect(from % step).toBe(0);
      expect(to % step).toBe(0);
      expect(to).toBeGreaterThanOrEqual(now);
      expect(to - now).toBeLessThan(step);
      expect(to - from).toBeGreaterThanOrEqual(range.ms);
    }
  });
});
