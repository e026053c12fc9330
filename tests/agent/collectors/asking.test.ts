import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAsker } from '../../../agent/collectors/asking.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Questions by name; `open` are those that wait, and `answer` ends one of them. */
function questions() {
  const open = new Map<string, (answer: string) => void>();
  const counts = new Map<string, number>();
  const ask = (name: string) => () => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return new Promise<string>((resolve) => open.set(name, resolve));
  };
  return {
    counts,
    open,
    of: (...names: string[]) => new Map(names.map((name) => [name, ask(name)])),
    answer(name: string) {
      open.get(name)?.(`of ${name}`);
      open.delete(name);
    },
  };
}

const answers = (...names: string[]) => new Map(names.map((name) => [name, `of ${name}`]));

describe('asking', () => {
  it.each([1, 2, 3])('[G3] %i of five that never answer leave the other answers', async (hanging) => {
    const asker = createAsker<string>({ atOnce: 4 });
    const all = ['a', 'b', 'c', 'd', 'e'];
    const silent = all.slice(0, hanging);
    const round = async () => {
      const asked = asker.ask(
        new Map(
          all.map((name) => [
            name,
            () =>
              silent.includes(name) ? new Promise<never>(() => undefined) : Promise.resolve(`of ${name}`),
          ]),
        ),
      );
      await vi.advanceTimersByTimeAsync(1000);
      return asked;
    };
    for (let times = 0; times < 30; times++) expect(await round()).toEqual(answers(...all.slice(hanging)));
  });

  it('[G3] one that hangs is asked once, is waited for once, and is asked again when it has answered', async () => {
    const asker = createAsker<string>({ atOnce: 4 });
    const { of, answer, counts } = questions();
    const first = asker.ask(of('slow'));
    await vi.advanceTimersByTimeAsync(1000);
    expect(await first).toEqual(new Map());
    // Nothing to wait for: no time passes.
    expect(await asker.ask(of('slow'))).toEqual(new Map());
    expect(counts.get('slow')).toBe(1);

    answer('slow');
    await vi.advanceTimersByTimeAsync(0);
    const third = asker.ask(of('slow'));
    expect(counts.get('slow')).toBe(2);
    answer('slow');
    expect(await third).toEqual(answers('slow'));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('[G3] an answer that came late is given once, by the next call', async () => {
    const asker = createAsker<string>({ atOnce: 4 });
    const { of, answer } = questions();
    const first = asker.ask(of('late'));
    await vi.advanceTimersByTimeAsync(1000);
    expect(await first).toEqual(new Map());
    answer('late');
    await vi.advanceTimersByTimeAsync(0);
    for (const expected of [answers('late'), new Map()]) {
      const next = asker.ask(of('late'));
      await vi.advanceTimersByTimeAsync(1000);
      expect(await next).toEqual(expected);
    }
  });

  it('[G3] no more than the agreed number wait at once, however many hang, and the others get their turn', async () => {
    const asker = createAsker<string>({ atOnce: 2 });
    const { of, open, answer } = questions();
    const names = ['a', 'b', 'c', 'd'];
    const first = asker.ask(of(...names));
    expect([...open.keys()]).toEqual(['a', 'b']);
    answer('a');
    await vi.advanceTimersByTimeAsync(0);
    expect([...open.keys()]).toEqual(['b', 'c']);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await first).toEqual(answers('a'));
    // Both hang: nothing more is asked until one of them answers.
    expect(await asker.ask(of(...names))).toEqual(new Map());
    expect([...open.keys()]).toEqual(['b', 'c']);
    answer('b');
    await vi.advanceTimersByTimeAsync(0);
    const third = asker.ask(of('d'));
    answer('d');
    expect(await third).toEqual(answers('b', 'd'));
  });

  it('[G3] a question that fails leaves the other answers, and is asked again', async () => {
    const asker = createAsker<string>({ atOnce: 2 });
    const asked = () =>
      asker.ask(
        new Map([
          ['broken', () => Promise.reject(new Error('EIO'))],
          ['good', () => Promise.resolve('of good')],
        ]),
      );
    expect(await asked()).toEqual(answers('good'));
    expect(await asked()).toEqual(answers('good'));
  });
});
