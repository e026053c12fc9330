import { expect, test } from 'vitest';
import type { ReaderParts } from '../../server/history/reader.ts';
import { createReader, influxPatience } from '../../server/history/reader.ts';

const never = <T>() => new Promise<T>(() => undefined);
const turn = () => new Promise(setImmediate);

/** A reader of a history that never answers, on a clock that the test moves. */
function hanging(parts: Partial<ReaderParts> = {}) {
  let now = 0;
  const timers = new Set<{ due: number; job: () => void }>();
  const asked: string[] = [];
  const reader = createReader({
    history: {
      query: () => never(),
      fields: () => never(),
      timestamps: (deviceId) => {
        asked.push(deviceId);
        return never();
      },
      latest: () => never(),
    },
    caughtUp: () => Promise.resolve(),
    problem: () => undefined,
    clock: {
      after(ms, job) {
        const timer = { due: now + ms, job };
        timers.add(timer);
        return () => timers.delete(timer);
      },
    },
    patience: influxPatience('http://influx:8086'),
    ...parts,
  });
  async function advance(ms: number): Promise<void> {
    now += ms;
    for (const timer of timers) if (timer.due <= now && timers.delete(timer)) timer.job();
    await turn();
  }
  return { reader, advance, asked, timers };
}

const range = { deviceId: 'd', from: 0, to: 1000, step: 1000, fields: ['cpu'] };

test('[H4] an answer is waited for four seconds, the start three, and the reason names InfluxDB', async () => {
  const { reader, advance } = hanging();
  const answer = expect(reader.inTime(reader.query(range))).rejects.toThrow(
    'InfluxDB at http://influx:8086 did not answer within 4 s',
  );
  const latest = expect(reader.latest()).rejects.toThrow('within 3 s');
  await advance(3000);
  await latest;
  await advance(1000);
  await answer;
});

test('[H4] the times of stored samples are waited for a second, once: other pushes then do not wait', async () => {
  const { reader, advance, asked } = hanging();
  const first = expect(reader.storedTimes('a', 0, 1)).rejects.toThrow('within 1 s');
  await advance(1000);
  await first;
  await expect(reader.storedTimes('b', 0, 1)).rejects.toThrow('does not answer in time');
  expect(asked).toEqual(['a']);
});

test('[H4] look-ups go on as soon as the one that took too long has ended', async () => {
  let answer: (times: number[]) => void = () => undefined;
  const { reader, advance } = hanging({
    history: {
      query: () => never(),
      fields: () => never(),
      latest: () => never(),
      timestamps: () => new Promise<number[]>((resolve) => (answer = resolve)),
    },
  });
  const slow = expect(reader.storedTimes('a', 0, 1)).rejects.toThrow('within 1 s');
  await advance(1000);
  await slow;
  answer([]);
  await turn();
  const next = reader.storedTimes('a', 0, 9);
  await turn();
  answer([7]);
  expect(await next).toEqual([7]);
});

test('a query goes without the newest samples where these take too long to be in the history', async () => {
  const result = { step: 1000, series: new Map() };
  const { reader, advance } = hanging({
    caughtUp: () => never(),
    history: {
      query: () => Promise.resolve(result),
      fields: () => never(),
      latest: () => never(),
      timestamps: () => never(),
    },
  });
  const answer = reader.inTime(reader.query(range));
  await advance(1500);
  expect(await answer).toBe(result);
});

test('a stop ends all waiting, and a settled read leaves no timer', async () => {
  const { reader, timers } = hanging();
  const waiting = expect(reader.inTime(reader.query(range))).rejects.toThrow('the server stops');
  expect(await reader.inTime(Promise.resolve(5))).toBe(5);
  await turn();
  reader.stop();
  await waiting;
  expect(timers.size).toBe(0);
});

test('the answer of a history in this process is waited for as long as it takes', async () => {
  const { reader, timers } = hanging({ patience: undefined });
  void reader.inTime(reader.query(range));
  await turn();
  expect(timers.size).toBe(0);
});

test('[I8] a push waits 4 s at most until the history in this process has taken what others have pushed', async () => {
  const { reader, advance } = hanging({ patience: undefined, caughtUp: () => never() });
  const times = expect(reader.storedTimes('a', 0, 1)).rejects.toThrow('still taking in samples');
  const fields = expect(reader.storedFields('a')).rejects.toThrow('still taking in samples');
  await advance(4000);
  await Promise.all([times, fields]);
  await expect(reader.storedTimes('b', 0, 1)).rejects.toThrow('does not answer in time');
});

test('[I8] a chart waits 1.5 s for the samples that others have pushed, also where the history is in this process', async () => {
  const { reader, advance, timers } = hanging({
    history: {
      query: () => Promise.resolve({ step: 1000, series: new Map() }),
      fields: () => never(),
      timestamps: () => never(),
      latest: () => never(),
    },
    caughtUp: () => never(),
    patience: undefined,
  });
  const chart = reader.query(range);
  await advance(1499);
  expect(timers.size).toBe(1);
  await advance(1);
  expect((await chart).step).toBe(1000);
});
