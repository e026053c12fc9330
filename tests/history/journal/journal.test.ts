import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  openJournal,
  type Journal,
  type JournalEntry,
  type JournalOptions,
} from '../../../server/history/journal/journal.ts';
import type { Disk } from '../../../server/history/journal/journal.ts';
import { systemClock } from '../../../server/app/clock.ts';
import type { Clock } from '../../../server/types.ts';
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

  test('the reason why nothing can be written is told, and that it is over without a further append', async () => {
    let failing = true;
    const told: (string | null)[] = [];
    const firstRecovery = new Promise<void>((resolve) => {
      const clock = {
        ...systemClock,
        after: (ms: number, job: () => void) => systemClock.after(Math.min(ms, 5), job),
      };
      void openFailing(clock, (reason) => {
        told.push(reason);
        if (reason === null) resolve();
      });
    });
    async function openFailing(clock: Clock, onProblem: (reason: string | null) => void): Promise<void> {
      const disk: Disk = {
        commit: async () => {
          if (failing) throw new Error('ENOSPC: no space left on device');
        },
      };
      const journal = await open({ clock, onProblem, disk });
      await expect(journal.append(record(0))).rejects.toThrow('no space left');
      failing = false;
      await firstRecovery;
      await journal.close();
    }
    await firstRecovery;
    expect(told[0]).toMatch(/no space left.*samples are refused/);
    expect(told.at(-1)).toBe(null);
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
    onTestFinished(() => void child.kill('SIGKILL'));
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
