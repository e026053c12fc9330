import { describe, expect, test } from 'vitest';
import type { Sample } from '#protocol/sample.ts';
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

  test('[I6] a device whose pushes wait for look-ups is told to push less, and no other device is', async () => {
    const newSamples = make();
    let release: (samples: readonly Sample[]) => void = () => undefined;
    const held = newSamples.runInTurn('a', () => new Promise((resolve) => (release = resolve)));
    const none = () => Promise.resolve([]);
    const waiting = Array.from({ length: 19 }, () => newSamples.runInTurn('a', none));
    await expect(newSamples.runInTurn('a', none)).rejects.toMatchObject({ code: 'too_fast' });
    expect(await newSamples.runInTurn('b', none)).toEqual([]);
    release([]);
    await Promise.all([held, ...waiting]);
    expect(await newSamples.runInTurn('a', none)).toEqual([]);
  });

  describe('while the history does not answer', () => {
    const hanging = () => {
      let asked = 0;
      const newSamples = createNewSamples({
        newest: new Map(),
        storedTimes: () => {
          asked++;
          return Promise.reject(new Error('does not answer'));
        },
        onLookUpFailed: () => undefined,
      });
      /** Takes a push in, as the ingest does; resolves with the times that were new. */
      const push = async (write: () => Promise<void>, ...times: number[]) => {
        const samples = samplesAt(...times);
        let fresh: Promise<readonly Sample[]>;
        if (newSamples.claimIfAllNewer('a', samples)) {
          fresh = write().then(() => samples);
          newSamples.trackWrite('a', fresh);
        } else
          fresh = newSamples.runInTurn('a', async () => {
            const unknown = await newSamples.lookUpNew('a', samples);
            await write();
            return unknown;
          });
        return (await fresh).map(({ t }) => t);
      };
      return { push, asked: () => asked };
    };
    const works = () => Promise.resolve();

    test('[I2] a resend after a lost reply brings nothing new, even with further samples, twice', async () => {
      const { push, asked } = hanging();
      expect(await push(works, 1, 2, 3)).toEqual([1, 2, 3]);
      expect(await push(works, 1, 2, 3)).toEqual([]);
      expect(await push(works, 1, 2, 3, 4)).toEqual([4]);
      expect(await push(works, 1, 2, 3, 4, 5)).toEqual([5]);
      expect(await push(works, 6)).toEqual([6]);
      expect(asked()).toBe(0);
    });

    test('[I1] a resend of a push that could not be stored is new', async () => {
      const { push } = hanging();
      const fails = () => Promise.reject(new Error('the disk is full'));
      await expect(push(fails, 1, 2)).rejects.toThrow('full');
      expect(await push(works, 1, 2)).toEqual([1, 2]);
      await expect(push(fails, 1, 2, 3)).rejects.toThrow('full');
      expect(await push(works, 1, 2, 3)).toEqual([3]);
    });

    test('[H4] other old samples are taken: the history keeps each once', async () => {
      const { push, asked } = hanging();
      await push(works, 10, 11);
      expect(await push(works, 3, 4)).toEqual([3, 4]);
      expect(await push(works, 3, 4, 10, 11)).toEqual([]);
      expect(asked()).toBe(1);
    });
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
      return [];
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
