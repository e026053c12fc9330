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

describe('a collection', () => {
  test('is on disk when put resolves, with its copy, for the owner alone', async () => {
    const things = await open();
    await things.put({ id: 'a', n: 1 });
    expect(onDisk()).toEqual([{ id: 'a', n: 1 }]);
    expect(onDisk(`${path}.bak`)).toEqual([{ id: 'a', n: 1 }]);
    for (const file of [path, `${path}.bak`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    await things.close();
  });

  test('is there again, in the order of the first put', async () => {
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

  test('is not written when nothing changed', async () => {
    const things = await open();
    await things.put({ id: 'a', n: 1 });
    rmSync(path);
    await things.put({ id: 'a', n: 1 });
    await things.remove('b');
    expect(readdirSync(dir)).toEqual(['things.json.bak']);
    await things.close();
  });

  test('shows a change at once and gathers many into few writes, the last one winning', async () => {
    const things = await open();
    const puts = Array.from({ length: 500 }, (_, n) => things.put({ id: `${n % 50}`, n }));
    expect(things.all()).toHaveLength(50);
    await Promise.all(puts);
    expect(onDisk()).toEqual(things.all());
    await things.close();
  });

  test('close waits for a change made just as a write ended', async () => {
    const things = await open();
    const first = things.put({ id: 'a', n: 1 });
    const second = things.put({ id: 'b', n: 1 });
    // Runs between the end of the first write and the start of the second.
    const third = first.then(() => things.put({ id: 'c', n: 1 }));
    let written = 0;
    for (const one of [second, third]) void one.then(() => written++);
    await Promise.race([second, third]);
    await things.close();
    expect(written).toBe(2);
    expect(onDisk()).toEqual(things.all());
  });
});

describe('a write that fails', () => {
  test('rejects and says why; the change is in effect and is written with the next', async () => {
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

  test('is tried again by itself', async () => {
    const tries: unknown[] = [];
    let told = () => {};
    const again = new Promise<void>((resolve) => (told = resolve));
    const things = await openCollection({
      path,
      schema: item,
      notice: () => undefined,
      retryMs: 1,
      log: { ...log, error: (first: unknown) => tries.push(first) && tries.length === 3 && told() },
    });
    mkdirSync(path);
    await expect(things.put({ id: 'a', n: 1 })).rejects.toThrow();
    await again;
    rmSync(path, { recursive: true });
    await things.close();
    expect(onDisk()).toEqual([{ id: 'a', n: 1 }]);
  });

  test('is tried a last time at the end, and the end says when that failed, too', async () => {
    const things = await open();
    mkdirSync(path);
    await expect(things.put({ id: 'a', n: 1 })).rejects.toThrow();
    await expect(things.close()).rejects.toThrow(/could not be written/);
    rmSync(path, { recursive: true });
    await things.close();
    expect(onDisk()).toEqual([{ id: 'a', n: 1 }]);
  });
});

describe('a damaged file', () => {
  beforeEach(async () => {
    const things = await open();
    await things.put({ id: 'a', n: 1 });
    await things.close();
  });

  test.each([
    ['cut', '[{"id":"a"'],
    ['empty', ''],
    ['of zeros', '\0\0\0\0'],
    ['of another shape', '[{"id":"a","n":"one"}]'],
    ['null', 'null'],
  ])('(%s) is set aside, its last good copy is used, and that is said', async (_, text) => {
    writeFileSync(path, text);
    const things = await open();
    expect(things.all()).toEqual([{ id: 'a', n: 1 }]);
    expect(onDisk()).toEqual([{ id: 'a', n: 1 }]);
    expect(readFileSync(`${path}.damaged-77`, 'utf8')).toBe(text);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/things\.json is damaged \(.+\); its last good copy is used/);
    await things.close();
  });

  test('that is missing comes back from its copy', async () => {
    rmSync(path);
    const things = await open();
    expect(things.all()).toHaveLength(1);
    expect(notices[0]).toMatch(/is missing; its last good copy is used/);
    await things.close();
  });

  test('with a damaged copy is an error that says what to do, and nothing is touched', async () => {
    writeFileSync(path, '{');
    writeFileSync(`${path}.bak`, '{');
    await expect(open()).rejects.toThrow(/things\.json is damaged .* no good copy .* move both away/);
    expect(readdirSync(dir).sort()).toEqual(['things.json', 'things.json.bak']);
  });

  test('with a good copy that is damaged later loses nothing', async () => {
    writeFileSync(`${path}.bak`, '{');
    const things = await open();
    expect(things.all()).toHaveLength(1);
    await things.put({ id: 'b', n: 2 });
    expect(onDisk(`${path}.bak`)).toHaveLength(2);
    await things.close();
  });
});
