import { expect, test } from 'vitest';
import { createLate, daysOf, spansOf, type Entry } from '../../influx/late.ts';

const QUARTER = 900_000;
const entry = (deviceId: string, quarter: number, more: Partial<Entry> = {}): Entry => ({
  deviceId,
  quarter: quarter * QUARTER,
  paged: false,
  since: 1,
  due: 0,
  ...more,
});

test('neighbouring quarters with the same devices are one span', () => {
  const spans = spansOf([
    entry('a', 5),
    entry('b', 4),
    entry('a', 4),
    entry('b', 5),
    entry('a', 6),
    entry('a', 9),
  ]);
  expect(spans).toEqual([
    { from: 4 * QUARTER, to: 6 * QUARTER, devices: ['a', 'b'] },
    { from: 6 * QUARTER, to: 7 * QUARTER, devices: ['a'] },
    { from: 9 * QUARTER, to: 10 * QUARTER, devices: ['a'] },
  ]);
});

test('many devices are all devices, and a span is a day at most', () => {
  const fleet = Array.from({ length: 51 }, (_, i) => entry(`d${i}`, 3));
  expect(spansOf(fleet)).toEqual([{ from: 3 * QUARTER, to: 4 * QUARTER }]);
  const long = Array.from({ length: 200 }, (_, i) => entry('a', i));
  expect(spansOf(long).map(({ from, to }) => (to - from) / QUARTER)).toEqual([96, 96, 8]);
  expect(daysOf(long).map(([, quarters]) => quarters.length)).toEqual([96, 96, 8]);
});

test('[H4] the journal is held by the first of what waits or is under way, until it is done', () => {
  const late = createLate();
  expect(late.since()).toBeUndefined();
  late.mark(entry('a', 1, { since: 10 }));
  late.mark(entry('a', 1, { since: 20 }));
  late.mark(entry('b', 1, { since: 20 }));
  expect([late.size, late.since()]).toEqual([2, 10]);
  const taken = late.take(({ deviceId }) => deviceId === 'a');
  expect([late.since(), late.concerns('a'), late.size]).toEqual([10, true, 1]);
  // More came for it meanwhile.
  late.mark(entry('a', 1, { since: 30 }));
  late.back(taken);
  expect([late.since(), late.size]).toEqual([10, 2]);
  late.done(late.take(() => true));
  expect([late.since(), late.concerns('a'), late.concerns(undefined)]).toEqual([undefined, false, false]);
});
