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

async function all(journal: Journal, from = journal.start): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for await (const batch of journal.read(from)) entries.push(...batch);
  return entries;
}
const numbers = (entries: readonly JournalEntry[]) =>
  entries.map((e) => Number.parseInt(Buffer.from(e.payload).toString(), 10));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const appendAll = (journal: Journal, ns: readonly number[], size?: number) =>
  Promise.all(ns.map((n) => journal.append(record(n, size))));
const segments = async () => (await readdir(dir)).filter((name) => name.endsWith('.journal')).sort();

describe('journal', () => {
  test('[I1] what was appended is read back in order, also after reopening', async () => {
    const journal = await open();
    expect(await appendAll(journal, range(0, 50))).toEqual(range(0, 50));
    expect(journal.end).toBe(50);
    await journal.close();
    const again = await open();
    const entries = await all(again);
    expect(numbers(entries)).toEqual(range(0, 50));
    expect(entries[7]).toMatchObject({ position: 7, deviceId: 'device-1-ü', arrived: 1_700_000_000_007 });
    expect(await again.append(record(50))).toBe(50);
    expect(numbers(await all(again, 48))).toEqual([48, 49, 50]);
    await again.close();
  });

  test('files are readable by the owner alone', async () => {
    const journal = await open();
    await journal.append(record(0));
    for (const name of await segments()) expect((await stat(join(dir, name))).mode & 0o777).toBe(0o600);
    await journal.close();
  });

  test('close commits what still waits, and later appends are refused', async () => {
    const journal = await open({ gatherMs: 60_000 });
    const waiting = journal.append(record(0));
    await journal.close();
    expect(await waiting).toBe(0);
    await expect(journal.append(record(1))).rejects.toThrow('closed');
  });

  test('records larger than a read chunk come back whole', async () => {
    const journal = await open();
    await appendAll(journal, range(0, 5), 1_500_000);
    expect(numbers(await all(journal))).toEqual(range(0, 5));
    await journal.close();
  });

  test('forget deletes whole segments below the position and nothing else', async () => {
    const journal = await open({ segmentBytes: 200 });
    for (const n of range(0, 30)) await journal.append(record(n));
    const before = journal.bytesFrom(0);
    await journal.forget(20);
    expect(journal.start).toBeGreaterThan(10);
    expect(journal.start).toBeLessThanOrEqual(20);
    expect(journal.bytesFrom(0)).toBeLessThan(before);
    expect(journal.bytesFrom(30)).toBe(0);
    expect(numbers(await all(journal, 20))).toEqual(range(20, 30));
    await journal.forget(30);
    await journal.close();
    const again = await open();
    expect(again.end).toBe(30);
    expect(await again.append(record(30))).toBe(30);
    await again.close();
  });

  test('[I6] appends beyond the waiting bytes are refused at once', async () => {
    const journal = await open({ maxPendingBytes: 200, gatherMs: 5 });
    const results = await Promise.allSettled(range(0, 10).map((n) => journal.append(record(n))));
    expect(results.map((r) => r.status)).toContain('rejected');
    expect(results[0]?.status).toBe('fulfilled');
    expect(await journal.append(record(10))).toBe(journal.end - 1);
    await journal.close();
  });

  test('[I1] a failed write rejects its whole group, leaves nothing to be read, and later appends work', async () => {
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
    const lost = await Promise.allSettled([2, 3].map((n) => journal.append(record(n))));
    expect(lost.map((r) => r.status)).toEqual(['rejected', 'rejected']);
    expect(String(lost[0]?.status === 'rejected' && lost[0].reason)).toMatch(
      /no space left.*disk is not full/,
    );
    expect(numbers(await all(journal))).toEqual([0, 1]);
    await expect(journal.append(record(4))).rejects.toThrow('no space left');
    failing = false;
    expect(await appendAll(journal, [5, 6])).toEqual([2, 3]);
    expect(numbers(await all(journal))).toEqual([0, 1, 5, 6]);
    await journal.close();
    const again = await open();
    expect(numbers(await all(again))).toEqual([0, 1, 5, 6]);
    await again.close();
  });

  test('a torn tail is cut off; what precedes it stays', async () => {
    const journal = await open();
    await appendAll(journal, range(0, 4));
    await journal.close();
    const path = join(dir, (await segments())[0] ?? '');
    const whole = await readFile(path);
    await appendFile(path, whole.subarray(8, 8 + 30));
    const again = await open();
    expect(numbers(await all(again))).toEqual(range(0, 4));
    expect((await readFile(path)).length).toBe(whole.length);
    await again.close();
  });

  test('a damaged record costs only the rest of its file, which is kept aside', async () => {
    const journal = await open({ segmentBytes: 200 });
    for (const n of range(0, 20)) await journal.append(record(n));
    await journal.close();
    const names = await segments();
    const path = join(dir, names[1] ?? '');
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(100) ^ 0xff, 100);
    await writeFile(path, bytes);
    const said: string[] = [];
    const loud = { ...log, error: (_: unknown, text?: string) => said.push(text ?? '') };
    const again = await openJournal({ clock: systemClock, dir, log: { ...log, ...loud }, gatherMs: 1 });
    expect(said.join()).toContain('damaged');
    const kept = numbers(await all(again));
    const first = Number.parseInt(names[1] ?? '', 10);
    const third = Number.parseInt(names[2] ?? '', 10);
    expect(kept.slice(0, first)).toEqual(range(0, first));
    expect(kept).toEqual(expect.arrayContaining(range(third, 20)));
    expect(await again.append(record(20))).toBe(20);
    await again.forget(20);
    await again.close();
    expect((await readdir(dir)).filter((name) => name.endsWith('.damaged'))).toHaveLength(1);
  });

  test('damage in the last file never lets a position be used again', async () => {
    const journal = await open();
    await appendAll(journal, range(0, 10));
    await journal.close();
    const path = join(dir, (await segments())[0] ?? '');
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(160) ^ 0xff, 160);
    await writeFile(path, bytes);
    const again = await open();
    expect(await again.append(record(10))).toBeGreaterThanOrEqual(10);
    expect(numbers(await all(again)).at(-1)).toBe(10);
    await again.close();
  });

  test('a folder that cannot be used is a clear error', async () => {
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
    const gone = once(child, 'exit');
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.push(Number(line));
      if (acknowledged.length === 2000) child.kill('SIGKILL');
    }
    expect((await gone)[1]).toBe('SIGKILL');
    const journal = await open();
    const entries = await all(journal);
    const kept = new Map(entries.map((e) => [e.position, Buffer.from(e.payload).toString()]));
    for (const position of acknowledged) expect(kept.get(position)).toMatch(new RegExp(`^${position} x+$`));
    await journal.close();
  });
});
