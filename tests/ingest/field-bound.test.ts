import { expect, test } from 'vitest';
import { FIELDS_PER_DEVICE } from '#protocol/fields.ts';
import { createFieldBound, UNASKED_FIELDS } from '../../server/ingest/field-bound.ts';

const named = (kind: string, count: number) => Array.from({ length: count }, (_, i) => `${kind}-${i}`);
const turn = () => new Promise(setImmediate);

/** A bound whose history answers what `stored` holds by then; `away`: it rejects. */
function openBound() {
  const asked: string[] = [];
  const history = { stored: named('old', 0), away: false, now: 0 };
  const failures: unknown[] = [];
  const bound = createFieldBound({
    storedFields: (deviceId) => {
      asked.push(deviceId);
      return history.away ? Promise.reject(new Error('away')) : Promise.resolve(history.stored);
    },
    onLookUpFailed: (error) => failures.push(error),
    now: () => history.now,
  });
  /** How many of these names the device may bring. */
  const admitted = async (names: readonly string[], deviceId = 'a') => {
    for (const name of names) bound.admits(deviceId, name);
    await bound.learning(deviceId);
    return names.filter((name) => bound.admits(deviceId, name)).length;
  };
  return { bound, history, asked, failures, admitted };
}

test('[I8] the fields that a device brought before the start of the server count too', async () => {
  const { bound, history, asked, admitted } = openBound();
  history.stored = named('old', FIELDS_PER_DEVICE - 10);
  bound.begin('a', new Map([['old-0', 0]]));
  expect(await admitted(named('old', UNASKED_FIELDS))).toBe(UNASKED_FIELDS);
  expect(asked).toEqual([]);
  expect(await admitted(named('new', 100))).toBe(10);
  expect(asked).toEqual(['a']);
  expect(await admitted(history.stored)).toBe(FIELDS_PER_DEVICE - 10);
  expect(await admitted(named('new', 100), 'b')).toBe(100);
  expect(asked).toEqual(['a']);
});

test('[I8] a device without room gets some once the history has deleted the samples of its old fields', async () => {
  const { bound, history, asked, admitted } = openBound();
  history.stored = named('old', FIELDS_PER_DEVICE);
  expect(await admitted(named('old', FIELDS_PER_DEVICE))).toBe(FIELDS_PER_DEVICE);
  expect(await admitted(['late'])).toBe(0);
  history.stored = named('old', 100);
  history.now += 9 * 60_000;
  expect(await admitted(['late'])).toBe(0);
  history.now += 60_000;
  // The push that brings the name does not wait for this answer.
  expect(bound.admits('a', 'late')).toBe(false);
  expect(bound.learning('a')).toBeUndefined();
  await turn();
  expect(asked).toHaveLength(2);
  expect(await admitted(named('late', FIELDS_PER_DEVICE))).toBe(FIELDS_PER_DEVICE - 100);
});

test('[H4] [I8] while the history does not answer, the names since the start are bounded, and it is asked again', async () => {
  const { history, failures, asked, admitted } = openBound();
  history.away = true;
  expect(await admitted(named('new', FIELDS_PER_DEVICE - 5))).toBe(FIELDS_PER_DEVICE - 5);
  expect(failures).toHaveLength(1);
  expect(await admitted(named('more', 10))).toBe(5);
  expect(asked).toHaveLength(1);
  history.away = false;
  history.stored = named('old', 10);
  history.now += 10 * 60_000;
  // What was brought in the meantime may not be stored yet; it counts.
  expect(await admitted(['one-more', 'new-1', 'old-1'])).toBe(2);
  expect(asked).toHaveLength(2);
});

test('[I8] what is known of a removed device is gone, also where the history answers after its removal', async () => {
  const { bound, history, admitted } = openBound();
  history.stored = named('old', FIELDS_PER_DEVICE);
  for (const name of named('new', UNASKED_FIELDS + 1)) bound.admits('a', name);
  const answer = bound.learning('a');
  bound.forget('a');
  await answer;
  history.stored = [];
  expect(await admitted(named('fresh', FIELDS_PER_DEVICE + 1))).toBe(FIELDS_PER_DEVICE);
});
