import { beforeEach, describe, expect, it } from 'vitest';
import { createUsualIntervals } from '../../server/ingest/usual-interval.ts';
import { deviceRecordOf, memoryCollection } from '../state/memory-collection.ts';

const watched = new Set<string>();
let written: number[] = [];
let expected: (...said: readonly number[]) => number[];

beforeEach(() => {
  watched.clear();
  written = [];
  const devices = memoryCollection([deviceRecordOf('a', { interval_s: 60 })]);
  const intervals = createUsualIntervals({
    devices: {
      get: devices.get,
      put(record) {
        written.push(record.interval_s);
        return devices.put(record);
      },
    },
    watching: (id) => watched.has(id),
    failed: (error) => {
      throw error;
    },
  });
  const push = (intervalS: number) =>
    intervals.expected({ deviceId: 'a', samples: [], arrived: 0, intervalS }).intervalS;
  expected = (...said) => said.map(push);
});

describe('the interval of a device', () => {
  it('[F1] is short while it is watched, and its usual one from the push on that finds nobody', () => {
    watched.add('a');
    expect(expected(60, 1, 1, 1, 1)).toEqual([60, 1, 1, 1, 1]);
    watched.clear();
    expect(expected(1, 60)).toEqual([60, 60]);
    expect(written).toEqual([]);
  });

  it('[F1] that was lowered comes down with its third push, and is written once', () => {
    expect(expected(10, 10, 10)).toEqual([60, 60, 10]);
    expect(expected(10, 10, 10)).toEqual([10, 10, 10]);
    expect(written).toEqual([10]);
  });

  it('[F1] may be as short as while watching', () => {
    expect(expected(1, 1, 1, 1)).toEqual([60, 60, 1, 1]);
    expect(written).toEqual([1]);
  });

  it('[F1] of an agent that has just started is not what it begins with', () => {
    expect(expected(5, 60, 5, 60)).toEqual([60, 60, 60, 60]);
    expect(written).toEqual([]);
  });

  it('[F1] of a script that is not exact stays', () => {
    expect(expected(59.2, 58.8, 60, 55, 57, 56.1)).toEqual([60, 60, 60, 60, 60, 60]);
    expect(written).toEqual([]);
  });
});
