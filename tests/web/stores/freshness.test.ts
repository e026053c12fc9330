import { describe, expect, it } from 'vitest';
import { freshness } from '../../../web/src/stores/freshness.ts';

const fresh = { status: 'online', link: 'live', ageMs: 1000, intervalS: 5 } as const;

describe('freshness', () => {
  it('[L4] a device is shown as stale after 5 s or two intervals without a push, or when the link is not live', () => {
    expect(freshness(fresh)).toBe('live');
    for (const [intervalS, staleMs] of [
      [1, 5000],
      [2, 5000],
      [5, 10_000],
      [60, 120_000],
    ] as const) {
      expect(freshness({ ...fresh, intervalS, ageMs: staleMs })).toBe('live');
      expect(freshness({ ...fresh, intervalS, ageMs: staleMs + 1 })).toBe('stale');
    }
    expect(freshness({ ...fresh, ageMs: null })).toBe('stale');
    for (const link of ['connecting', 'stale', 'lost'] as const)
      expect(freshness({ ...fresh, link })).toBe('stale');
  });

  it('[F1] a device is shown as offline when the server says so', () => {
    expect(freshness({ ...fresh, status: 'offline' })).toBe('offline');
  });

  it('a device that never pushed is shown as waiting, not as offline', () => {
    expect(freshness({ ...fresh, status: 'offline', ageMs: null })).toBe('waiting');
  });
});
