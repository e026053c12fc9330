import { describe, expect, it } from 'vitest';
import { SCALARS } from '#protocol/fields.ts';
import { overviewCharts } from '../../../web/src/device/overview-charts.ts';

const ids = (scalars: readonly string[], sensors: readonly string[] = []) =>
  overviewCharts({ scalars, sensors }).map(({ id }) => id);

describe('the overview of a machine', () => {
  it('a machine with everything has the eight charts that matter', () => {
    const own = ['orders', 'queue_depth'];
    expect(ids([...Object.keys(SCALARS), ...own], ['CPU', 'GPU'])).toEqual([
      ...['cpu', 'memory', 'network', 'disk-io', 'disk', 'load', 'sensors', 'processes'],
    ]);
  });

  it('a machine that sends the five plain fields alone has four charts', () => {
    expect(ids(['cpu', 'ram', 'disk', 'net_tx', 'net_rx'])).toEqual(['cpu', 'memory', 'network', 'disk']);
  });

  it('where a machine sends little of what is known, its own values fill the overview up', () => {
    expect(ids(['cpu', 'queue_depth', 'orders', 'uptime_s'])).toEqual(['cpu', 'orders', 'queue_depth']);
    expect(ids(Array.from({ length: 50 }, (_, i) => `own_${i}`))).toHaveLength(8);
  });

  it('a machine without fields has no charts', () => {
    expect(ids([])).toEqual([]);
  });

  it("the memory chart is in bytes where the machine's memory is known", () => {
    const [memory] = overviewCharts({ scalars: ['ram', 'mem_used_bytes', 'mem_total_bytes'], sensors: [] });
    expect(memory?.top).toEqual({ field: 'mem_total_bytes' });
  });

  it('the hottest sensors share one chart, at most six', () => {
    const names = Array.from({ length: 9 }, (_, i) => `t${i}`);
    const [chart] = overviewCharts({ scalars: [], sensors: names });
    expect(chart?.lines).toHaveLength(6);
  });
});
