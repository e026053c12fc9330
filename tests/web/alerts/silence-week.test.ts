import { expect, it } from 'vitest';
import { blocksOf, weekOf } from '../../../web/src/alerts/silence-week.ts';

const HOUR = 3_600_000;
const local = (day: number, hour = 0) => new Date(2026, 10, day, hour).getTime();

it('a week begins on Monday, also when it is asked for on a Sunday, and can be moved', () => {
  expect(weekOf(local(26, 9), 0).days[0]).toBe(local(23));
  expect(weekOf(local(29, 23), 0).days[0]).toBe(local(23));
  expect(weekOf(local(26), 1)).toMatchObject({ end: local(37) });
  expect(weekOf(local(26), -1).days[0]).toBe(local(16));
});

it('a window over midnight is a block in each of its two days', () => {
  const windows = [{ silence_id: 's', from: local(24, 22), to: local(25, 6) }];
  expect(blocksOf(windows, local(24), local(25))).toMatchObject([{ top: 22 / 24, bottom: 1 }]);
  expect(blocksOf(windows, local(25), local(26))).toMatchObject([{ top: 0, bottom: 0.25 }]);
  expect(blocksOf(windows, local(26), local(27))).toEqual([]);
});

it('windows that overlap are beside each other, and a later one takes a lane that is free again', () => {
  const at = (from: number, to: number, silence_id: string) => ({
    silence_id,
    from: local(24) + from * HOUR,
    to: local(24) + to * HOUR,
  });
  const blocks = blocksOf([at(1, 5, 'a'), at(2, 3, 'b'), at(4, 6, 'c')], local(24), local(25));
  expect(blocks.map(({ silenceId, lane, lanes }) => [silenceId, lane, lanes])).toEqual([
    ['a', 0, 2],
    ['b', 1, 2],
    ['c', 1, 2],
  ]);
});
