import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFeeder, type Feeder, type FeederOptions } from '../../server/history/feeder.ts';
import {
  HistoryBegunAnew,
  HistoryError,
  type Position,
  type SampleBatch,
} from '../../server/history/history.ts';
import { openJournal, type Journal } from '../../server/history/journal/journal.ts';
import { systemClock } from '../../server/app/clock.ts';
import { createLog } from '../../server/app/log.ts';

const log = createLog('silent');
let dir: string;
let journal: Journal;
let feeder: Feeder | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'feeder-'));
  journal = await openJournal({ clock: systemClock, dir, log, gatherMs: 1, segmentBytes: 500 });
});
afterEach(async () => {
  await feeder?.stop();
  await journal.close();
  await rm(dir, { recursive: true, force: true });
});

const batch = (n: number): SampleBatch => ({ deviceId: 'd', samples: [{ t: n, values: { cpu: n } }] });

/**
 * A history that records the times of its samples in the order they came, and the number of entries in each
 * write. Its writes fail while `down` is true.
 */
function fakeHistory() {
  const times: number[] = [];
  const sizes: number[] = [];
  const history = {
    storedTo: 0,
    down: false,
    times,
    sizes,
    busy: 0,
    failures: 0,
    write: async (batches: readonly SampleBatch[], upTo: Position) => {
      expect(++history.busy).toBe(1);
      await Promise.resolve();
      history.busy--;
      if (history.down) {
        history.failures++;
        throw new Error('down');
      }
      sizes.push(batches.length);
      times.push(...batches.flatMap(({ samples }) => samples.map(({ t }) => t)));
      return upTo;
    },
  };
  return history;
}

/**
 * A clock whose only timer runs when the test calls `fire`. `waits` are the milliseconds that were asked for;
 * `waiting` resolves once a timer is set.
 */
function manualClock(): FeederOptions['clock'] & { waits: number[]; fire(): void; waiting(): Promise<void> } {
  let pending: (() => void) | undefined;
  let timerSet: (() => void) | undefined;
  const waits: number[] = [];
  return {
    waits,
    now: () => 0,
    after: (ms, run) => {
      waits.push(ms);
      pending = run;
      timerSet?.();
      return () => (pending = undefined);
    },
    fire: () => {
      const run = pending;
      pending = undefined;
      run?.();
    },
    waiting: () => new Promise((resolve) => (pending === undefined ? (timerSet = resolve) : resolve())),
  };
}

function start(history: FeederOptions['history'], options: Partial<FeederOptions> = {}): Feeder {
  feeder = createFeeder({
    clock: systemClock,
    journal,
    history,
    decode: ({ payload }) => batch(Number(Buffer.from(payload).toString())),
    log,
    ...options,
  });
  return feeder;
}

const append = (n: number) => journal.append({ deviceId: 'd', arrived: n, payload: Buffer.from(String(n)) });
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

test('entries that are passed to the feeder arrive in order, without being decoded again', async () => {
  const history = fakeHistory();
  const feeding = start(history, {
    decode: () => {
      throw new Error('must not be called');
    },
  });
  for (const n of range(0, 50)) feeding.committed(await append(n), batch(n));
  await feeding.caughtUp();
  expect(history.times).toEqual(range(0, 50));
  expect(feeding.behindBytes()).toBe(0);
});

test('the feeder first replays what the journal holds, then goes on with new entries', async () => {
  for (const n of range(0, 40)) await append(n);
  const history = fakeHistory();
  const feeding = start(history, { samplesPerWrite: 7 });
  for (const n of range(40, 60)) feeding.committed(await append(n), batch(n));
  await feeding.caughtUp();
  expect(history.times).toEqual(range(0, 60));
  expect(Math.max(...history.sizes)).toBeLessThanOrEqual(7);
  expect(journal.start).toBeGreaterThan(30);
});

test('[I8] while history is down very wide samples are left to the journal past a bound in bytes, and arrive later', async () => {
  const history = fakeHistory();
  const clock = manualClock();
  const values = Object.fromEntries(range(0, 1000).map((i) => [`f${i}`, i]));
  const wide = (n: number): SampleBatch => ({ deviceId: 'd', samples: [{ t: n, values }] });
  let decoded = 0;
  const feeding = start(history, {
    clock,
    maxBytesInMemory: 1_000_000,
    bytesPerWrite: 300_000,
    decode: ({ payload }) => {
      decoded++;
      return wide(Number(Buffer.from(payload).toString()));
    },
  });
  history.down = true;
  for (const n of range(0, 100)) feeding.committed(await append(n), wide(n));
  history.down = false;
  const caughtUp = feeding.caughtUp();
  await clock.waiting();
  clock.fire();
  await caughtUp;
  expect(history.times).toEqual(range(0, 100));
  expect(decoded).toBeGreaterThan(80);
  expect(history.sizes[1]).toBeLessThanOrEqual(4);
});

