import { expect, test } from 'vitest';
import { createLateQuarters, daysOf, spansOf, type LateQuarter } from '../../influx/late.ts';

const QUARTER = 900_000;
/** @param quarter the number of the quarter of an hour since the epoch */
const entry = (deviceId: string, quarter: number, more: Partial<LateQuarter> = {}): LateQuarter => ({
  deviceId,
  quarter: quarter * QUARTER,
  paged: false,
  journalFrom: 1,
  dueAt: 0,
  ...more,
});

test('neighbouring quarters with the same devices become one span', () => {
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

test('more than fifty devices become all devices, and a span is a day at most', () => {
  const fleet = Array.from({ length: 51 }, (_, i) => entry(`d${i}`, 3));
  expect(spansOf(fleet)).toEqual([{ from: 3 * QUARTER, to: 4 * QUARTER }]);
  const long = Array.from({ length: 200 }, (_, i) => entry('a', i));
  expect(spansOf(long).map(({ from, to }) => (to - from) / QUARTER)).toEqual([96, 96, 8]);
  expect(daysOf(long).map(([, quarters]) => quarters.length)).toEqual([96, 96, 8]);
});

test('[H4] the journal is kept from the first late quarter on, until that is rolled up', () => {
  const late = createLateQuarters();
  expect(late.journalFrom()).toBeUndefined();
  late.add(entry('a', 1, { journalFrom: 10 }));
  late.add(entry('a', 1, { journalFrom: 20 }));
  late.add(entry('b', 1, { journalFrom: 20 }));
  expect([late.size, late.journalFrom()]).toEqual([2, 10]);
  const started = late.start(({ deviceId }) => deviceId === 'a');
  expect([late.journalFrom(), late.hasAny('a'), late.size]).toEqual([10, true, 1]);
  // More samples come for the quarter while it is being rolled up.
  late.add(entry('a', 1, { journalFrom: 30 }));
  late.putBack(started);
  expect([late.journalFrom(), late.size]).toEqual([10, 2]);
  late.finish(late.start(() => true));
  expect([late.journalFrom(), late.hasAny('a'), late.hasAny(undefined)]).toEqual([undefined, false, false]);
});
