import { expect, test } from 'vitest';
import { checkFields, type Layout } from '#protocol/metrics.ts';
import { rowSample, type Sample } from '#protocol/sample.ts';
import { createQueue } from '../../server/history/queue.ts';

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const wideLayout = (fields: number, prefix = 'f') => checkFields(range(fields).map((i) => `${prefix}${i}`));

/** The samples of a push in columns. */
function rows(layout: Layout, count: number): Sample[] {
  const width = layout.names.length;
  const numbers = new Float64Array(count * width);
  return range(count).map((i) => rowSample(i, { layout, numbers, offset: i * width }));
}
const objects = (fields: number): Sample[] => [
  { t: 1, values: Object.fromEntries(range(fields).map((i) => [`f${i}`, i])) },
];

/** How many pushes with these samples a queue takes that has room for a million bytes. */
function taken(samplesOf: (n: number) => readonly Sample[]): number {
  const queue = createQueue({ samples: 100_000, bytes: 1_000_000 }, 0);
  for (const n of range(200)) queue.add(n, { deviceId: 'd', samples: samplesOf(n) });
  return queue.take({ samples: Infinity, bytes: Infinity }).length;
}

test('[I8] samples with thousands of values wait in memory up to a bound in bytes', () => {
  const layout = wideLayout(4000);
  expect(taken(() => rows(layout, 1))).toBeLessThanOrEqual(31);
  expect(taken(() => rows(layout, 10))).toBeLessThanOrEqual(3);
  expect(taken(() => objects(4000))).toBeLessThanOrEqual(5);
  const narrow = wideLayout(3);
  expect(taken(() => rows(narrow, 5))).toBe(200);
});

test('[I8] the names of a push count with each layout, and once where many pushes share it', () => {
  const shared = wideLayout(1000, 'a-rather-long-name-of-a-field-');
  const sharing = taken(() => rows(shared, 1));
  expect(sharing).toBeGreaterThan(80);
  expect(taken((n) => rows(wideLayout(1000, `a-rather-long-name-of-a-field-${n}-`), 1))).toBeLessThan(8);
});

test('[I8] a push of which only one sample is new counts with the whole buffer that this one keeps', () => {
  const layout = wideLayout(100);
  expect(taken(() => rows(layout, 1000).slice(0, 1))).toBeLessThanOrEqual(1);
});

test('a queue that was emptied has all of its room again', () => {
  const queue = createQueue({ samples: 1000, bytes: 1_000_000 }, 0);
  const layout = wideLayout(1000);
  const fill = (from: number) => {
    for (const n of range(200)) queue.add(from + n, { deviceId: 'd', samples: rows(layout, 1) });
    const entries = queue.take({ samples: Infinity, bytes: Infinity });
    queue.continueAt(from + 200);
    return entries.length;
  };
  const first = fill(0);
  expect(first).toBeGreaterThan(50);
  expect(fill(200)).toBe(first);
});

test('a write takes entries from the front until either of its bounds is reached', () => {
  const queue = createQueue({ samples: 1000, bytes: 1_000_000 }, 7);
  const layout = wideLayout(100);
  for (const n of range(10)) queue.add(7 + n, { deviceId: 'd', samples: rows(layout, 5) });
  expect(queue.first).toBe(7);
  expect(queue.take({ samples: 12, bytes: Infinity }).map(({ position }) => position)).toEqual([7, 8, 9]);
  expect(queue.take({ samples: Infinity, bytes: 5_000 }).map(({ position }) => position)).toEqual([10, 11]);
  expect(queue.first).toBe(12);
});
