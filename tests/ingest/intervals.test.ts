import { beforeEach, describe, expect, it } from 'vitest';
import { createIntervals } from '../../server/ingest/intervals.ts';

const NOW = Date.UTC(2026, 0, 1);
const watched = new Set<string>();
/** The usual intervals that came into the device's record. */
let written: number[] = [];
/** Pushes the device says these intervals with, in seconds → after how many seconds the next push is expected. */
let due: (...said: readonly number[]) => number[];

beforeEach(() => {
  watched.clear();
  written = [];
  let usualS = 60;
  const intervals = createIntervals({ defaultIntervalS: 5, watching: (id) => watched.has(id) });
  const push = (saidS: number) => {
    const seen = intervals.seen('a', NOW, saidS, usualS);
    if (seen.usualS !== usualS) written.push(seen.usualS);
    usualS = seen.usualS;
    return seen.dueS;
  };
  due = (...said) => said.map(push);
});

describe('the interval of a device', () => {
  it('[F1] is short while it is watched, and its usual one from the first push on that nobody watches', () => {
    watched.add('a');
    expect(due(60, 1, 1, 1, 1)).toEqual([60, 1, 1, 1, 1]);
    watched.clear();
    expect(due(1, 60)).toEqual([60, 60]);
    expect(written).toEqual([]);
  });

  it('[F1] goes up with the first push that says a longer one', () => {
    expect(due(300, 300)).toEqual([300, 300]);
    expect(written).toEqual([300]);
  });

  it('[F1] comes down with the third push that says a shorter one, and is written once', () => {
    expect(due(10, 10, 10)).toEqual([60, 60, 10]);
    expect(due(10, 10, 10)).toEqual([10, 10, 10]);
    expect(written).toEqual([10]);
  });

  it('[F1] may become as short as while watching', () => {
    expect(due(1, 1, 1, 1)).toEqual([60, 60, 1, 1]);
    expect(written).toEqual([1]);
  });

  it('[F1] is not taken from the first push of an agent that has just started', () => {
    expect(due(5, 60, 5, 60)).toEqual([60, 60, 60, 60]);
    expect(written).toEqual([]);
  });

  it('[F1] stays the same for a script whose pushes are not exact', () => {
    expect(due(59.2, 58.8, 60, 55, 57, 56.1)).toEqual([60, 60, 60, 60, 60, 60]);
    expect(written).toEqual([]);
  });

  it('[F1] of a device that says none is the smallest of its last three gaps, and never under the default', () => {
    const intervals = createIntervals({ defaultIntervalS: 5, watching: () => false });
    let usualS = 5;
    const seen = (deviceId: string, seconds: number) => {
      const interval = intervals.seen(deviceId, NOW + seconds * 1000, undefined, usualS);
      usualS = interval.usualS;
      return interval.dueS;
    };
    expect([0, 60, 120, 180, 3780, 3840].map((s) => seen('a', s))).toEqual([5, 5, 5, 60, 60, 60]);
    usualS = 5;
    expect([0, 1, 2, 3].map((s) => seen('b', s))).toEqual([5, 5, 5, 5]);
    intervals.forget('a');
    expect(seen('a', 5000)).toBe(5);
  });
});
