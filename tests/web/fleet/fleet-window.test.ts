import { expect, it } from 'vitest';
import type { Section } from '../../../web/src/fleet/fleet-order.ts';
import { FleetLayout, openRows, withSome } from '../../../web/src/fleet/fleet-window.ts';

interface Item {
  readonly id: string;
}
const section = (key: string, count: number): Section<Item> => ({
  key,
  label: key === '' ? undefined : key,
  rows: Array.from({ length: count }, (_, i) => ({ id: `${key}${i}` })),
});
const measures = { heading: 40, line: 50, perLine: 1 };
const ids = (layout: FleetLayout<Item>, from: number, to: number) =>
  layout.window(from, to).rows.map(({ row }) => row.id);

it('of 10,000 machines only those in the window are drawn, each at its place', () => {
  const layout = new FleetLayout([section('', 10_000)], { measures, grouped: false, closed: [] });
  expect(layout.height).toBe(500_000);
  const { headings, rows } = layout.window(1000, 1200);
  expect(headings).toEqual([]);
  expect(rows.map(({ index, top }) => [index, top])).toEqual([
    [20, 1000],
    [21, 1050],
    [22, 1100],
    [23, 1150],
  ]);
});

it('tiles stand beside each other in lines, and the last line of a group may have room', () => {
  const sections = [section('a', 5), section('b', 2)];
  const layout = new FleetLayout(sections, {
    measures: { ...measures, perLine: 3 },
    grouped: true,
    closed: [],
  });
  expect(layout.height).toBe(40 + 2 * 50 + 40 + 50);
  expect(layout.window(0, 1000).rows.map(({ row, column, top }) => [row.id, column, top])).toEqual([
    ['a0', 0, 40],
    ['a1', 1, 40],
    ['a2', 2, 40],
    ['a3', 0, 90],
    ['a4', 1, 90],
    ['b0', 0, 180],
    ['b1', 1, 180],
  ]);
});

it('a closed group shows its heading alone, and its machines are not among those that keys go through', () => {
  const sections = [section('a', 3), section('b', 2), section('', 1)];
  const layout = new FleetLayout(sections, { measures, grouped: true, closed: ['a', '-'] });
  expect(layout.window(0, 1000).headings.map(({ section: { key } }) => key)).toEqual(['a', 'b', '']);
  expect(ids(layout, 0, 1000)).toEqual(['b0', 'b1']);
  expect(openRows(sections, ['a', '-']).keys).toEqual(['b b0', 'b b1']);
  expect(layout.placeOf(1)).toEqual({ top: 40 + 40 + 50, bottom: 40 + 40 + 100 });
  expect(layout.placeOf(2)).toBeUndefined();
});

it('a machine in two groups has a row of its own in each', () => {
  const twice = { id: 'x' };
  const sections = ['a', 'b'].map((key): Section<Item> => ({ key, label: key, rows: [twice] }));
  expect(openRows(sections, []).keys).toEqual(['a x', 'b x']);
});

it('a jump in the list adds machines a few at a time, keeps those that stay, and drops at once those that left', () => {
  const layout = new FleetLayout([section('', 1000)], { measures, grouped: false, closed: [] });
  const before = layout.window(0, 500).rows;
  const wanted = layout.window(400, 900).rows;
  const first = withSome(before, wanted, 3);
  expect(first.map(({ row }) => row.id)).toEqual(['8', '9', '10', '11', '12']);
  const second = withSome(first, wanted, 3);
  expect(second.map(({ row }) => row.id)).toEqual(['8', '9', '10', '11', '12', '13', '14', '15']);
  expect(withSome(second, wanted, 100)).toEqual(wanted);
});
