import { expect, test } from 'vitest';
import { FIELDS_PER_DEVICE } from '#protocol/fields.ts';
import { createFieldBound } from '../../server/ingest/field-bound.ts';

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
  const admitted = (names: readonly string[], deviceId = 'a') =>
    names.filter((name) => bound.admits(deviceId, name)).length;
  return { bound, history, asked, failures, admitted };
}

test('[I8] the fields that a device brought before the start of the server count too', async () => {
  const { bound, history, asked, admitted } = openBound();
  history.stored = named('old', FIELDS_PER_DEVICE - 10);
  bound.begin('a', new Map([['old-0', 0]]));
  expect(admitted(['old-0'])).toBe(1);
  expect(asked).toEqual([]);
  // The push that brings the first other name does not wait for the answer.
  expect(admitted(['new-0'])).toBe(1);
  await turn();
  expect(asked).toEqual(['a']);
  expect(admitted(named('new', 100))).toBe(10);
  expect(admitted(history.stored)).toBe(FIELDS_PER_DEVICE - 10);
  expect(admitted(named('new', 100), 'b')).toBe(100);
});

test('[I8] a device without room gets some once the history has deleted the samples of its old fields', async () => {
  const { bound, history, asked, admitted } = openBound();
  history.stored = named('old', FIELDS_PER_DEVICE);
  bound.admits('a', 'new');
  await turn();
  expect(admitted(['late'])).toBe(0);
  history.stored = named('old', 100);
  history.now += 9 * 60_000;
  expect(admitted(['late'])).toBe(0);
  history.now += 60_000;
  expect(admitted(['late'])).toBe(0);
  await turn();
  expect(asked).toHaveLength(2);
  expect(admitted(named('late', FIELDS_PER_DEVICE))).toBe(FIELDS_PER_DEVICE - 100);
});

test('[H4] [I8] while the history does not answer, the names since the start are bounded, and it is asked again', async () => {
  const { history, failures, asked, admitted } = openBound();
  history.away = true;
  expect(admitted(named('new', FIELDS_PER_DEVICE + 5))).toBe(FIELDS_PER_DEVICE);
  await turn();
  expect(failures).toHaveLength(1);
  history.away = false;
  history.stored = named('old', 10);
  history.now += 10 * 60_000;
  expect(admitted(['one-more', 'new-1'])).toBe(1);
  await turn();
  expect(asked).toHaveLength(2);
  // What was brought in the meantime may not be stored yet; it counts.
  expect(admitted(['new-1', 'old-1', 'one-more'])).toBe(2);
});

test('[I8] what is known of a removed device is gone, also where the history answers after its removal', async () => {
  const { bound, history, admitted } = openBound();
  history.stored = named('old', FIELDS_PER_DEVICE);
  bound.admits('a', 'new');
  bound.forget('a');
  bound.begin('a', new Map());
  await turn();
  expect(admitted(named('fresh', 100))).toBe(100);
});
