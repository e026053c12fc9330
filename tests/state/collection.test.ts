import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { openCollection } from '../../server/state/lowdb-collection.ts';
import { ownFolder } from './folder.ts';

const item = z.object({ id: z.string(), n: z.number() });
let dir: string;
let path: string;
let notices: string[];
let problems: (string | null)[];
let lost: string | undefined;
beforeEach(() => {
  dir = ownFolder();
  path = join(dir, 'things.json');
  notices = [];
  problems = [];
  lost = undefined;
});
const open = (changes: { retryMs?: number; isExpected?: boolean; onProblem?: () => void } = {}) =>
  openCollection({
    path,
    schema: item,
    isExpected: false,
    notice: (text) => notices.push(text),
    onProblem: (text) => problems.push(text),
    onLost(problem) {
      throw new Error(problem);
    },
    whyLost: () => lost,
    now: () => 77,
    ...changes,
  });
const onDisk = (file = path): unknown => JSON.parse(readFileSync(file, 'utf8'));

describe('collections', () => {
  test('a record and its copy are on disk when put resolves, readable by the owner only', async () => {
    const things = await open();
    await things.put({ id: 'a', n: 1 });
    expect(onDisk()).toEqual([{ id: 'a', n: 1 }]);
    expect(onDisk(`${path}.bak`)).toEqual([{ id: 'a', n: 1 }]);
    for (const file of [path, `${path}.bak`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    await things.close();
  });

  test('records with long lists are read as they were written', async () => {
    const wide = z.object({
      id: z.string(),
      n: z.number().optional(),
      list: z.array(z.object({ name: z.string(), parts: z.array(z.number()) })),
      last: z.string().nullable(),
    });
    const openWide = () =>
      openCollection({
        ...{ path, schema: wide, isExpected: false, whyLost: () => undefined },
        notice: (text) => notices.push(text),
        onProblem: (text) => problems.push(text),
        onLost: (problem) => problems.push(problem),
      });
    const parts = Array.from({ length: 300 }, (_, i) => i);
    const list = parts.map((n) => ({ name: `"${n}"\n`, parts: n === 7 ? parts : [n] }));
    const records = [
      { id: 'short', n: 1, list: [], last: null },
      { id: 'long', n: undefined, list, last: 'end' },
      ...parts.map((n) => ({ id: `${n}`, n, list: list.slice(0, n), last: null })),
    ];
    const things = await openWide();
    await things.putAll(records);
    await things.close();
    const again = await openWide();
    expect(again.all()).toEqual(records);
    expect([notices, problems]).toEqual([[], []]);
    await again.close();
  });

  test('records that are put together are all on disk, or all undone', async () => {
    const things = await open();
    await things.put({ id: 'a', n: 1 });
    await things.putAll([
      { id: 'a', n: 2 },
      { id: 'b', n: 2 },
    ]);
    expect(onDisk()).toEqual(things.all());
    lost = 'the disk is gone';
    const failing = things.putAll([
      { id: 'a', n: 3 },
      { id: 'c', n: 3 },
    ]);
    await expect(failing).rejects.toThrow();
    lost = undefined;
    expect(things.all()).toEqual([
      { id: 'a', n: 2 },
      { id: 'b', n: 2 },
    ]);
    await things.close();
  });

  test('a collection has the same records in the same order after it is opened again', async () => {
    const things = await open();
    for (const id of ['b', 'a', 'c', '__proto__', 'constructor']) await things.put({ id, n: 1 });
    await things.put({ id: 'b', n: 2 });
    await things.remove('c');
    await things.close();
    const again = await open();
    expect(again.all().map(({ id }) => id)).toEqual(['b', 'a', '__proto__', 'constructor']);
    expect(again.get('b')).toEqual({ id: 'b', n: 2 });
    expect(again.get('toString')).toBeUndefined();
    expect(notices).toEqual([]);
    await again.close();
  });

  test('a collection is not written when nothing changed', async () => {
    const things = await open();
    await things.put({ id: 'a', n: 1 });
    rmSync(path);
    await things.put({ id: 'a', n: 1 });
    await things.remove('b');
    expect(readdirSync(dir)).toEqual(['things.json.bak']);
    await things.close();
  });

  test('[I8] a change that is put soon is visible at once and written with the next other change', async () => {
    const things = await open();
    await things.put({ id: 'a', n: 0 });
    for (let n = 1; n <= 50; n++) things.putSoon({ id: 'a', n });
    expect(things.get('a')).toEqual({ id: 'a', n: 50 });
    await new Promise(setImmediate);
    expect(onDisk()).toEqual([{ id: 'a', n: 0 }]);
    await things.put({ id: 'b', n: 1 });
    expect(onDisk()).toEqual([
      { id: 'a', n: 50 },
      { id: 'b', n: 1 },
    ]);
    await things.close();
  });

  test('[I8] a change that is put soon is on disk when the collection is closed', async () => {
    const things = await open();
    things.putSoon({ id: 'a', n: 1 });
    const put = things.put({ id: 'b', n: 2 });
    things.putSoon({ id: 'a', n: 3 });
    await Promise.all([put, things.close()]);
    expect(onDisk()).toEqual([
      { id: 'a', n: 3 },
      { id: 'b', n: 2 },
    ]);
  });

  test('[I8] records that are kept all the time do not have the file written without a pause', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const things = await open();
      await things.put({ id: 'a', n: 0 });
      for (let n = 1; n <= 20; n++) {
        things.keep({ id: 'a', n });
        await new Promise(setImmediate);
      }
      expect(onDisk()).toEqual([{ id: 'a', n: 0 }]);
      // Somebody who waits for a change waits for no pause.
      await things.put({ id: 'b', n: 1 });
      expect(onDisk()).toEqual(things.all());
      things.keep({ id: 'a', n: 21 });
      await new Promise(setImmediate);
      vi.advanceTimersByTime(60_000);
      while (!isDeepStrictEqual(onDisk(), things.all())) await new Promise(setImmediate);
      await things.close();
    } finally {
      vi.useRealTimers();
    }
  });

  test('changes are visible at once, and after many puts the file has the newest records', async () => {
    const things = await open();
    const puts = Array.from({ length: 500 }, (_, n) => things.put({ id: `${n % 50}`, n }));
    expect(things.all()).toHaveLength(50);
    await Promise.all(puts);
    expect(onDisk()).toEqual(things.all());
    await things.close();
  });

  test('close waits for a change that is made just as a write ends', async () => {
    const things = await open();
    const first = things.put({ id: 'a', n: 1 });
    const second = things.put({ id: 'b', n: 1 });
    // Runs between the end of the first write and the start of the second.
    const third = first.then(() => things.put({ id: 'c', n: 1 }));
    let written = 0;
    for (const put of [second, third]) void put.then(() => written++);
    await Promise.race([second, third]);
    await things.close();
    expect(written).toBe(2);
    expect(onDisk()).toEqual(things.all());
  });
});

