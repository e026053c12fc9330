import { expect, it } from 'vitest';
import type { Section } from '../../../web/src/fleet/fleet-order.ts';
import { drawnNext, FleetLayout, openRows, type DrawnRow } from '../../../web/src/fleet/fleet-window.ts';

interface Item {
  readonly id: string;
}
const section = (key: string, count: number): Section<Item> => ({
  key,
  label: key === '' ? undefined : key,
  rows: Array.from({ length: count }, (_, i) => ({ id: `${key}${i}` })),
});
const placedAt = (tops: readonly (readonly [string, number])[]) =>
  tops.map(([id, top], index) => ({ key: id, row: { id: 'a' }, top, column: 0, index }));
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

/** A list of 1,000 with fifty pixels a machine, drawn step by step: at most `most` machines are added in one. */
function drawing(most: number) {
  const layout = new FleetLayout([section('', 1000)], { measures, grouped: false, closed: [] });
  let drawn: readonly DrawnRow<Item>[] = [];
  return {
    ids: () => drawn.map(({ row }) => row.id),
    of: (id: string) => drawn.find(({ row }) => row.id === id),
    step(from: number, to: number, { focused, ...how }: { most?: number; focused?: number } = {}) {
      drawn = drawnNext(drawn, layout.window(from, to).rows, { most, focused, ...how });
      return drawn;
    },
  };
}

it('a jump in the list adds machines a few at a time, and drops those that left when all are there', () => {
  const list = drawing(3);
  list.step(0, 500, { most: 100 });
  list.step(400, 900);
  expect(list.ids()).toEqual(['0', '1', '2', '3', '4', '8', '9', '10', '11', '12']);
  list.step(400, 900);
  list.step(400, 900);
  expect(list.ids()).toEqual(['8', '9', '10', '11', '12', '13', '14', '15', '16', '17']);
});

it('a machine that comes into the window is shown by the elements of one that left, and does not fly to its place', () => {
  const list = drawing(100);
  const before = new Set(list.step(0, 500).map(({ holder }) => holder));
  const stays = list.of('9');
  list.step(300, 800);
  expect(new Set(list.step(300, 800).map(({ holder }) => holder))).toEqual(before);
  expect(list.of('9')).toBe(stays);
  expect(list.of('14')?.fresh).toBe(true);
});

it('a machine that changes its place keeps its elements and moves', () => {
  const drawn = drawnNext([], placedAt([['a', 0]]), { most: 9, focused: undefined });
  const moved = drawnNext(drawn, placedAt([['a', 50]]), { most: 9, focused: undefined });
  expect(moved).toMatchObject([{ key: 'a', top: 50, holder: drawn[0]?.holder, fresh: false }]);
});

it('the elements that have the focus never show another machine, as a key pressed next would act on it', () => {
  const list = drawing(100);
  list.step(0, 500);
  const focused = list.of('0')?.holder;
  list.step(5000, 5500, { ...(focused === undefined ? {} : { focused }) });
  expect(list.step(5000, 5500).map(({ holder }) => holder)).not.toContain(focused);
  expect(list.ids()).toHaveLength(10);
});
