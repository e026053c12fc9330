import { expect, it } from 'vitest';
import { summaryOf } from '../../../web/src/fleet/group-summary.ts';
import { factsOf, row } from './machine-row.ts';

it('a group says how many of its machines are in which state, the worst first, and the mean and highest of its meters', () => {
  const rows = [row('a', 10), row('b', 90), row('c', 99), row('d', null)];
  const { stateOf } = factsOf({ b: 'critical', c: 'offline' });
  const { machines, states, meters } = summaryOf(rows, stateOf);
  expect(machines).toBe(4);
  expect(states).toEqual([
    { state: 'critical', count: 1 },
    { state: 'offline', count: 1 },
    { state: 'good', count: 2 },
  ]);
  expect(meters[0]).toMatchObject({ field: 'cpu', mean: 50, max: 90 });
});

it('[L4] a group of machines that are all offline has no mean, which would be an old one', () => {
  expect(summaryOf([row('a', 10)], () => 'offline').meters).toEqual([]);
});
