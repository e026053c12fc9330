import { describe, expect, it } from 'vitest';
import type { Alert } from '#protocol/alerts.ts';
import { firing } from '../../protocol/firing-alert.ts';
import { alertsByDevice, alertsWords, deviceState } from '../../../web/src/fleet/device-state.ts';

const alert = (device_id: string, metric: string, severity: Alert['severity']): Alert => ({
  ...firing,
  id: `${device_id}${metric}${severity}`,
  device_id,
  metric,
  severity,
});

describe('the state of a device', () => {
  it('[L4] a device whose numbers are old is shown as offline or stale, whatever alerts fire on it', () => {
    expect(deviceState('offline', 'critical')).toBe('offline');
    expect(deviceState('stale', 'critical')).toBe('stale');
    expect(deviceState('live', 'warning')).toBe('warning');
    expect(deviceState('live', undefined)).toBe('good');
  });

  it('the worst severity is found for each device and each of its fields', () => {
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

  it('what is wrong with a machine is said in its row: the newest of its worst alerts, and how many more there are', () => {
    const older = { ...alert('a', 'cpu', 'critical'), timestamp: 1 };
    const newer = { ...alert('a', 'disk', 'critical'), timestamp: 2, value: 97, threshold: 90, others: 0 };
    const warning = { ...alert('a', 'ram', 'warning'), timestamp: 3 };
    const found = alertsByDevice([older, warning, newer]).get('a');
    if (!found) throw new Error('alerts');
    expect(found.first).toBe(newer);
    expect(alertsWords(found)).toBe('Fullest disk 97 %, above 90 %, and 2 more');
  });
});
