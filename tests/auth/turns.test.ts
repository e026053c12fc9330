import { expect, test } from 'vitest';
import { createTurns } from '../../server/auth/turns.ts';

/** Turns whose work ends when the test says so. */
function stage() {
  const turns = createTurns();
  const order: string[] = [];
  const refused: string[] = [];
  let finish: () => void = () => undefined;
  const ask = (name: string, network: string, known = false) =>
    turns
      .take({ known, network }, () => {
        order.push(name);
        return new Promise<void>((resolve) => (finish = resolve));
      })
      .catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'overloaded', status: 503, retryAfterS: 5 });
        refused.push(name);
      });
  return {
    order,
    refused,
    ask,
    /** Lets all work end, one after the other. */
    async finishAll(all: readonly Promise<unknown>[]) {
      let done = false;
      void Promise.all(all).then(() => (done = true));
      while (!done) {
        finish();
        await Promise.resolve();
      }
    },
  };
}

test('[S5] passwords are hashed one at a time', async () => {
  const { order, ask, finishAll } = stage();
  const all = [ask('first', 'a'), ask('second', 'a'), ask('third', 'b')];
  expect(order).toEqual(['first']);
  await finishAll(all);
  expect(order).toHaveLength(3);
});

test('[S5] networks take turns, so the flood of one network delays another by one hash', async () => {
  const { order, ask, finishAll } = stage();
  const flood = Array.from({ length: 40 }, (_, i) => ask(`flood ${i}`, 'a'));
  await finishAll([...flood, ask('owner', 'b')]);
  expect(order.indexOf('owner')).toBe(2);
});

test('[S5] a place that signed in before comes before all unknown ones', async () => {
  const { order, ask, finishAll } = stage();
  const flood = Array.from({ length: 200 }, (_, i) => ask(`flood ${i}`, `network ${i}`));
  await finishAll([...flood, ask('owner', 'home', true)]);
  expect(order.indexOf('owner')).toBe(1);
});

test('[S5] a flood from 40 networks refuses nobody', async () => {
  const { refused, ask, finishAll } = stage();
  const flood = Array.from({ length: 160 }, (_, i) => ask(`flood ${i}`, `network ${i % 40}`));
  await finishAll([...flood, ask('owner', 'home')]);
  expect(refused).toEqual([]);
});

test('[I6] at most 256 wait; past it, the network with the most waiting gives up its last', async () => {
  const { order, refused, ask, finishAll } = stage();
  const all = Array.from({ length: 300 }, (_, i) => ask(`flood ${i}`, 'a'));
  all.push(ask('owner', 'b'), ask('known owner', 'b', true));
  await finishAll(all);
  expect(refused).toHaveLength(44);
  expect(order).toHaveLength(1 + 256 + 1);
  expect(order).toContain('owner');
  expect(order).toContain('known owner');
});

test('[S2] work that fails at once takes only its own turn', async () => {
  const turns = createTurns();
  const place = { known: false, network: 'a' };
  const failing = turns.take(place, () => {
    throw new Error('no memory');
  });
  await expect(failing).rejects.toThrow('no memory');
  expect(await turns.take(place, () => Promise.resolve('hash'))).toBe('hash');
});

test('[I6] when 256 networks wait, another unknown one is refused', async () => {
  const { order, refused, ask, finishAll } = stage();
  const all = Array.from({ length: 257 }, (_, i) => ask(`flood ${i}`, `network ${i}`));
  await finishAll([...all, ask('late', 'one more')]);
  expect(refused).toEqual(['late']);
  expect(order).toHaveLength(257);
});
