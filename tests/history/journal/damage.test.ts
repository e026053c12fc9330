import { cp, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openJournal, type Journal, type JournalOptions } from '../../../server/history/journal/journal.ts';
import { systemClock } from '../../../server/app/clock.ts';
import { createLog } from '../../../server/app/log.ts';
import { flipBit } from '../damage.ts';

const RECORDS = 60;
/** Each record is this long: its fixed parts, the device id `d`, and a payload of 31 bytes. */
const RECORD_BYTES = 18 + 1 + 31;
const HEADER_BYTES = 8;
/** One byte in each part of a record: length, CRC, time of arrival, length of the id, id, payload. */
const BYTES = [0, 1, 2, 3, 4, 7, 8, 12, 15, 16, 17, 18, 19, 30, RECORD_BYTES - 1];
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** A journal of sixty records in six files; each test damages a copy of it. */
let filled: string;
let dir: string;
let notices: string[];
beforeAll(async () => {
  filled = dir = await mkdtemp(join(tmpdir(), 'journal-filled-'));
  const journal = await open();
  for (const n of range(0, RECORDS)) await append(journal, n);
  await journal.close();
});
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'journal-damage-'));
  notices = [];
});
afterEach(() => rm(dir, { recursive: true, force: true }));
afterAll(() => rm(filled, { recursive: true, force: true }));

const open = (options: Partial<JournalOptions> = {}): Promise<Journal> =>
  openJournal({
    clock: systemClock,
    dir,
    log: createLog('silent'),
    notice: (text) => notices.push(text),
    gatherMs: 1,
    segmentBytes: 500,
    ...options,
  });
const append = (journal: Journal, n: number) =>
  journal.append({ deviceId: 'd', arrived: n, payload: Buffer.from(`${n}`.padEnd(31, '.')) });
const segments = async () => (await readdir(dir)).filter((name) => name.endsWith('.journal')).sort();
const pathOf = async (index: number) => join(dir, (await segments()).at(index) ?? '');

/** The numbers of the records that the journal still reads. */
async function readNumbers(journal: Journal): Promise<number[]> {
  const numbers: number[] = [];
  for await (const entries of journal.read(journal.start))
    numbers.push(...entries.map(({ payload }) => Number.parseInt(Buffer.from(payload).toString(), 10)));
  return numbers;
}

const fill = () => cp(filled, dir, { recursive: true });

/** Opens the journal, and expects it to read all but the records `lost` and to go on with larger positions. */
async function expectLost(lost: readonly number[], options: Partial<JournalOptions> = {}): Promise<void> {
  const journal = await open(options);
  expect(await readNumbers(journal)).toEqual(range(0, RECORDS).filter((n) => !lost.includes(n)));
  expect(await append(journal, RECORDS)).toBeGreaterThanOrEqual(RECORDS - 1);
  expect((await readNumbers(journal)).at(-1)).toBe(RECORDS);
  await journal.close();
}

test.each(BYTES)(
  '[I1] a bit that flips in byte %i of a record costs that record only, which is told and counted',
  async (byte) => {
    await fill();
    // The fourth record of the third file.
    await flipBit(await pathOf(2), HEADER_BYTES + 3 * RECORD_BYTES + byte, byte % 8);
    await expectLost([23]);
    expect(notices).toEqual([
      expect.stringMatching(/000020\.journal is damaged: 1 of its records .* are lost/),
    ]);
  },
);

test('[I1] every record after several damaged places is read, and the damaged file is kept', async () => {
  await fill();
  const path = await pathOf(1);
  for (const n of [0, 4, 5, 8]) await flipBit(path, HEADER_BYTES + n * RECORD_BYTES + 20, 1);
  await expectLost([10, 14, 15, 18]);
  expect(notices.join()).toContain('4 of its records cannot be read');
  const journal = await open();
  await journal.forget(journal.end);
  await journal.close();
  expect((await readdir(dir)).filter((name) => name.endsWith('.damaged'))).toHaveLength(1);
});

test('[I1] a damaged header of a journal file costs none of its records', async () => {
  await fill();
  await flipBit(await pathOf(2), 3, 2);
  await expectLost([]);
  expect(notices.join()).toContain('0 of its records cannot be read');
});

test('[I1] a journal file full of other bytes is told, and the start does not search it for long', async () => {
  await fill();
  let seed = 1;
  const noise = Buffer.from(
    Array.from({ length: 300_000 }, () => (seed = (seed * 16807) % 2147483647) & 255),
  );
  await writeFile(await pathOf(2), noise);
  await expectLost(range(20, 30));
  expect(notices.join()).toContain('10 of its records cannot be read');
});

test.each([
  ['in the middle', 2, range(20, 30), 'has no records 20 to 29'],
  ['at the front', 0, range(0, 10), 'files from record 0 to 10 are missing'],
  ['at the end', -1, range(50, 60), 'The newest journal files, from record 50, are missing'],
])('[I1] a journal file that was removed %s is told', async (_, index, lost, text) => {
  await fill();
  await rm(await pathOf(index));
  const journal = await open({ storedTo: 3 });
  expect(await readNumbers(journal)).toEqual(range(0, RECORDS).filter((n) => !lost.includes(n)));
  await journal.close();
  expect(notices).toEqual([expect.stringContaining(text)]);
  expect(notices.join()).toContain('are lost');
  notices = [];
  await (await open()).close();
  expect(notices.filter((notice) => !notice.includes('has no records'))).toEqual([]);
});

