import { describe, expect, it } from 'vitest';
import type { ManySeriesReply } from '#protocol/series.ts';
import { heatAt, heatOf } from '../../../web/src/boards/heat.ts';
import { fieldToken, joinedPoints, plotLines } from '../../../web/src/charts/plot-lines.ts';

const point = (t: number, value: number): [number, number, number, number] => [
  t,
  value - 1,
  value,
  value + 1,
];
const line = (device_id: string, field: string, ...values: number[]) => ({
  device_id,
  field,
  mean: values[0] ?? 0,
  points: values.map((value, i) => point(i * 1000, value)),
});
const reply = (...series: ManySeriesReply['series']): ManySeriesReply => ({
  ...{ from: 0, to: 3000, step_ms: 1000, lines: series.length },
  series,
});
const nameOf = (id: string) => `machine ${id}`;

describe('lines of many machines', () => {
  it('lines of several machines are named after them, those of one after their fields', () => {
    const many = plotLines(reply(line('a', 'cpu', 1), line('b', 'cpu', 1)), nameOf);
    expect(many.map(({ label }) => label)).toEqual(['machine a', 'machine b']);
    const one = plotLines(reply(line('a', 'net_rx', 1), line('a', 'net_tx', 1)), nameOf);
    expect(one.map(({ label }) => label)).toEqual(['Received', 'Sent']);
    const both = plotLines(reply(line('a', 'cpu', 1), line('b', 'ram', 1)), nameOf);
    expect(both.map(({ label }) => label)).toEqual(['machine a CPU', 'machine b Memory']);
  });

  it('a field has its colour of every page, and machines are told apart by colours that differ', () => {
    const one = plotLines(reply(line('a', 'net_rx', 1), line('a', 'net_tx', 1)), nameOf);
    expect(one.map(({ token }) => token)).toEqual(['--chart-in', '--chart-out']);
    const many = plotLines(reply(line('a', 'cpu', 1), line('b', 'cpu', 1)), nameOf);
    expect(new Set(many.map(({ token }) => token)).size).toBe(2);
    expect(fieldToken('mount:/:used')).toBe('--chart-disk');
    expect(fieldToken('disk:sda:read')).toBe('--chart-in');
    expect(fieldToken('my_own')).toBe('--chart-plain');
  });

  it('a line keeps its colour when the order of the largest changes', () => {
    const tokens = (...series: ManySeriesReply['series']) =>
      new Map(plotLines(reply(...series), nameOf).map(({ label, token }) => [label, token]));
    const [a, b] = [line('a', 'cpu', 1), line('b', 'cpu', 2)];
    expect(tokens(a, b).get('machine a')).toBe(tokens(b, a).get('machine a'));
  });

  it('several lines become one by mean, sum, largest or smallest at each time', () => {
    const two = reply(line('a', 'cpu', 10, 20), line('b', 'cpu', 30));
    const values = (by: 'mean' | 'sum' | 'max' | 'min') => joinedPoints(two, by).map(([, , mean]) => mean);
    expect(values('mean')).toEqual([20, 20]);
    expect(values('sum')).toEqual([40, 20]);
    expect(values('max')).toEqual([31, 21]);
    expect(values('min')).toEqual([9, 19]);
  });
});

describe('a heat map', () => {
  it('rows are sorted by name, buckets without values stay empty, and percentages have a fixed scale', () => {
    const heat = heatOf(reply(line('b', 'cpu', 10), line('a', 'cpu', 20, 30)), nameOf);
    expect(heat.rows.map(({ label, values }) => [label, ...values])).toEqual([
      ['machine a', 20, 30, null],
      ['machine b', 10, null, null],
    ]);
    expect(heat.top).toBe(100);
    expect(heatOf(reply(line('a', 'load1', 3)), nameOf).top).toBe(3);
  });

  it('the value under the pointer is that of its row and its bucket', () => {
    const heat = heatOf(reply(line('a', 'cpu', 20, 30), line('b', 'cpu', 10)), nameOf);
    expect(heatAt(heat, 1500, 0.2)).toMatchObject({ row: { label: 'machine a' }, value: 30 });
    expect(heatAt(heat, 1500, 0.9)).toMatchObject({ row: { label: 'machine b' }, value: null });
    expect(heatAt(heatOf(reply(), nameOf), 0, 0.5)).toBeUndefined();
  });
});
