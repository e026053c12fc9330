import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  openJournal,
  type Journal,
  type JournalEntry,
  type JournalOptions,
} from '../../../server/history/journal/journal.ts';
import { systemClock } from '../../../server/app/clock.ts';
import { createLog } from '../../../server/app/log.ts';

const log = createLog('silent');
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'journal-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const open = (options: Partial<JournalOptions> = {}) =>
  openJournal({ clock: systemClock, dir, log, gatherMs: 1, ...options });
const record = (n: number, size = 20) => ({
  deviceId: `device-${n % 3}-ü`,
  arrived: 1_700_000_000_000 + n,
  payload: Buffer.from(`${n}`.padEnd(size, '.')),
});

async function readAll(journal: Journal, from = journal.start): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for await (const batch of journal.read(from)) entries.push(...batch);
  return entries;
}
/** The number that each record of the test begins with. */
const numbers = (entries: readonly JournalEntry[]) =>
  entries.map((e) => Number.parseInt(Buffer.from(e.payload).toString(), 10));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const appendAll = (journal: Journal, ns: readonly number[], size?: number) =>
  Promise.all(ns.map((n) => journal.append(record(n, size))));
const segments = async () => (await readdir(dir)).filter((name) => name.endsWith('.journal')).sort();

describe('journal', () => {
  test('[I1] appended records are read back in order, also after the journal is reopened', async () => {
    const journal = await open();
    expect(await appendAll(journal, range(0, 50))).toEqual(range(0, 50));
    expect(journal.end).toBe(50);
    await journal.close();
    const reopened = await open();
    const entries = await readAll(reopened);
    expect(numbers(entries)).toEqual(range(0, 50));
    expect(entries[7]).toMatchObject({ position: 7, deviceId: 'device-1-ü', arrived: 1_700_000_000_007 });
    expect(await reopened.append(record(50))).toBe(50);
    expect(numbers(await readAll(reopened, 48))).toEqual([48, 49, 50]);
    await reopened.close();
  });

  test('only the owner can read the journal files', async () => {
    const journal = await open();
    await journal.append(record(0));
    for (const name of await segments()) expect((await stat(join(dir, name))).mode & 0o777).toBe(0o600);
    await journal.close();
  });

  test('closing the journal commits the waiting appends; later appends are refused', async () => {
    const journal = await open({ gatherMs: 60_000 });
    const waiting = journal.append(record(0));
    await journal.close();
    expect(await waiting).toBe(0);
    await expect(journal.append(record(1))).rejects.toThrow('closed');
  });

  test('records that are larger than one read of the file are read whole', async () => {
    const journal = await open();
    await appendAll(journal, range(0, 5), 1_500_000);
    expect(numbers(await readAll(journal))).toEqual(range(0, 5));
    await journal.close();
  });

  test('forget deletes only the segments that lie wholly below the position', async () => {
    const journal = await open({ segmentBytes: 200 });
    for (const n of range(0, 30)) await journal.append(record(n));
    const before = journal.bytesFrom(0);
    await journal.forget(20);
    expect(journal.start).toBeGreaterThan(10);
    expect(journal.start).toBeLessThanOrEqual(20);
    expect(journal.bytesFrom(0)).toBeLessThan(before);
    expect(journal.bytesFrom(30)).toBe(0);
    expect(numbers(await readAll(journal, 20))).toEqual(range(20, 30));
    await journal.forget(30);
    await journal.close();
    const reopened = await open();
    expect(reopened.end).toBe(30);
    expect(await reopened.append(record(30))).toBe(30);
    await reopened.close();
  });

  test('[I6] appends are refused at once when too many bytes wait for the disk', async () => {
    const journal = await open({ maxPendingBytes: 200, gatherMs: 5 });
    const results = await Promise.allSettled(range(0, 10).map((n) => journal.append(record(n))));
    expect(results.map((r) => r.status)).toContain('rejected');
    expect(results[0]?.status).toBe('fulfilled');
    expect(await journal.append(record(10))).toBe(journal.end - 1);
    await journal.close();
  });

  test('[I1] a failed write rejects its appends, their records are never read, and later appends work', async () => {
    let failing = false;
    const journal = await open({
      disk: {
        commit: async (file, bytes, offset) => {
          if (failing) {
            await file.write(bytes, 0, bytes.length - 7, offset);
            throw new Error('ENOSPC: no space left on device');
          }
          await file.write(bytes, 0, bytes.length, offset);
          await file.datasync();
        },
      },
    });
    await appendAll(journal, [0, 1]);
    failing = true;
    const failed = await Promise.allSettled([2, 3].map((n) => journal.append(record(n))));
    expect(failed.map((r) => r.status)).toEqual(['rejected', 'rejected']);
    expect(String(failed[0]?.status === 'rejected' && failed[0].reason)).toMatch(
      /no space left.*disk is not full/,
    );
    expect(numbers(await readAll(journal))).toEqual([0, 1]);
    await expect(journal.append(record(4))).rejects.toThrow('no space left');
    failing = false;
    expect(await appendAll(journal, [5, 6])).toEqual([2, 3]);
    expect(numbers(await readAll(journal))).toEqual([0, 1, 5, 6]);
    await journal.close();
    const reopened = await open();
    expect(numbers(await readAll(reopened))).toEqual([0, 1, 5, 6]);
    await reopened.close();
  });

  test('an unfinished write at the end of the journal is cut off; the records before it stay', async () => {
    const journal = await open();
    await appendAll(journal, range(0, 4));
    await journal.close();
    const path = join(dir, (await segments())[0] ?? '');
    const whole = await readFile(path);
    await appendFile(path, whole.subarray(8, 8 + 30));
    const reopened = await open();
    expect(numbers(await readAll(reopened))).toEqual(range(0, 4));
    expect((await readFile(path)).length).toBe(whole.length);
    await reopened.close();
  });

  test('a damaged record costs only the rest of its file, which is kept under another name', async () => {
    const journal = await open({ segmentBytes: 200 });
    for (const n of range(0, 20)) await journal.append(record(n));
    await journal.close();
    const names = await segments();
    const path = join(dir, names[1] ?? '');
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(100) ^ 0xff, 100);
    await writeFile(path, bytes);
    const errors: string[] = [];
    const recordingLog = { ...log, error: (_: unknown, text?: string) => errors.push(text ?? '') };
    const reopened = await openJournal({ clock: systemClock, dir, log: recordingLog, gatherMs: 1 });
    expect(errors.join()).toContain('damaged');
    const kept = numbers(await readAll(reopened));
    const first = Number.parseInt(names[1] ?? '', 10);
    const third = Number.parseInt(names[2] ?? '', 10);
    expect(kept.slice(0, first)).toEqual(range(0, first));
    expect(kept).toEqual(expect.arrayContaining(range(third, 20)));
    expect(await reopened.append(record(20))).toBe(20);
    await reopened.forget(20);
    await reopened.close();
    expect((await readdir(dir)).filter((name) => name.endsWith('.damaged'))).toHaveLength(1);
  });

  test('after damage in the last file no position is used again', async () => {
    const journal = await open();
    await appendAll(journal, range(0, 10));
    await journal.close();
    const path = join(dir, (await segments())[0] ?? '');
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(160) ^ 0xff, 160);
    await writeFile(path, bytes);
    const reopened = await open();
    expect(await reopened.append(record(10))).toBeGreaterThanOrEqual(10);
    expect(numbers(await readAll(reopened)).at(-1)).toBe(10);
    await reopened.close();
  });

  test('a journal folder that cannot be used is an error that names it', async () => {
    const path = join(dir, 'file');
    await writeFile(path, '');
    await expect(openJournal({ clock: systemClock, dir: path, log })).rejects.toThrow(
      `the journal in ${path} cannot be written`,
    );
  });

  test('[I1] kill -9 loses no acknowledged record', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'journal-writer.ts'), dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const acknowledged: number[] = [];
    const exited = once(child, 'exit');
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.push(Number(line));
      if (acknowledged.length === 2000) child.kill('SIGKILL');
    }
    expect((await exited)[1]).toBe('SIGKILL');
    const journal = await open();
    const entries = await readAll(journal);
    const kept = new Map(entries.map((e) => [e.position, Buffer.from(e.payload).toString()]));
    for (const position of acknowledged) expect(kept.get(position)).toMatch(new RegExp(`^${position} x+$`));
    await journal.close();
  });
});
