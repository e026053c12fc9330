import { describe, expect, it } from 'vitest';
import type { Alert } from '#protocol/alerts.ts';
import { isAbout, marksFor } from '../../../web/src/device/marks.ts';
import { overviewCharts } from '../../../web/src/device/overview-charts.ts';
import { firing } from '../../protocol/firing-alert.ts';

const alert: Alert = { ...firing, rule_name: 'Memory high', metric: 'ram', value: 98 };
const latest = { cpu: 3, ram: 98, mem_used_bytes: 980, mem_total_bytes: 1000 };
const charts = overviewCharts({ scalars: Object.keys(latest), sensors: [] });
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

  it('the chart of an alert is found by its field, also where it draws that in bytes', () => {
    const about = (field: string) => charts.filter((spec) => isAbout(spec, field)).map(({ id }) => id);
    expect([about('ram'), about('cpu'), about('offline')]).toEqual([['memory'], ['cpu'], []]);
  });
});
