import { describe, expect, it } from 'vitest';
import { deviceCharts, fullestMounts } from '../../../web/src/device/device-charts.ts';

const ids = (fields: readonly string[]) =>
  deviceCharts(fields).sections.map(({ id, charts }) => [id, charts.map((chart) => chart.id)]);

describe('the charts of a device', () => {
  it('a device that sends the five plain fields alone has four charts', () => {
    expect(ids(['cpu', 'ram', 'disk', 'net_tx', 'net_rx'])).toEqual([
      ['main', ['cpu', 'memory', 'network', 'disk']],
    ]);
  });

  it('a device without fields has no charts', () => {
    expect(deviceCharts([])).toEqual({ sections: [], cores: [], mounts: [] });
  });

  it('a custom field has a chart under More, and no field is drawn twice', () => {
    const charts = deviceCharts(['cpu', 'queue_depth', 'gpu:0:busy', 'uptime_s', 'mount:/:used']);
    const drawn = charts.sections.flatMap((section) => section.charts.flatMap(({ lines }) => lines));
    expect(drawn.map(({ field }) => field)).toEqual(['cpu', 'gpu:0:busy', 'queue_depth']);
    expect(charts.mounts).toEqual(['/']);
  });

  it('cores are ordered by number', () => {
    const fields = [10, 2, 0].map((core) => `core:${core}:cpu`);
    expect(deviceCharts(fields).cores).toEqual(['0', '2', '10']);
  });

  it('interfaces and disks have charts of their own only where there are several', () => {
    expect(ids(['net_rx', 'interface:eth0:rx'])).toEqual([['main', ['network']]]);
    expect(ids(['net_rx', 'interface:eth0:rx', 'interface:wg0:rx'])).toContainEqual([
      'interfaces',
      ['interface:eth0', 'interface:wg0'],
    ]);
  });

  it("the memory chart is in bytes where the machine's memory is known", () => {
    const [main] = deviceCharts(['ram', 'mem_used_bytes', 'mem_total_bytes']).sections;
    expect(main?.charts[0]?.top).toEqual({ field: 'mem_total_bytes' });
  });
});

it('of many filesystems the fullest are shown, in the order of their names', () => {
  const mounts = ['/a', '/b', '/c', '/d'];
  const latest = { 'mount:/a:used': 10, 'mount:/b:used': 90, 'mount:/d:used': 50 };
  expect(fullestMounts(mounts, latest, 2)).toEqual(['/b', '/d']);
  expect(fullestMounts(mounts, latest, 4)).toEqual(mounts);
});
