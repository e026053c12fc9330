import { describe, expect, it } from 'vitest';
import { freshness } from '../../../web/src/stores/freshness.ts';

const fresh = { status: 'online', link: 'live', ageMs: 1000, intervalS: 5 } as const;

describe('freshness', () => {
  it('[L4] numbers are live only with a live link and a push within the window', () => {
    expect(freshness(fresh)).toBe('live');
    expect(freshness({ ...fresh, ageMs: 15_001 })).toBe('stale');
    expect(freshness({ ...fresh, ageMs: null })).toBe('stale');
    for (const link of ['connecting', 'stale', 'lost'] as const)
      expect(freshness({ ...fresh, link })).toBe('stale');
  });

  it("[F1] offline is the server's word", () => {
    expect(freshness({ ...fresh, status: 'offline' })).toBe('offline');
  });

  it('a machine that never pushed is waited for, not missed', () => {
    expect(freshness({ ...fresh, status: 'offline', ageMs: null })).toBe('waiting');
  });
});
