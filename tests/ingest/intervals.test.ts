import { beforeEach, describe, expect, it } from 'vitest';
import { createIntervals } from '../../server/ingest/intervals.ts';

const NOW = Date.UTC(2026, 0, 1);
const watched = new Set<string>();
/** Every usual interval that was written to the device's record, in seconds. */
let recorded: number[] = [];
/**
 * Makes a push for each of these stated intervals; returns when the next push is expected after each.
 * Seconds.
 */
let expectedAfter: (...statedS: readonly number[]) => number[];

beforeEach(() => {
  watched.clear();
  recorded = [];
  let usualS = 60;
  const intervals = createIntervals({ defaultIntervalS: 5, isWatched: (id) => watched.has(id) });
  const push = (statedS: number) => {
    const interval = intervals.notePush('a', NOW, statedS, usualS);
    if (interval.usualS !== usualS) recorded.push(interval.usualS);
    usualS = interval.usualS;
    return interval.nextPushS;
  };
  expectedAfter = (...statedS) => statedS.map(push);
});

describe('intervals', () => {
  it('[F1] a watched device has a short interval, and its usual one from the first unwatched push on', () => {
    watched.add('a');
    expect(expectedAfter(60, 1, 1, 1, 1)).toEqual([60, 1, 1, 1, 1]);
    watched.clear();
    expect(expectedAfter(1, 60)).toEqual([60, 60]);
    expect(recorded).toEqual([]);
  });

  it('[F1] the first push that states a longer interval makes it the usual one', () => {
    expect(expectedAfter(300, 300)).toEqual([300, 300]);
    expect(recorded).toEqual([300]);
  });

  it('[F1] the third push in a row that states a shorter interval makes it the usual one, once', () => {
    expect(expectedAfter(10, 10, 10)).toEqual([60, 60, 10]);
    expect(expectedAfter(10, 10, 10)).toEqual([10, 10, 10]);
    expect(recorded).toEqual([10]);
  });

  it('[F1] the usual interval may become as short as that of a watched device', () => {
    expect(expectedAfter(1, 1, 1, 1)).toEqual([60, 60, 1, 1]);
    expect(recorded).toEqual([1]);
  });

  it('[F1] one push at a shorter interval, as an agent sends at its start, changes nothing', () => {
    expect(expectedAfter(5, 60, 5, 60)).toEqual([60, 60, 60, 60]);
    expect(recorded).toEqual([]);
  });

  it('[F1] the usual interval of a script stays the same while its pushes vary a little', () => {
    expect(expectedAfter(59.2, 58.8, 60, 55, 57, 56.1)).toEqual([60, 60, 60, 60, 60, 60]);
    expect(recorded).toEqual([]);
  });

  it('[F1] an unstated interval is the smallest of the last three gaps, and never under the default', () => {
    const intervals = createIntervals({ defaultIntervalS: 5, isWatched: () => false });
    let usualS = 5;
    const pushAt = (deviceId: string, seconds: number) => {
      const interval = intervals.notePush(deviceId, NOW + seconds * 1000, undefined, usualS);
      usualS = interval.usualS;
      return interval.nextPushS;
    };
    expect([0, 60, 120, 180, 3780, 3840].map((s) => pushAt('a', s))).toEqual([5, 5, 5, 60, 60, 60]);
    usualS = 5;
    expect([0, 1, 2, 3].map((s) => pushAt('b', s))).toEqual([5, 5, 5, 5]);
    intervals.forget('a');
    expect(pushAt('a', 5000)).toBe(5);
  });

  it('[L4] only a push after which the next one is expected sooner or later than before is news for pages', () => {
    const intervals = createIntervals({ defaultIntervalS: 5, isWatched: (id) => watched.has(id) });
    const isNews = (...statedS: readonly number[]) =>
      statedS.map((stated) => intervals.notePush('a', NOW, stated, 5).isNew);
    expect(isNews(5, 5)).toEqual([false, false]);
    watched.add('a');
    expect(isNews(1, 1, 1)).toEqual([true, false, false]);
    watched.clear();
    expect(isNews(1, 5, 5)).toEqual([true, false, false]);
  });
});
