import { describe, expect, it } from 'vitest';
import type { Alert } from '#protocol/alerts.ts';
import { marksFor } from '../../../web/src/device/marks.ts';
import { deviceCharts } from '../../../web/src/device/device-charts.ts';
import { firing } from '../../protocol/firing-alert.ts';

const alert: Alert = { ...firing, rule_name: 'Memory high', metric: 'ram', value: 98 };
const latest = { cpu: 3, ram: 98, mem_used_bytes: 980, mem_total_bytes: 1000 };
const charts = deviceCharts(Object.keys(latest)).sections.flatMap((section) => section.charts);
const marksOf = (id: string, alerts: readonly Alert[]) =>
  charts.filter((chart) => chart.id === id).flatMap((spec) => marksFor(spec, alerts, latest));

describe('alerts in the charts', () => {
  it('an alert is marked in the chart of its field, for the time it fired', () => {
    const past: Alert = { ...alert, metric: 'cpu', state: 'resolved', resolved_at: 9000 };
    expect(marksOf('cpu', [past])).toMatchObject([{ threshold: 90, since: 1000, until: 9000 }]);
    expect(marksOf('memory', [past])).toEqual([]);
  });

  it('an alert about a percentage is marked in bytes where the chart is in bytes', () => {
    expect(marksOf('memory', [alert])).toMatchObject([{ threshold: 900, until: null }]);
    expect(marksOf('cpu', [alert])).toEqual([]);
  });
});
