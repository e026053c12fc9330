import { describe, expect, it } from 'vitest';
import { freshness } from '../../../web/src/stores/freshness.ts';

const fresh = { status: 'online', link: 'live', ageMs: 1000, intervalS: 5 } as const;

describe('freshness', () => {
  it('[L4] a device is shown as stale when its last push is older than its online window, or the link is not live', () => {
    expect(freshness(fresh)).toBe('live');
    expect(freshness({ ...fresh, ageMs: 15_001 })).toBe('stale');
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
