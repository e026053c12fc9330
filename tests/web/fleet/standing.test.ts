import { describe, expect, it } from 'vitest';
import type { Alert } from '#protocol/api.ts';
import { alertsByDevice, standing } from '../../../web/src/fleet/standing.ts';
import { linkWords } from '../../../web/src/shell/link-words.ts';

const alert = (device_id: string, metric: string, severity: Alert['severity']): Alert => ({
  id: `${device_id}${metric}${severity}`,
  rule_id: 'r',
  rule_name: 'rule',
  device_id,
  device_name: device_id,
  metric,
  value: 1,
  threshold: 1,
  severity,
  state: 'firing',
  timestamp: 0,
  resolved_at: null,
  resolution: null,
});

describe('how a device stands', () => {
  it('[L4] is its silence before its alerts', () => {
    expect(standing('offline', 'critical')).toBe('offline');
    expect(standing('stale', 'critical')).toBe('stale');
    expect(standing('live', 'warning')).toBe('warning');
    expect(standing('live', undefined)).toBe('good');
  });

  it('is its worst alert, by device and by metric', () => {
    const found = alertsByDevice([
      alert('a', 'cpu', 'critical'),
      alert('a', 'disk', 'warning'),
      alert('b', 'cpu', 'warning'),
    ]);
    expect(found.get('a')?.worst).toBe('critical');
    expect(found.get('a')?.count).toBe(2);
    expect(found.get('a')?.byMetric.get('disk')).toBe('warning');
    expect(found.get('b')?.worst).toBe('warning');
    expect(found.get('c')).toBeUndefined();
  });
});

describe('[L4] the link in words', () => {
  it('says nothing while live, and how long it has been silent otherwise', () => {
    expect(linkWords('live', 0)).toEqual({ state: 'good', word: 'Live', sentence: '' });
    expect(linkWords('connecting', undefined).word).toBe('Connecting');
    expect(linkWords('lost', 1500).sentence).toBe('Reconnecting…');
    expect(linkWords('stale', 14_200).sentence).toContain('No data for 14 s');
  });
});