test('[H4] while history is down memory stays bounded; later all samples arrive in order, once', async () => {
  const history = fakeHistory();
  const clock = manualClock();
  const states: string[] = [];
  let decoded = 0;
  const feeding = start(history, {
    clock,
    random: () => 0.5,
    maxSamplesInMemory: 10,
    samplesPerWrite: 4,
    onState: ({ kind }) => states.push(kind),
    decode: ({ payload }) => {
      decoded++;
      return batch(Number(Buffer.from(payload).toString()));
    },
  });
  history.down = true;
  for (const n of range(0, 100)) feeding.committed(await append(n), batch(n));
  for (let i = 0; i < 7; i++) {
    await clock.waiting();
    clock.fire();
  }
  await clock.waiting();
  expect(clock.waits.slice(0, 7)).toEqual([500, 1000, 2000, 4000, 8000, 15000, 15000]);
  expect(history.times).toEqual([]);
  expect(feeding.behindBytes()).toBeGreaterThan(1000);
  history.down = false;
  const done = feeding.caughtUp();
  clock.fire();
  await done;
  expect(history.times).toEqual(range(0, 100));
  expect(decoded).toBeGreaterThanOrEqual(85);
  expect(states.at(0)).toBe('retrying');
  expect(states.at(-1)).toBe('feeding');
});

test('the feeder waits as long as the history asks for, five minutes at most', async () => {
  const clock = manualClock();
  let retryAfterMs = 90_000;
  const feeding = start(
    {
      storedTo: undefined,
      write: () => Promise.reject(new HistoryError('busy', { cause: undefined, retryAfterMs })),
    },
    { clock, random: () => 0.5 },
  );
  feeding.committed(await append(0), batch(0));
  for (const next of [86_400_000, 0]) {
    await clock.waiting();
    retryAfterMs = next;
    clock.fire();
  }
  await clock.waiting();
  expect(clock.waits).toEqual([90_000, 300_000, 2000]);
});

test('an entry that was passed to the feeder out of order, or never, is read from the journal', async () => {
  const history = fakeHistory();
  const feeding = start(history);
  const [a, b, c] = [await append(0), await append(1), await append(2)];
  feeding.committed(c, batch(2));
  feeding.committed(a, batch(0));
  feeding.committed(b, batch(1));
  await append(3);
  await feeding.caughtUp();
  expect(history.times).toEqual([0, 1, 2, 3]);
});

test('an entry that cannot be decoded is left out', async () => {
  for (const n of range(0, 3)) await append(n);
  const history = fakeHistory();
  const feeding = start(history, {
    decode: ({ position }) => {
      if (position === 1) throw new Error('cannot be decoded');
      return batch(position);
    },
  });
  await feeding.caughtUp();
  expect(history.times).toEqual([0, 2]);
});

test('[H4] while no pushes come, the journal forgets by itself what the history stores later', async () => {
  const history = fakeHistory();
  const clock = manualClock();
  let durable = 0;
  const write = async (batches: readonly SampleBatch[], upTo: Position) => {
    await history.write(batches, upTo);
    return durable;
  };
  for (const n of range(0, 40)) await append(n);
  const feeding = start({ storedTo: 0, write }, { clock });
  await feeding.caughtUp();
  await clock.waiting();
  expect(journal.start).toBe(0);
  durable = 40;
  clock.fire();
  await clock.waiting();
  expect(journal.start).toBeGreaterThan(0);
});

test('[I1] when the history has begun anew, everything that the journal still holds is written again', async () => {
  const history = fakeHistory();
  let damaged = false;
  const write = async (batches: readonly SampleBatch[], upTo: Position) => {
    if (damaged) {
      damaged = false;
      history.times.length = 0;
      throw new HistoryBegunAnew('the database was damaged');
    }
    await history.write(batches, upTo);
    return 0;
  };
  const feeding = start({ storedTo: 0, write });
  for (const n of range(0, 20)) feeding.committed(await append(n), batch(n));
  await feeding.caughtUp();
  damaged = true;
  for (const n of range(20, 30)) feeding.committed(await append(n), batch(n));
  await feeding.caughtUp();
  expect(history.times).toEqual(range(0, 30));
});

test('stop ends the wait for a retry at once, and a new feeder goes on from the journal', async () => {
  const history = fakeHistory();
  const clock = manualClock();
  history.down = true;
  const feeding = start(history, { clock });
  feeding.committed(await append(0), batch(0));
  await clock.waiting();
  await feeding.stop();
  history.down = false;
  const next = start(history);
  await next.caughtUp();
  expect(history.times).toEqual([0]);
});
