import { describe, expect, test } from 'vitest';
import { dice } from '../../bench/machine.ts';
import {
  addSample,
  emptyPage,
  fillPage,
  pageBytes,
  pageTable,
  type Page,
} from '../../../server/history/embedded/page.ts';
import { valueAt, type Table } from '../../../server/history/embedded/table.ts';

const newPage = (): Page => emptyPage(1, 0, 0, 0);

/** The rows of a table: the time of each, and its values by field id. */
const rowsOf = ({ t, columns }: Table) =>
  [...t].map((time, row) => [
    time,
    Object.fromEntries(
      [...columns]
        .map(([field, column]): [number, number] => [field, valueAt(column, row)])
        .filter(([, value]) => !Number.isNaN(value)),
    ),
  ]);

describe('a page', () => {
  test('[I2] keeps the first of several samples of one time, in whatever order and with whatever fields they come', () => {
    const roll = dice(3);
    const page = newPage();
    const expected = new Map<number, Record<number, number>>();
    const shapes = Array.from({ length: 30 }, (_, first) =>
      Array.from({ length: 1 + (first % 4) }, (__, i) => first + i),
    );
    for (let i = 0; i < 2000; i++) {
      const t = Math.floor(roll() * 1500);
      const ids = shapes[Math.floor(roll() * shapes.length)] ?? [];
      const values = ids.map(() => (roll() < 0.2 ? NaN : Math.floor(roll() * 100)));
      expect(addSample(page, t, ids, Float64Array.from([0, ...values]), 1)).toBe(!expected.has(t));
      if (!expected.has(t))
        expected.set(
          t,
          Object.fromEntries(
            ids
              .map((id, place): [number, number] => [id, values[place] ?? NaN])
              .filter(([, value]) => !Number.isNaN(value)),
          ),
        );
      // Reading in between changes nothing.
      if (i % 500 === 0) pageTable(page);
    }
    const inOrder = [...expected].sort(([a], [b]) => a - b);
    expect(rowsOf(pageTable(page))).toEqual(inOrder);
    const again = newPage();
    fillPage(again, pageTable(page));
    expect(rowsOf(pageTable(again))).toEqual(inOrder);
    expect(addSample(again, inOrder[0]?.[0] ?? 0, [1], Float64Array.of(1), 0)).toBe(false);
  });

  test('names the fields whose first value came, not those that came without one', () => {
    const page = newPage();
    const ids = [4, 5];
    addSample(page, 1, ids, Float64Array.of(1, NaN), 0);
    expect(page.newFields.splice(0)).toEqual([4]);
    addSample(page, 2, ids, Float64Array.of(1, 2), 0);
    expect(page.newFields).toEqual([5]);
    expect([...pageTable(page, new Set([5])).columns.keys()]).toEqual([5]);
  });

  test('[I8] of 1,000 samples with 20 fields of their own each takes memory for their values only', () => {
    const page = newPage();
    const table = () => pageTable(page);
    for (let i = 0; i < 1000; i++) {
      const ids = Array.from({ length: 20 }, (_, place) => i * 20 + place);
      addSample(page, 1000 - i, ids, new Float64Array(20).fill(i), 0);
    }
    expect(pageBytes(page)).toBeLessThan(1000 * (20 * 16 + 400));
    const { columns } = table();
    expect(columns.size).toBe(20_000);
    expect(columns.get(0)).toEqual({ rows: Uint32Array.of(999), values: Float64Array.of(0) });
    const bytes = [...columns.values()].reduce(
      (sum, { rows, values }) => sum + (rows?.byteLength ?? 0) + values.byteLength,
      0,
    );
    expect(bytes).toBe(20_000 * 12);
    // A stored page that takes further samples is no wider.
    const again = newPage();
    fillPage(again, table());
    expect(pageBytes(again)).toBeLessThan(1000 * (20 * 16 + 400));
  });
});