describe('failed writes', () => {
  /** Makes every write of the file fail, until the returned function is called. */
  function breakDisk(): () => void {
    rmSync(path);
    mkdirSync(path);
    return () => rmSync(path, { recursive: true });
  }

  test('a change that cannot be written is undone, and its error says that it was not made', async () => {
    const things = await open();
    await things.put({ id: 'a', n: 1 });
    const mend = breakDisk();
    const refused = { code: 'not_saved', status: 503 };
    await expect(things.put({ id: 'a', n: 2 })).rejects.toMatchObject(refused);
    await expect(things.put({ id: 'b', n: 2 })).rejects.toMatchObject(refused);
    await expect(things.remove('a')).rejects.toMatchObject(refused);
    expect(things.all()).toEqual([{ id: 'a', n: 1 }]);
    mend();
    await things.put({ id: 'c', n: 3 });
    expect(onDisk()).toEqual([
      { id: 'a', n: 1 },
      { id: 'c', n: 3 },
    ]);
    await things.close();
  });

  test('changes that were made while a write failed are undone with it, as they may build on it', async () => {
    const things = await open();
    await things.put({ id: 'a', n: 1 });
    const mend = breakDisk();
    const puts = [2, 3, 4].map((n) => things.put({ id: 'a', n }));
    expect(things.get('a')).toEqual({ id: 'a', n: 4 });
    expect((await Promise.allSettled(puts)).map(({ status }) => status)).toEqual(Array(3).fill('rejected'));
    expect(things.get('a')).toEqual({ id: 'a', n: 1 });
    mend();
    await things.close();
    expect(onDisk()).toEqual([{ id: 'a', n: 1 }]);
  });

  test('what nobody waits for stays in effect, and is written without a further change', async () => {
    let over = () => {};
    const mended = new Promise<void>((resolve) => (over = resolve));
    const things = await open({ retryMs: 1, onProblem: (text?: string | null) => text === null && over() });
    await things.put({ id: 'a', n: 1 });
    const mend = breakDisk();
    things.keep({ id: 'b', n: 2 });
    things.drop('a');
    await expect(things.put({ id: 'c', n: 3 })).rejects.toThrow();
    expect(things.all()).toEqual([{ id: 'b', n: 2 }]);
    mend();
    await mended;
    expect(onDisk()).toEqual([{ id: 'b', n: 2 }]);
    await things.close();
  });

  test('the problem names the file, the reason and the remedy, until writing works again', async () => {
    const things = await open();
    const mend = breakDisk();
    await expect(things.put({ id: 'a', n: 1 })).rejects.toThrow();
    expect(problems).toEqual([
      expect.stringMatching(/things\.json cannot be written \(E\w+\): check that the disk/),
    ]);
    mend();
    await things.put({ id: 'a', n: 1 });
    expect(problems.at(-1)).toBeNull();
    await things.close();
  });

  test('nothing is written to a folder that is no longer the server’s', async () => {
    const things = await open();
    await things.put({ id: 'a', n: 1 });
    lost = 'the data folder was moved';
    await expect(things.put({ id: 'b', n: 1 })).rejects.toMatchObject({ code: 'not_saved' });
    expect(onDisk()).toEqual([{ id: 'a', n: 1 }]);
    expect(problems[0]).toContain('the data folder was moved');
  });

  test('close retries a failed write, and rejects when that fails as well', async () => {
    const things = await open();
    const mend = breakDisk();
    things.keep({ id: 'a', n: 1 });
    await expect(things.close()).rejects.toThrow(/could not be written/);
    mend();
    await things.close();
    expect(onDisk()).toEqual([{ id: 'a', n: 1 }]);
  });
});

