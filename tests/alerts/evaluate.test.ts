import { describe, expect, it } from 'vitest';
import {
  miss,
  observe,
  VANISHED_MS,
  type MetricState,
  type ThresholdCondition,
} from '../../server/alerts/evaluate.ts';

const high: ThresholdCondition = {
  kind: 'threshold',
  metric: 'cpu',
  above: true,
  threshold: 90,
  for_s: 10,
  clear: 80,
  clear_for_s: 5,
};

/** Observations a second apart (or at given seconds) → the events with the second of each. */
function run(
  condition: ThresholdCondition,
  values: readonly (number | readonly [number, number])[],
  gapMs = 15_000,
) {
  let state: MetricState;
  const events: string[] = [];
  for (const [i, entry] of values.entries()) {
    const [second, value] = typeof entry === 'number' ? [i, entry] : entry;
    const next = observe(condition, state, second * 1000, value, gapMs);
    state = next.state;
    if (next.event !== undefined) events.push(`${next.event} ${second}`);
  }
  return { events, state };
}
const times = (count: number, value: number) => new Array<number>(count).fill(value);

describe('a threshold with a duration', () => {
  it('[A2] is raised when it held for the whole duration, by the samples own times', () => {
    expect(run(high, times(10, 95)).events).toEqual([]);
    expect(run(high, times(11, 95)).events).toEqual(['raised 10']);
    expect(run(high, times(60, 95)).events).toEqual(['raised 10']);
  });

  it('[A2] starts over after one value below it', () => {
    expect(run(high, [...times(9, 95), 89.9, ...times(10, 95)]).events).toEqual([]);
  });

  it('[A2] starts over after a hole in the data: silence is not load', () => {
    expect(
      run(high, [
        [0, 95],
        [1, 95],
        [600, 95],
        [609, 95],
      ]).events,
    ).toEqual([]);
    expect(
      run(high, [
        [0, 95],
        [1, 95],
        [600, 95],
        [610, 95],
      ]).events,
    ).toEqual(['raised 610']);
  });

  it('[A2] of zero is raised by the first sample', () => {
    expect(run({ ...high, for_s: 0 }, [95]).events).toEqual(['raised 0']);
  });

  it('below a value works the same way round', () => {
    const low = { ...high, above: false, threshold: 10, clear: 20, for_s: 2, clear_for_s: 0 };
    expect(run(low, [5, 5, 10, 15, 19, 20]).events).toEqual(['raised 2', 'cleared 5']);
  });
});

describe('clearing', () => {
  const firing = times(11, 95);

  it('[A2] needs the clearing value, held for its own duration', () => {
    expect(run(high, [...firing, ...times(30, 85)]).events).toEqual(['raised 10']);
    expect(run(high, [...firing, ...times(5, 80)]).events).toEqual(['raised 10']);
    expect(run(high, [...firing, ...times(6, 80)]).events).toEqual(['raised 10', 'cleared 16']);
  });

  it('[A2] starts over when the value comes back between the two, or after a hole', () => {
    expect(run(high, [...firing, 70, 70, 70, 85, 70, 70, 70]).events).toEqual(['raised 10']);
    expect(
      run(high, [
        [0, 95],
        [10, 95],
        [11, 70],
        [600, 70],
      ]).events,
    ).toEqual(['raised 10']);
  });

  it('with equal values on both sides does not clear on the threshold itself', () => {
    const same = { ...high, clear: 90, for_s: 0, clear_for_s: 0 };
    expect(run(same, [90, 90, 89.9]).events).toEqual(['raised 0', 'cleared 2']);
    const zero = { ...high, threshold: 1, clear: 0, for_s: 0, clear_for_s: 0 };
    expect(run(zero, [3, 0]).events).toEqual(['raised 0', 'cleared 1']);
  });
});

describe('a value that is missing', () => {
  it('neither fires nor clears', () => {
    const pending = run(high, times(5, 95)).state;
    expect(observe(high, pending, 5000, Number.NaN, 15_000)).toEqual({ state: pending, event: undefined });
    expect(miss(pending, 5000, 15_000)).toEqual({ state: pending, event: undefined });
    const firing = run(high, times(20, 95)).state;
    expect(miss(firing, 30_000, 15_000)).toEqual({ state: firing, event: undefined });
  });

  it('ends a firing instance once it is gone for long: an unmounted disk is not full', () => {
    const firing = run(high, times(20, 95)).state;
    expect(miss(firing, 19_000 + VANISHED_MS, 15_000)).toEqual({ state: undefined, event: 'cleared' });
    expect(miss(run(high, times(5, 95)).state, 30_000, 15_000).state).toBeUndefined();
  });
});

it('[A1] the same input gives the same output, and the state passed in is left as it was', () => {
  const state = Object.freeze({ phase: 'pending' as const, since: 0, last: 9000 });
  expect(observe(high, state, 10_000, 99, 15_000)).toEqual(observe(high, state, 10_000, 99, 15_000));
});
