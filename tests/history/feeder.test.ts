import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFeeder, type Feeder, type FeederOptions } from '../../server/history/feeder.ts';
import type { Position, SampleBatch } from '../../server/history/history.ts';
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

/** A history that keeps times in the order they came, and fails while `down`. */
function fakeHistory() {
  const times: number[] = [];
  const sizes: number[] = [];
  const history = {
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

/** Timers that run when told. */
function handClock(): FeederOptions['clock'] & { waits: number[]; fire(): void; waiting(): Promise<void> } {
  let pending: (() => void) | undefined;
  let arrived: (() => void) | undefined;
  const waits: number[] = [];
  return {
    waits,
    now: () => 0,
    after: (ms, run) => {
      waits.push(ms);
      pending = run;
      arrived?.();
      return () => (pending = undefined);
    },
    fire: () => {
      const run = pending;
      pending = undefined;
      run?.();
    },
    waiting: () => new Promise((resolve) => (pending === undefined ? (arrived = resolve) : resolve())),
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

test('live entries arrive in order without being decoded again', async () => {
  const history = fakeHistory();
  const f = start(history, {
    decode: () => {
      throw new Error('must not be asked');
    },
  });
  for (const n of range(0, 50)) f.committed(await append(n), batch(n));
  await f.caughtUp();
  expect(history.times).toEqual(range(0, 50));
  expect(f.behindBytes()).toBe(0);
});

test('at its start it replays what the journal holds, then goes on live', async () => {
  for (const n of range(0, 40)) await append(n);
  const history = fakeHistory();
  const f = start(history, { samplesPerWrite: 7 });
  for (const n of range(40, 60)) f.committed(await append(n), batch(n));
  await f.caughtUp();
  expect(history.times).toEqual(range(0, 60));
  expect(Math.max(...history.sizes)).toBeLessThanOrEqual(7);
  expect(journal.start).toBeGreaterThan(30);
});

test('[H4] while history is down memory stays bounded, and all of it arrives later in order, once', async () => {
  const history = fakeHistory();
  const clock = handClock();
  const states: string[] = [];
  let decoded = 0;
  const f = start(history, {
    clock,
    random: () => 0.5,
    samplesInMemory: 10,
    samplesPerWrite: 4,
    onState: ({ kind }) => states.push(kind),
    decode: ({ payload }) => {
      decoded++;
      return batch(Number(Buffer.from(payload).toString()));
    },
  });
  history.down = true;
  for (const n of range(0, 100)) f.committed(await append(n), batch(n));
  for (let i = 0; i < 7; i++) {
    await clock.waiting();
    clock.fire();
  }
  await clock.waiting();
  expect(clock.waits.slice(0, 7)).toEqual([500, 1000, 2000, 4000, 8000, 15000, 15000]);
  expect(history.times).toEqual([]);
  expect(f.behindBytes()).toBeGreaterThan(1000);
  history.down = false;
  const done = f.caughtUp();
  clock.fire();
  await done;
  expect(history.times).toEqual(range(0, 100));
  expect(decoded).toBeGreaterThanOrEqual(85);
  expect(states.at(0)).toBe('retrying');
  expect(states.at(-1)).toBe('feeding');
});

test('an entry that was never reported, or out of turn, is taken from the journal', async () => {
  const history = fakeHistory();
  const f = start(history);
  const [a, b, c] = [await append(0), await append(1), await append(2)];
  f.committed(c, batch(2));
  f.committed(a, batch(0));
  f.committed(b, batch(1));
  await append(3);
  await f.caughtUp();
  expect(history.times).toEqual([0, 1, 2, 3]);
});

test('an entry that is not understood is left out', async () => {
  for (const n of range(0, 3)) await append(n);
  const history = fakeHistory();
  const f = start(history, {
    decode: ({ position }) => {
      if (position === 1) throw new Error('not understood');
      return batch(position);
    },
  });
  await f.caughtUp();
  expect(history.times).toEqual([0, 2]);
});

test('stop ends a retry at once, and a new feeder takes over from the journal', async () => {
  const history = fakeHistory();
  const clock = handClock();
  history.down = true;
  const f = start(history, { clock });
  f.committed(await append(0), batch(0));
  await clock.waiting();
  await f.stop();
  history.down = false;
  const again = start(history);
  await again.caughtUp();
  expect(history.times).toEqual([0]);
});
