import { describe, expect, it } from 'vitest';
import type { Condition } from '#protocol/conditions.ts';
import {
  observe as observeVerdict,
  observeMissing,
  VANISHED_MS,
  verdictOf,
  type MetricState,
} from '../../server/alerts/evaluate.ts';
import { watchOf } from '../../server/alerts/watch.ts';
import { rule } from './stage.ts';

type ThresholdCondition = Extract<Condition, { kind: 'threshold' }>;

/** Evaluates one value of the metric. */
function observe(condition: ThresholdCondition, state: MetricState, t: number, value: number, gapMs: number) {
  const [{ held, limit }] = watchOf(rule('r', 'warning'), condition).tiers;
  return observeVerdict(held, state, t, verdictOf(limit, value), gapMs);
}

const high: ThresholdCondition = {
  kind: 'threshold',
  metric: 'cpu',
  above: true,
  threshold: 90,
  for_s: 10,
  clear: 80,
  clear_for_s: 5,
};

/**
 * Evaluates values one second apart, or `[second, value]` pairs. Returns the last state, and the events as
 * text such as `raised 10`, with the second of each.
 */
function evaluate(
  condition: ThresholdCondition,
  values: readonly (number | readonly [number, number])[],
  gapMs = 15_000,
) {
  let state: MetricState;
  const events: string[] = [];
  for (const [i, item] of values.entries()) {
    const [second, value] = typeof item === 'number' ? [i, item] : item;
    const next = observe(condition, state, second * 1000, value, gapMs);
    state = next.state;
    if (next.event !== undefined) events.push(`${next.event} ${second}`);
  }
  return { events, state };
}
const repeat = (count: number, value: number) => new Array<number>(count).fill(value);

describe('a threshold with a duration', () => {
  it('[A2] an alert is raised when its condition held for the duration, by the times of the samples', () => {
    expect(evaluate(high, repeat(10, 95)).events).toEqual([]);
    expect(evaluate(high, repeat(11, 95)).events).toEqual(['raised 10']);
    expect(evaluate(high, repeat(60, 95)).events).toEqual(['raised 10']);
  });

  it('[A2] the duration starts over after one value below the threshold', () => {
    expect(evaluate(high, [...repeat(9, 95), 89.9, ...repeat(10, 95)]).events).toEqual([]);
  });

  it('[A2] the duration starts over after a gap, as missing samples do not count as high load', () => {
    expect(
      evaluate(high, [
        [0, 95],
        [1, 95],
        [600, 95],
        [609, 95],
      ]).events,
    ).toEqual([]);
    expect(
      evaluate(high, [
        [0, 95],
        [1, 95],
        [600, 95],
        [610, 95],
      ]).events,
    ).toEqual(['raised 610']);
  });

  it('[A2] an alert with a duration of zero is raised by the first sample', () => {
    expect(evaluate({ ...high, for_s: 0 }, [95]).events).toEqual(['raised 0']);
  });

  it('a condition below a threshold is raised and cleared in the same way', () => {
    const low = { ...high, above: false, threshold: 10, clear: 20, for_s: 2, clear_for_s: 0 };
    expect(evaluate(low, [5, 5, 10, 15, 19, 20]).events).toEqual(['raised 2', 'cleared 5']);
  });
});

describe('clearing', () => {
  const firing = repeat(11, 95);

  it('[A2] an alert clears when the value held at its clear value for the clear duration', () => {
    expect(evaluate(high, [...firing, ...repeat(30, 85)]).events).toEqual(['raised 10']);
    expect(evaluate(high, [...firing, ...repeat(5, 80)]).events).toEqual(['raised 10']);
    expect(evaluate(high, [...firing, ...repeat(6, 80)]).events).toEqual(['raised 10', 'cleared 16']);
  });

  it('[A2] the clear duration starts over after a value short of the clear value, or after a gap', () => {
    expect(evaluate(high, [...firing, 70, 70, 70, 85, 70, 70, 70]).events).toEqual(['raised 10']);
    expect(
      evaluate(high, [
        [0, 95],
        [10, 95],
        [11, 70],
        [600, 70],
      ]).events,
    ).toEqual(['raised 10']);
  });

  it('an alert whose clear value equals its threshold does not clear at exactly that value', () => {
    const same = { ...high, clear: 90, for_s: 0, clear_for_s: 0 };
    expect(evaluate(same, [90, 90, 89.9]).events).toEqual(['raised 0', 'cleared 2']);
    const zero = { ...high, threshold: 1, clear: 0, for_s: 0, clear_for_s: 0 };
    expect(evaluate(zero, [3, 0]).events).toEqual(['raised 0', 'cleared 1']);
  });
});

describe('missing values', () => {
  it('a missing value neither raises nor clears an alert', () => {
    const pending = evaluate(high, repeat(5, 95)).state;
    expect(observeMissing(pending, 5000, 15_000)).toEqual({ state: pending, event: undefined });
    const firing = evaluate(high, repeat(20, 95)).state;
    expect(observeMissing(firing, 30_000, 15_000)).toEqual({ state: firing, event: undefined });
  });

  it('an alert clears when its metric is missing for long, as after a disk was unmounted', () => {
    const firing = evaluate(high, repeat(20, 95)).state;
    expect(observeMissing(firing, 19_000 + VANISHED_MS, 15_000)).toEqual({
      state: undefined,
      event: 'cleared',
    });
    expect(observeMissing(evaluate(high, repeat(5, 95)).state, 30_000, 15_000).state).toBeUndefined();
  });
});

it('[A1] evaluation gives the same output for the same input and leaves the passed state unchanged', () => {
  const state = Object.freeze({ phase: 'pending' as const, since: 0, last: 9000 });
  expect(observe(high, state, 10_000, 99, 15_000)).toEqual(observe(high, state, 10_000, 99, 15_000));
});
