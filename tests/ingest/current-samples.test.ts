import { beforeEach, describe, expect, it } from 'vitest';
import { createCurrentSamples, type CurrentSamples } from '../../server/ingest/current-samples.ts';

const NOW = Date.UTC(2026, 0, 1);
const S = 1000;
let currentSamples: CurrentSamples;
beforeEach(() => {
  currentSamples = createCurrentSamples(new Map([['stored', NOW]]));
});

/** The times, in seconds from NOW, of the current samples of a push; times and arrival are given likewise. */
function take(times: readonly number[], arrivedS: number, sentAtS?: number, deviceId = 'a') {
  const samples = times.map((s) => ({ t: NOW + s * S, values: { cpu: s } }));
  const sentAt = sentAtS === undefined ? undefined : NOW + sentAtS * S;
  const { current } = currentSamples.take({ deviceId, samples, sentAt, arrived: NOW + arrivedS * S });
  return current.map(({ t }) => (t - NOW) / S);
}

describe('pushes that say when they were sent', () => {
  it('[F3] newer samples are current, and a spool that comes after them is late', () => {
    expect(take([1, 2, 3], 3, 3)).toEqual([1, 2, 3]);
    expect(take([-300, -299], 3.3, 3.3)).toEqual([]);
    expect(take([4, 5], 5, 5)).toEqual([4, 5]);
    expect(take([-200], 5.3, 5.3)).toEqual([]);
  });

  it('[F3] of a push that overlaps the current sample only the newer ones are current', () => {
    take([5], 5, 5);
    expect(take([3, 4, 6], 6, 6)).toEqual([6]);
  });

  it.each([
    ['240 s', 240],
    ['1 s', 1],
    ['299 s', 299],
  ])(
    '[F3] the first push after a clock that was %s ahead is set right is current, and so are all later',
    (_, ahead) => {
      expect(take([ahead], 0, ahead)).toEqual([ahead]);
      for (const s of [0.5, 5, 10]) expect(take([s], s, s)).toEqual([s]);
    },
  );

  it('[F3] samples that were measured before the clock was set back are late, and freeze nothing', () => {
    take([240], 0, 240);
    expect(take([5], 5, 5)).toEqual([5]);
    expect(take([200, 210], 5.3, 5.3)).toEqual([]);
    expect(take([6, 245], 6, 6)).toEqual([6]);
    expect(take([10], 10, 10)).toEqual([10]);
  });

  it("[F3] the server's clock set back an hour freezes nothing", () => {
    take([3600], 3600, 3600);
    expect(take([5], 5, 5)).toEqual([5]);
    expect(take([10], 10, 10)).toEqual([10]);
  });

  it('[F3] a stored sample from the future does not keep the first push after a restart from being current', () => {
    expect(take([-60], -60, -60, 'stored')).toEqual([-60]);
    expect(take([-90], -59, -59, 'stored')).toEqual([]);
  });
});

describe('pushes that do not say when they were sent', () => {
  it('[F3] samples that are newer than the current one are current, however old', () => {
    expect(take([-3600], 0)).toEqual([-3600]);
    expect(take([-3599], 0.1)).toEqual([-3599]);
    expect(take([-3700], 0.2)).toEqual([]);
  });

  it('[F3] the first push after a clock that was ahead is set right is current', () => {
    take([240], 0);
    expect(take([5], 5)).toEqual([5]);
  });

  it('[F3] a clock that is set to an earlier, wrong time keeps back one push only', () => {
    take([0], 0);
    take([5], 5);
    expect(take([-110], 10)).toEqual([]);
    expect(take([-105], 15)).toEqual([-105]);
    expect(take([-100], 20)).toEqual([-100]);
  });

  it('[F3] a backlog that is sent faster than it was measured is late', () => {
    take([0], 0);
    for (let i = 0; i < 5; i++) expect(take([-300 + i * 5], 1 + i * 0.1)).toEqual([]);
  });
});
