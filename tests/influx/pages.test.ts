import { expect, test } from 'vitest';
import { lineText } from '../../influx/lines.ts';
import { createPages, rollupLines } from '../../influx/pages.ts';
import { completed, toBuckets, widened, type Rollup } from '../../influx/rollup.ts';

const MINUTE = 60_000;
const QUARTER = 15 * MINUTE;
const HOUR = 60 * MINUTE;

test('[I2] a page counts each sample once, in the bucket of its minute', () => {
  const pages = createPages();
  for (const [t, cpu] of [
    [0, 1],
    [59_000, 5],
    [60_000, 7],
    [0, 1],
    [QUARTER, 100],
  ] as const)
    pages.add('d', { t, values: { cpu } }, 0);
  const rollup = pages.rollupOf('d', [0]);
  expect([...(rollup.get('cpu') ?? [])]).toEqual([
    [0, { min: 1, max: 5, sum: 6, count: 2 }],
    [MINUTE, { min: 7, max: 7, sum: 7, count: 1 }],
  ]);
  expect(toBuckets(widened(pages.rollupOf('d', [0, QUARTER]), HOUR).get('cpu') ?? new Map())).toEqual({
    t: [0],
    min: [1],
    mean: [113 / 4],
    max: [100],
    count: [4],
  });
  pages.forgetDevice('d');
  expect(pages.rollupOf('d', [0, QUARTER]).size).toBe(0);
});

test('pages at rest, or the oldest beyond the limit, are dropped, except those to be rolled up', () => {
  const pages = createPages(2);
  const held = () => ['a', 'b', 'c', 'd'].filter((id) => pages.rollupOf(id, [0]).size > 0).join('');
  for (const id of ['a', 'b', 'c', 'd']) pages.add(id, { t: 0, values: { cpu: 1 } }, 0);
  expect(pages.full).toBe(true);
  pages.trim(1, (id) => id === 'a');
  expect([held(), pages.full]).toEqual(['ad', false]);
  pages.trim(HOUR, () => false);
  expect(held()).toBe('');
});

test('[H1] a bucket that is rolled up again keeps its min and max, and the mean of more samples', () => {
  const held: Rollup = new Map([['cpu', new Map([[0, { min: 1, max: 99, sum: 300, count: 60 }]])]]);
  const fresh: Rollup = new Map([
    ['cpu', new Map([[0, { min: 0, max: 5, sum: 10, count: 5 }]])],
    ['ram', new Map([[0, { min: 2, max: 2, sum: 2, count: 1 }]])],
  ]);
  const merged = completed(fresh, held);
  expect(merged.get('cpu')?.get(0)).toEqual({ min: 0, max: 99, sum: 300, count: 60 });
  expect(merged.get('ram')?.get(0)).toEqual({ min: 2, max: 2, sum: 2, count: 1 });
  expect(completed(merged, merged)).toEqual(merged);
  expect(rollupLines('d "1"', merged).map(lineText)).toContain('count,device=d\\ %221%22 cpu=60i 0');
});
