import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '#protocol/span.ts';
import { QUARTER, type Buckets } from '../../server/history/history.ts';
import { measuredIn } from '../../server/traffic/measured.ts';
import { asQuarters } from '../../server/traffic/quarters.ts';

/** Quarters from 0 on with so many samples each, at 100 bytes a second; none where it is 0. */
function quarters(counts: readonly number[]): Buckets {
  const present = counts.flatMap((count, i) => (count === 0 ? [] : [{ t: i * QUARTER, count }]));
  const rate = present.map(() => 100);
  const t = present.map((bucket) => bucket.t);
  return { t, min: rate, mean: rate, max: rate, count: present.map(({ count }) => count) };
}
const always = Infinity;
const knownS = (counts: readonly number[], apartMs?: number, newest = always) =>
  measuredIn(undefined, quarters(counts), { step: QUARTER, newest, apartMs }).map(({ knownMs, out }) => {
    expect(out).toBeCloseTo(knownMs / 10, 6);
    return Math.round(knownMs / SECOND);
  });

describe('what was measured in a quarter of an hour', () => {
  it('a quarter is its mean times the time that its samples stand for', () => {
    expect(knownS([900, 900, 450, 0, 300, 900, 900])).toEqual([900, 900, 450, 300, 900, 900]);
  });

  it('a quarter that lacks a few single samples is known as a whole', () => {
    expect(knownS([900, 899, 890, 885, 900])).toEqual([900, 900, 900, 900, 900]);
    expect(knownS([900, 900, 870, 900])).toEqual([900, 900, 870, 900]);
  });

  it('the first quarters of a machine are as long as the distance of its samples says', () => {
    expect(knownS([400], SECOND)).toEqual([400]);
    expect(knownS([400, 200], SECOND)).toEqual([400, 200]);
    expect(knownS([6], MINUTE)).toEqual([360]);
  });

  it('the time after the newest sample is not known yet', () => {
    expect(knownS([900, 900, 900, 900], SECOND, 3 * QUARTER + 100 * SECOND)).toEqual([900, 900, 900, 101]);
  });

  it('samples a minute or an hour apart stand for the time between them', () => {
    expect(knownS([15, 15, 15, 8, 15], MINUTE)).toEqual([900, 900, 900, 480, 900]);
    expect(knownS([15, 14, 16, 15, 15], MINUTE)).toEqual([900, 900, 900, 900, 900]);
    const hourly = Array.from({ length: 20 }, (_, i) => (i % 4 === 0 ? 1 : 0));
    expect(knownS(hourly, HOUR)).toEqual([3600, 3600, 3600, 3600, 3600]);
  });

  it('where the distance of the samples was another one earlier, each part is known as a whole', () => {
    const counts = [...Array<number>(40).fill(900), ...Array<number>(40).fill(180)];
    const known = knownS(counts, 5 * SECOND);
    expect(known.slice(0, 25)).toEqual(Array(25).fill(900));
    expect(known.slice(-25)).toEqual(Array(25).fill(900));
  });

  it('a field that was sent for a part of the time only counts for that part', () => {
    const taken = { step: QUARTER, newest: always, apartMs: SECOND };
    const rx = quarters([900, 900, 900, 900]);
    const tx = quarters([0, 900, 900, 900]);
    expect(measuredIn(rx, tx, taken)[0]).toMatchObject({ in: 90_000, out: 0, knownMs: QUARTER });
    expect(measuredIn(undefined, undefined, taken)).toEqual([]);
  });

  it('minutes put together are the quarters that the history would give', () => {
    const t = [0, MINUTE, 14 * MINUTE, 16 * MINUTE];
    const mean = [10, 20, 40, 5];
    expect(asQuarters({ t, min: mean, mean, max: mean, count: [60, 30, 60, 60] })).toEqual({
      t: [0, QUARTER],
      min: [10, 5],
      mean: [(600 + 600 + 2400) / 150, 5],
      max: [40, 5],
      count: [150, 60],
    });
  });
});
