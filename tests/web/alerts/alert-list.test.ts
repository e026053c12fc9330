import { describe, expect, it } from 'vitest';
import type { Alert } from '#protocol/api.ts';
import { mergeAlerts, sortedAlerts } from '../../../web/src/alerts/alert-list.ts';

const alert = (id: string, more: Partial<Alert> = {}): Alert => ({
  id,
  rule_id: 'r',
  rule_name: 'CPU high',
  device_id: 'd',
  device_name: 'web-1',
  metric: 'cpu',
  value: 97,
  threshold: 90,
  severity: 'warning',
  state: 'firing',
  timestamp: 1,
  resolved_at: null,
  resolution: null,
  ...more,
});

describe('lists of alerts', () => {
  it('put critical first, then the newest', () => {
    const list = [
      alert('a', { timestamp: 3 }),
      alert('b', { severity: 'critical', timestamp: 1 }),
      alert('c', { timestamp: 4 }),
      alert('d', { severity: 'critical', timestamp: 2 }),
    ];
    expect(sortedAlerts(list).map(({ id }) => id)).toEqual(['d', 'b', 'c', 'a']);
  });

  it('hold each alert once, as it is now', () => {
    const merged = mergeAlerts([alert('a'), alert('b')], [alert('a', { state: 'resolved' }), alert('c')]);
    expect(merged.map(({ id, state }) => `${id} ${state}`)).toEqual(['a resolved', 'b firing', 'c firing']);
  });
});