test('[I1] when all journal files are gone it is told, and no position is used again', async () => {
  await fill();
  for (const name of await segments()) await rm(join(dir, name));
  const journal = await open({ storedTo: 45 });
  expect(await append(journal, 0)).toBeGreaterThanOrEqual(45);
  await journal.close();
  expect(notices.join()).toMatch(
    /All journal files are missing.*ends with record 0, but the history has stored the records up to 45/,
  );
});

test('[I1] a journal whose folder was removed ends before what the history has stored, and that is told', async () => {
  const journal = await open({ storedTo: 45 });
  expect(await append(journal, 0)).toBe(45);
  await journal.close();
  expect(notices.join()).toContain('the history has stored the records up to 45');
});

test('[I1] a journal file that was cut short in the middle of the journal is told', async () => {
  await fill();
  await truncate(await pathOf(2), HEADER_BYTES + 4 * RECORD_BYTES);
  await expectLost(range(24, 30));
  expect(notices.join()).toContain('has no records 24 to 29');
});

test('damage to records that the history has stored is told as harmless', async () => {
  await fill();
  await flipBit(await pathOf(1), 100, 0);
  await (await open({ storedTo: 20 })).close();
  expect(notices.join()).toContain('nothing is lost, because the history has stored these samples');
});

test('damage to the list of the journal files is told, and costs nothing', async () => {
  await fill();
  await flipBit(join(dir, 'extent'), 5, 0);
  await expectLost([]);
  expect(notices).toEqual([expect.stringContaining('extent is damaged')]);
});

test.each(BYTES)(
  '[I1] a bit that flips in byte %i of the last record is told as damage, not as an unfinished write',
  async (byte) => {
    await fill();
    await flipBit(await pathOf(-1), HEADER_BYTES + 9 * RECORD_BYTES + byte, byte % 8);
    await expectLost([59]);
    expect(notices).toEqual([expect.stringContaining('000050.journal is damaged: some of its records')]);
  },
);

test.each(BYTES.slice(1))(
  'a write that ended after %i bytes of a record is cut off, and nobody is told of damage',
  async (bytes) => {
    await fill();
    await truncate(await pathOf(-1), HEADER_BYTES + 9 * RECORD_BYTES + bytes);
    await expectLost([59]);
    expect(notices).toEqual([]);
  },
);

test('a file that a power failure left enlarged but not written is cut off, and nobody is told of damage', async () => {
  await fill();
  const path = await pathOf(-1);
  const whole = await readFile(path);
  await writeFile(
    path,
    Buffer.concat([whole, whole.subarray(HEADER_BYTES, HEADER_BYTES + 20), Buffer.alloc(200)]),
  );
  await expectLost([]);
  expect(notices).toEqual([]);
});

test('a journal file that the server was making when it ended is no damage', async () => {
  await fill();
  await writeFile(join(dir, '0000000000000060.journal'), 'WF');
  await expectLost([]);
  expect(notices).toEqual([]);
});

test.each(['removed', 'moved away'])(
  '[I1] when the file that the journal writes to is %s, a new one is begun and it is told',
  async (how) => {
    const { clock, tick } = clockWithTicks();
    const journal = await open({ clock, segmentBytes: 100_000 });
    await append(journal, 0);
    const path = await pathOf(-1);
    if (how === 'removed') await rm(path);
    else await rename(path, join(dir, 'elsewhere'));
    const told = new Promise<void>((resolve) => {
      notices.push = (...texts) => {
        resolve();
        return Array.prototype.push.apply(notices, texts);
      };
    });
    tick();
    await told;
    expect(await append(journal, 1)).toBe(1);
    await journal.close();
    expect(notices.join()).toContain('was removed or moved while the server wrote to it');
    const reopened = await open();
    expect(await readNumbers(reopened)).toEqual([1]);
    await reopened.close();
  },
);

test('[I1] when the folder is moved away, appends are refused within a second and taken once it is back', async () => {
  const { clock, tick } = clockWithTicks();
  let told: (reason: string | null) => void = () => undefined;
  const nextReason = (wanted: (reason: string | null) => boolean) =>
    new Promise<string | null>((resolve) => (told = (reason) => wanted(reason) && resolve(reason)));
  const journal = await open({ clock, onProblem: (reason) => told(reason) });
  await append(journal, 0);
  await rename(dir, `${dir}-moved`);
  const problem = nextReason((reason) => reason !== null);
  tick();
  expect(await problem).toContain('cannot be written');
  await expect(append(journal, 1)).rejects.toThrow('samples are refused until then');
  const over = nextReason((reason) => reason === null);
  await rename(`${dir}-moved`, dir);
  await over;
  await append(journal, 2);
  expect(await readNumbers(journal)).toEqual([0, 2]);
  await journal.close();
});

/** The system's clock with short waits, whose repeated job runs when the test calls `tick`. */
function clockWithTicks() {
  let job: () => void = () => undefined;
  const clock = {
    ...systemClock,
    after: (ms: number, run: () => void) => systemClock.after(Math.min(ms, 5), run),
    every: (run: () => void) => {
      job = run;
      return () => undefined;
    },
  };
  return { clock, tick: () => job() };
}
