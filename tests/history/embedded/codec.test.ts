import { expect, test } from 'vitest';
import { decodeTable, encodeTable } from '../../../server/history/embedded/codec.ts';
import { GrowingColumn, type Column } from '../../../server/history/embedded/table.ts';

/** A column of these values, of which those that are NaN are gaps. */
function columnOf(values: readonly number[]): Column {
  const growing = new GrowingColumn(values.length);
  values.forEach((value, row) => growing.add(row, value));
  return growing.column(values.length) ?? { rows: new Uint32Array(0), values: new Float64Array(0) };
}

test.each([
  ['equal values', [5, 5, 5, 5]],
  ['decimal fractions', [0.1, 0.25, 99.99, 12.345]],
  ['large whole numbers', [1e15, 1e15 + 1, 3e14, -1e15]],
  ['values with no exact decimal', [1 / 3, Math.PI, 1e300, -1e-300]],
  ['negative numbers', [-5, 3, -1000000, 0]],
  ['values with gaps', [NaN, 1, NaN, 2]],
  ['columns without any value', [NaN, NaN, NaN, NaN]],
  ['values with gaps and no exact decimal', [NaN, 1 / 7, NaN, 2]],
  ['numbers too large for exact whole numbers', [1e18, -1e18, 0.5, 2 ** 53]],
])('the codec gives back %s exactly', (_, values) => {
  const t = Float64Array.from([0, 1000, 1999, 100_000], (ms) => Date.UTC(2026, 0, 5) + ms);
  const columns = new Map([
    [7, columnOf(values)],
    [3, columnOf([1, 2, 3, 4])],
    [400_000, columnOf(values.toReversed())],
  ]);
  const decoded = decodeTable(encodeTable({ t, columns }));
  expect(decoded.t).toEqual(t);
  for (const [id, column] of columns) expect(decoded.columns.get(id)).toEqual(column);
  expect([...decodeTable(encodeTable({ t, columns }), new Set([400_000])).columns.keys()]).toEqual([400_000]);
});
