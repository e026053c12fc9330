import { expect, it } from 'vitest';
import { span } from '#protocol/span.ts';

it('a span of time is written in whole units, rounded down', () => {
  expect([0, 14_900, 60_000, 3_599_000, 3_600_000, 47 * 3_600_000, 49 * 3_600_000].map(span)).toEqual([
    '0 s',
    '14 s',
    '1 min',
    '59 min',
    '1 h',
    '47 h',
    '2 d',
  ]);
});
