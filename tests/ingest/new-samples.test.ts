import { describe, expect, test } from 'vitest';
import { createNewSamples } from '../../server/ingest/new-samples.ts';

const samplesAt = (...times: number[]) => times.map((t) => ({ t, values: { cpu: t } }));

describe('new samples', () => {
  const make = (stored: readonly number[] = []) =>
    createNewSamples({
      newest: new Map([['a', 10]]),
      storedTimes: (_, from, to) => Promise.resolve(stored.filter((t) => t >= from && t < to)),
      onLookUpFailed: () => undefined,
    });

  test('[I2] samples newer than the newest of their device are new once, without a look-up', () => {
    const newSamples = make();
    expect(newSamples.claimIfAllNewer('a', samplesAt(10, 11))).toBe(false);
    expect(newSamples.claimIfAllNewer('a', samplesAt(11, 12))).toBe(true);
    expect(newSamples.claimIfAllNewer('a', samplesAt(12, 13))).toBe(false);
    expect(newSamples.claimIfAllNewer('b', samplesAt(1))).toBe(true);
    expect(newSamples.claimIfAllNewer('a', [])).toBe(false);
    newSamples.forget('a');
    expect(newSamples.claimIfAllNewer('a', samplesAt(1))).toBe(true);
  });

  test('[I2] older samples are new where the history has no sample of their time', async () => {
    const fresh = await make([3, 5, 9]).lookUpNew('a', samplesAt(3, 4, 5, 9));
    expect(fresh.map(({ t }) => t)).toEqual([4]);
  });

  test('[I2] look-ups of one device run one after another, and a failure stops no other', async () => {
    const newSamples = make();
    const order: string[] = [];
    const gates: (() => void)[] = [];
    const work = (name: string) => async () => {
      order.push(`${name}+`);
      await new Promise<void>((resolve) => gates.push(resolve));
      order.push(`${name}-`);
      if (name === 'a1') throw new Error('failed');
    };
    const all = Promise.allSettled([
      newSamples.runInTurn('a', work('a1')),
      newSamples.runInTurn('a', work('a2')),
      newSamples.runInTurn('b', work('b1')),
    ]);
    await new Promise(setImmediate);
    expect(order).toEqual(['a1+', 'b1+']);
    for (const open of gates) open();
    await new Promise(setImmediate);
    for (const open of gates) open();
    expect((await all).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(order).toEqual(['a1+', 'b1+', 'a1-', 'b1-', 'a2+', 'a2-']);
  });
});
