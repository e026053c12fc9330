import { describe, expect, it } from 'vitest';
import { createRates, createTotals } from '../../../agent/collectors/rates.ts';

/** The rates of a counter that is read once a second and grows by at most 1000 a second. */
function ratesOf(...readings: number[]): (number | undefined)[] {
  const rates = createRates();
  return readings.map((value, second) => {
    rates.begin(second * 1000);
    return rates.perSecond('one', value, 1000);
  });
}

describe('rates', () => {
  it('[G8] a counter that jumps up and comes back has no rate for those two seconds', () => {
    for (const lie of [1.8446744073063946e19, 2 ** 63, 2 ** 53, 5000, Infinity, NaN, -1])
      expect(ratesOf(100, 200, lie, 400, 500), String(lie)).toEqual([undefined, 100, NaN, NaN, 100]);
  });

  it('[G8] a counter that jumps down and comes back has no rate for those two seconds', () => {
    expect(ratesOf(5000, 5100, 0, 5300, 5400)).toEqual([undefined, 100, NaN, NaN, 100]);
    // The way back alone would be a possible rate.
    expect(ratesOf(500, 600, 0, 800, 900)).toEqual([undefined, 100, NaN, NaN, 100]);
    expect(ratesOf(5000, 5100, 0, 1e19, 7, 5500, 5600)).toEqual([undefined, 100, NaN, NaN, NaN, NaN, 100]);
  });

  it('[G8] a counter that was reset, or really stands elsewhere, has a rate again after one second', () => {
    expect(ratesOf(50_000, 50_100, 0, 70, 140)).toEqual([undefined, 100, NaN, 70, 70]);
    expect(ratesOf(50_000, 50_100, 900_000, 900_070, 900_140)).toEqual([undefined, 100, NaN, 70, 70]);
  });

  it('a counter has no rate at first, without time in between, and after a round without it', () => {
    const rates = createRates();
    const read = (at: number, value?: number) => {
      rates.begin(at);
      return value === undefined ? undefined : rates.perSecond('one', value, 1000);
    };
    expect([read(0, 5), read(1000, 10), read(1000, 11), read(3000, 30)]).toEqual([
      undefined,
      5,
      undefined,
      10,
    ]);
    expect([read(4000, 32), read(5000), read(6000, 40), read(8000, 60)]).toEqual([
      2,
      undefined,
      undefined,
      10,
    ]);
  });

  it('a counter that is brought up to date once a second may grow by a second’s worth in a shorter time', () => {
    const rates = createRates();
    rates.begin(0);
    rates.perSecond('one', 0, 1000);
    rates.begin(200);
    expect(rates.perSecond('one', 1000, 1000)).toBe(5000);
  });

  it('[G8] a total is not known while a counter in it lies, and does without one that lies for half a minute', () => {
    const rates = createRates();
    const total = (second: number, ...values: number[]) => {
      rates.begin(second * 1000);
      const totals = createTotals();
      values.forEach((value, index) => {
        const rate = rates.perSecond(`n${index}`, value, 1000);
        if (rate !== undefined) totals.add(5, rate);
      });
      return totals.sums()?.other;
    };
    expect([total(0, 0, 0), total(1, 10, 100), total(2, 20, 1e19), total(3, 30, 300)]).toEqual([
      undefined,
      110,
      undefined,
      undefined,
    ]);
    // The third counter is new: it takes nothing away.
    expect(total(4, 40, 400, 7)).toBe(110);
    for (let second = 5; second < 34; second++) expect(total(second, second * 10, 1e19)).toBeUndefined();
    expect(total(34, 340, 1e19)).toBe(10);
  });
});
