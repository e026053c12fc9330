/** How the machines of a group are: how many are in which state, and the mean and highest of each meter. */
import type { FleetField } from '#protocol/live.ts';
import type { State } from '../ui/state.ts';
import type { Row } from './fleet-order.ts';
import { METERS } from './meters.ts';

export interface GroupSummary {
  readonly machines: number;
  /** The states that are there, the worst first. */
  readonly states: readonly { readonly state: State; readonly count: number }[];
  /** Of the machines that are live; a meter that none of them has is left out. */
  readonly meters: readonly {
    readonly field: FleetField;
    readonly label: string;
    readonly mean: number;
    readonly max: number;
  }[];
}

const ORDER: readonly State[] = ['critical', 'warning', 'offline', 'stale', 'waiting', 'good'];

export function summaryOf<Item extends Row>(
  rows: readonly Item[],
  stateOf: (row: Item) => State,
): GroupSummary {
  const counts = new Map<State, number>();
  const sums = METERS.map(({ field, label }) => ({ field, label, sum: 0, count: 0, max: -Infinity }));
  for (const row of rows) {
    const state = stateOf(row);
    counts.set(state, (counts.get(state) ?? 0) + 1);
    // [L4] Old values say nothing about now.
    if (state === 'offline' || state === 'stale' || state === 'waiting') continue;
    for (const meter of sums) {
      const value = row.latest?.[meter.field];
      if (value === null || value === undefined) continue;
      meter.sum += value;
      meter.count++;
      meter.max = Math.max(meter.max, value);
    }
  }
  return {
    machines: rows.length,
    states: ORDER.flatMap((state) => {
      const count = counts.get(state) ?? 0;
      return count === 0 ? [] : [{ state, count }];
    }),
    meters: sums.flatMap(({ field, label, sum, count, max }) =>
      count === 0 ? [] : [{ field, label, mean: sum / count, max }],
    ),
  };
}
