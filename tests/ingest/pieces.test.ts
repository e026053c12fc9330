import { describe, expect, test } from 'vitest';
import { checkTimes, shiftFor } from '../../server/ingest/clock-skew.ts';
import { decodeEntry, encodeEntry, orderSamples } from '../../server/ingest/journal-entry.ts';
import { createNewSamples } from '../../server/ingest/new-samples.ts';
import { createPushBudget } from '../../server/ingest/push-budget.ts';

const NOW = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const at = (...times: number[]) => times.map((t) => ({ t, values: { cpu: t } }));
const times = (samples: readonly { readonly t: number }[]) => samples.map(({ t }) => t);

describe('clock skew', () => {
  test.each([
    ['no sent_at', undefined, null, 0],
    ['5 minutes late, exactly', NOW - 5 * MINUTE, null, 0],
    ['a little more', NOW - 5 * MINUTE - 1, null, 5 * MINUTE + 1],
    ['6 minutes ahead', NOW + 6 * MINUTE, null, -6 * MINUTE],
    ['near the shift of before', NOW - 10 * MINUTE, 10 * MINUTE - 30_000, 10 * MINUTE - 30_000],
    ['away from it', NOW - 10 * MINUTE, 10 * MINUTE - 30_001, 10 * MINUTE],
    ['right again', NOW, 10 * MINUTE, 0],
  ])('[I5] %s', (_, sentAt, before, shift) => {
    expect(shiftFor(sentAt, NOW, before)).toBe(shift);
  });

  test('[I5] names the first sample in the future, and one older than all that is kept', () => {
    const check = (...t: number[]) => {
      checkTimes({ form: 'single', samples: at(...t) }, 0, NOW, 10 * MINUTE);
    };
    check(NOW - 10 * MINUTE, NOW + 5 * MINUTE);
    expect(() => check(NOW, NOW + 5 * MINUTE + 1)).toThrow('5 minutes in the future');
    expect(() => check(NOW - 10 * MINUTE - 1)).toThrow('timestamp: is older than anything the history keeps');
    expect(() =>
      checkTimes({ form: 'single', samples: at(NOW - 60 * MINUTE) }, 60 * MINUTE, NOW, MINUTE),
    ).not.toThrow();
  });
});

describe('what the journal holds', () => {
  const body = (samples: object[]) =>
    Buffer.from(JSON.stringify({ device_id: 'a', hostname: 'ä', ip: '::1', samples }));

  test('[I1] is read back with its shift', () => {
    const bytes = body([{ timestamp: NOW, metrics: { cpu: 1, core: { 0: { cpu: 2 } } } }]);
    expect(decodeEntry(encodeEntry(-1500.5, bytes))).toEqual([
      { t: NOW - 1500.5, values: { cpu: 1, 'core:0:cpu': 2 } },
    ]);
  });

  test('[I1] columns are read back with their shift', () => {
    const bytes = Buffer.from(
      JSON.stringify({ device_id: 'a', hostname: 'a', ip: '', fields: ['cpu'], rows: [[NOW, 3]] }),
    );
    const samples = decodeEntry(encodeEntry(500, bytes)) ?? [];
    expect(samples.map(({ t, values }) => ({ t, values }))).toEqual([{ t: NOW + 500, values: { cpu: 3 } }]);
  });

  test('that this version cannot read is undefined, not a throw', () => {
    expect(decodeEntry(encodeEntry(0, Buffer.from('{"other":1}')))).toBeUndefined();
  });

  test('[I2] samples are put in order, each time once, the first one winning', () => {
    const mixed = [...at(3, 1, 2), { t: 1, values: { cpu: 99 } }];
    expect(orderSamples(mixed, 10)).toEqual([
      { t: 11, values: { cpu: 1 } },
      { t: 12, values: { cpu: 2 } },
      { t: 13, values: { cpu: 3 } },
    ]);
    expect(times(orderSamples(at(1, 2, 3), 0))).toEqual([1, 2, 3]);
    expect(orderSamples([], 5)).toEqual([]);
  });
});

describe('new samples', () => {
  const make = (stored: readonly number[] = []) =>
    createNewSamples({
      newest: new Map([['a', 10]]),
      stored: (_, from, to) => Promise.resolve(stored.filter((t) => t >= from && t < to)),
      warn: () => undefined,
    });

  test('[I2] newer than the newest are taken without a look-up, once', () => {
    const news = make();
    expect(news.allNewer('a', at(10, 11))).toBe(false);
    expect(news.allNewer('a', at(11, 12))).toBe(true);
    expect(news.allNewer('a', at(12, 13))).toBe(false);
    expect(news.allNewer('b', at(1))).toBe(true);
    expect(news.allNewer('a', [])).toBe(false);
    news.forget('a');
    expect(news.allNewer('a', at(1))).toBe(true);
  });

  test('[I2] the rest are compared with what is stored', async () => {
    expect(times(await make([3, 5, 9]).lookUp('a', at(3, 4, 5, 9)))).toEqual([4]);
  });

  test('[I2] one after another for a device, side by side for two; a failure stops nobody', async () => {
    const news = make();
    const order: string[] = [];
    const gates: (() => void)[] = [];
    const work = (name: string) => async () => {
      order.push(`${name}+`);
      await new Promise<void>((resolve) => gates.push(resolve));
      order.push(`${name}-`);
      if (name === 'a1') throw new Error('failed');
    };
    const all = Promise.allSettled([
      news.inTurn('a', work('a1')),
      news.inTurn('a', work('a2')),
      news.inTurn('b', work('b1')),
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

describe('push budget', () => {
  test('[I6] a burst of 100, then 20 a second, each device its own', () => {
    const budget = createPushBudget();
    for (let i = 0; i < 100; i++) budget.spend('a', NOW);
    expect(() => budget.spend('a', NOW)).toThrow('faster');
    budget.spend('b', NOW);
    for (let i = 0; i < 20; i++) budget.spend('a', NOW + 1000);
    expect(() => budget.spend('a', NOW + 1000)).toThrow('faster');
  });

  test('[I6] a clock that was set back takes nothing away', () => {
    const budget = createPushBudget();
    budget.spend('a', NOW);
    expect(() => budget.spend('a', NOW - 3_600_000)).not.toThrow();
  });
});