describe('damaged files', () => {
  beforeEach(async () => {
    const things = await open();
    await things.put({ id: 'a', n: 1 });
    await things.close();
  });

  test.each([
    ['that is cut', '[{"id":"a"'],
    ['that is empty', ''],
    ['of zeros', '\0\0\0\0'],
    ['of another shape', '[{"id":"a","n":"one"}]'],
    ['of null', 'null'],
  ])('a file %s is renamed, its last good copy is used, and a notice says so', async (_, text) => {
    writeFileSync(path, text);
    const things = await open();
    expect(things.all()).toEqual([{ id: 'a', n: 1 }]);
    expect(onDisk()).toEqual([{ id: 'a', n: 1 }]);
    expect(readFileSync(`${path}.damaged-77`, 'utf8')).toBe(text);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/things\.json is damaged \(.+\); its last good copy is used/);
    await things.close();
  });

  test('a missing file is restored from its copy', async () => {
    rmSync(path);
    const things = await open();
    expect(things.all()).toHaveLength(1);
    expect(notices[0]).toMatch(/is missing; its last good copy is used/);
    await things.close();
  });

  test('a damaged file with a damaged copy is an error that says what to do; both files stay', async () => {
    writeFileSync(path, '{');
    writeFileSync(`${path}.bak`, '{');
    await expect(open()).rejects.toThrow(/things\.json is damaged .* no good copy/);
    expect(readdirSync(dir).sort()).toEqual(['things.json', 'things.json.bak']);
  });

  test('a damaged copy of a good file is replaced at the next write', async () => {
    writeFileSync(`${path}.bak`, '{');
    const things = await open();
    expect(things.all()).toHaveLength(1);
    await things.put({ id: 'b', n: 2 });
    expect(onDisk(`${path}.bak`)).toHaveLength(2);
    await things.close();
  });

  test('a bad record among good ones is taken from the copy, and a notice says so', async () => {
    writeFileSync(
      path,
      JSON.stringify([
        { id: 'a', n: 'one' },
        { id: 'b', n: 2 },
      ]),
    );
    const things = await open();
    expect(things.all()).toEqual([
      { id: 'b', n: 2 },
      { id: 'a', n: 1 },
    ]);
    expect(notices[0]).toMatch(/1 of 2 records are damaged \(n: .*\)\. 1 were taken from its copy/);
    await things.close();
  });

  test('a bad record without a copy is left out and kept aside, and all others are used', async () => {
    const bad = [{ id: 7 }, null, 'text', { id: 'c', n: {} }];
    writeFileSync(path, JSON.stringify([{ id: 'b', n: 2 }, ...bad]));
    const things = await open();
    expect(things.all()).toEqual([{ id: 'b', n: 2 }]);
    expect(onDisk(`${path}.refused-77`)).toMatchObject(bad.map((value) => ({ value })));
    expect(onDisk()).toEqual([{ id: 'b', n: 2 }]);
    expect(notices[0]).toMatch(/4 of 5 records are damaged .* left out.* lie in .*refused-77/);
    await things.close();
  });

  test('a file and a copy that are missing although they must be there are an error', async () => {
    rmSync(path);
    rmSync(`${path}.bak`);
    await expect(open({ isExpected: true })).rejects.toThrow(`${path} and its copy are missing`);
  });
});
