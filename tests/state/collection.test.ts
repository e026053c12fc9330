import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createLog } from '../../server/app/log.ts';
import { openCollection } from '../../server/state/lowdb-collection.ts';
import { ownFolder } from './folder.ts';

const item = z.object({ id: z.string(), n: z.number() });
const log = createLog('silent');
let dir: string;
let path: string;
let notices: string[];
beforeEach(() => {
  dir = ownFolder();
  path = join(dir, 'things.json');
  notices = [];
});
const open = (retryMs = 5000) =>
  openCollection({ path, schema: item, log, retryMs, now: () => 77, notice: (text) => notices.push(text) });
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
  test('a failed write rejects with the reason, and its change is written with the next one', async () => {
    const things = await open();
    await things.put({ id: 'a', n: 1 });
    rmSync(path);
    mkdirSync(path);
    await expect(things.put({ id: 'b', n: 2 })).rejects.toThrow(
      /things\.json could not be written: check that the disk/,
    );
    expect(things.get('b')).toEqual({ id: 'b', n: 2 });
    rmSync(path, { recursive: true });
    await things.put({ id: 'c', n: 3 });
    expect(onDisk()).toHaveLength(3);
    await things.close();
  });

  test('a failed write is retried without a further change', async () => {
    const tries: unknown[] = [];
    let resolveThirdTry = () => {};
    const thirdTry = new Promise<void>((resolve) => (resolveThirdTry = resolve));
    const things = await openCollection({
      path,
      schema: item,
      notice: () => undefined,
      retryMs: 1,
      log: {
        ...log,
        error: (first: unknown) => tries.push(first) && tries.length === 3 && resolveThirdTry(),
      },
    });
    mkdirSync(path);
    await expect(things.put({ id: 'a', n: 1 })).rejects.toThrow();
    await thirdTry;
    rmSync(path, { recursive: true });
    await things.close();
    expect(onDisk()).toEqual([{ id: 'a', n: 1 }]);
  });

  test('close retries a failed write, and rejects when that fails as well', async () => {
    const things = await open();
    mkdirSync(path);
    await expect(things.put({ id: 'a', n: 1 })).rejects.toThrow();
    await expect(things.close()).rejects.toThrow(/could not be written/);
    rmSync(path, { recursive: true });
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
    await expect(open()).rejects.toThrow(/things\.json is damaged .* no good copy .* move both away/);
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
});
