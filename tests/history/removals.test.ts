import { expect, test } from 'vitest';
import { createLog } from '../../server/app/log.ts';
import type { SampleBatch } from '../../server/history/history.ts';
import { createRemovals } from '../../server/history/removals.ts';
import type { RemovalRecord } from '../../server/state/records.ts';
import { memoryCollection } from '../state/memory-collection.ts';

const entry = (position: number, deviceId = 'd') => ({
  position,
  batch: { deviceId, samples: [{ t: position, values: { cpu: 1 } }] },
});

/** Removals over a history that cannot delete while `away`; `calls` are what it did, in order. */
function openRemovals(
  kept: readonly RemovalRecord[] = [],
  { registered, journal = { start: 0, end: 10 } }: { registered?: number; journal?: object } = {},
) {
  const calls: string[] = [];
  const stage: { away: boolean; problem: string | null; retry: () => void } = {
    away: false,
    problem: null,
    retry: () => undefined,
  };
  const records = memoryCollection<RemovalRecord>(kept);
  const removals = createRemovals({
    records,
    history: {
      async remove(deviceId) {
        if (stage.away) throw new Error('away');
        calls.push(`delete ${deviceId}`);
      },
      async write(batches: readonly SampleBatch[], upTo) {
        calls.push(`write ${batches.flatMap(({ samples }) => samples.map(({ t }) => t)).join(' ')}`);
        return upTo;
      },
    },
    journal: { start: 0, end: 10, ...journal },
    registeredAt: () => registered,
    clock: {
      now: () => 1000,
      after(_, job) {
        stage.retry = job;
        return () => undefined;
      },
    },
    log: createLog('silent'),
    onProblem: (text) => (stage.problem = text),
  });
  return { removals, records, calls, stage };
}

test('[I8] samples of a new device wait for the deletion of the removed one with its id, whose own are left out', async () => {
  const { removals, records, calls, stage } = openRemovals();
  stage.away = true;
  await removals.note('d');
  await removals.carryOut('d');
  expect(stage.problem).toContain('away');
  expect(removals.waits('d')).toBe(true);
  await expect(removals.write([entry(9), entry(10), entry(11, 'e')], 12)).rejects.toThrow('away');
  expect(await removals.write([entry(8), entry(9), entry(11, 'e')], 12)).toBe(12);
  stage.away = false;
  expect(await removals.write([entry(9), entry(10), entry(11, 'e')], 12)).toBe(12);
  expect(calls).toEqual(['write 11', 'delete d', 'write 10 11']);
  expect(stage.problem).toBe(null);
  expect(removals.waits('d')).toBe(false);
  // The journal may be read again from its start.
  await removals.write([entry(9)], 10);
  expect(calls.at(-1)).toBe('write ');
  expect(records.get('d')).toMatchObject({ deleted: true, before: 10 });
});

test('[I8] a deletion that failed is tried again by itself', async () => {
  const { removals, calls, stage } = openRemovals();
  stage.away = true;
  await removals.note('d');
  await removals.carryOut('d');
  stage.away = false;
  stage.retry();
  await expect.poll(() => calls).toEqual(['delete d']);
});

const kept = { id: 'd', removed_at: 500, before: 20, deleted: false };

test.each([
  ['is carried out where the device is gone', undefined, ['delete d']],
  ['is carried out where a new device has its id', 600, ['delete d']],
  ['is forgotten where the server ended before the device was removed', 400, []],
])('[I8] at a start, a removal %s', async (_, registered, expected) => {
  const { calls, removals } = openRemovals(
    [kept],
    registered === undefined ? {} : { registered, journal: { end: 30 } },
  );
  await removals.write([], 30);
  await expect.poll(() => removals.waits('d')).toBe(false);
  expect(calls.filter((call) => call.startsWith('delete'))).toEqual(expected);
});

test('[I8] after the journal was lost, a removal leaves out nothing that comes later', async () => {
  const { removals, calls } = openRemovals([{ ...kept, deleted: true }], { journal: { end: 5 } });
  await removals.write([entry(4), entry(5), entry(6)], 7);
  expect(calls).toEqual(['write 5 6']);
});

test('a removal is forgotten with the last samples of its device in the journal', () => {
  const done = { ...kept, deleted: true };
  expect(openRemovals([done], { journal: { start: 19, end: 30 } }).records.all()).toHaveLength(1);
  expect(openRemovals([done], { journal: { start: 20, end: 30 } }).records.all()).toHaveLength(0);
});
