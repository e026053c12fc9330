import { mkdtemp, open as openFile, rm } from 'node:fs/promises';
import { statSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLog } from '../../../server/app/log.ts';
import type { Position } from '../../../server/history/history.ts';
import { packReport } from '../../../server/history/processes/packed-report.ts';
import {
  openProcessDatabase,
  type ProcessDatabase,
} from '../../../server/history/processes/process-database.ts';
import { openProcessHistory } from '../../../server/history/processes/process-history.ts';
import type { ProcessReport } from '#protocol/processes.ts';
import { reportAt, row } from './reports.ts';

const log = createLog('silent');
const MINUTE = 60_000;
const DAY = 86_400_000;
const T = Date.UTC(2026, 0, 5, 3);

let dir: string;
let clock: number;
let opened: ProcessDatabase[];
const file = () => join(dir, 'processes.db');

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'processes-'));
  clock = T + 10 * MINUTE;
  opened = [];
});
afterEach(async () => {
  for (const database of opened) database.abandon();
  await rm(dir, { recursive: true });
});

function open(parts: { days?: number; bytesPerDevice?: number } = {}): ProcessDatabase {
  const database = openProcessDatabase({ file: file(), log, days: 14, now: () => clock, ...parts });
  opened.push(database);
  return database;
}

const write = (
  database: ProcessDatabase,
  deviceId: string,
  reports: readonly ProcessReport[],
  upTo: Position,
) =>
  database.write(
    reports.map((report) => ({ deviceId, at: report.at, packed: packReport(report) })),
    upTo,
  );

/** Does all work that is due `ms` milliseconds later. */
function later(database: ProcessDatabase, ms: number): void {
  clock += ms;
  while (database.tick());
}

/** Ends the database as a killed server does. */
function kill(database: ProcessDatabase): void {
  database.abandon();
  opened = opened.filter((one) => one !== database);
}

describe('the history of processes', () => {
  test('the report of a moment is the one whose period has it, else the newest before it', () => {
    const database = open();
    const reports = [0, 1, 5].map((minute) => reportAt(T + minute * MINUTE, [row(`m${minute}`, 1)]));
    write(database, 'a', reports, 1);
    const nameAt = (at: number) => database.at('a', at)?.rows[0]?.name;
    expect(nameAt(T + 20_000)).toBe('m1');
    expect(nameAt(T + MINUTE)).toBe('m1');
    expect(nameAt(T + 2 * MINUTE)).toBe('m1');
    expect(nameAt(T + 4 * MINUTE + 1)).toBe('m5');
    expect(nameAt(T + DAY)).toBe('m5');
    expect(nameAt(T - MINUTE)).toBeUndefined();
    expect(database.at('b', T)).toBeNull();
  });

  test('everything of a report comes back', () => {
    const database = open();
    const report = reportAt(
      T,
      [
        row('node', 12.34, {
          cpu_peak: 50,
          user: 'ada',
          container: 'docker 3f4e5d6c7b8a',
          started_at: T - DAY,
          state: 'R',
          memory_bytes: 123456789,
          read: 10,
          written: 0,
          command: 'node --x',
        }),
        row('cc1', 3, { pid: null, count: 17 }),
        row('make', 2, { ended_children: true }),
        row('idle', 0),
      ],
      { hidden: ['io'], cpu: null },
    );
    write(database, 'a', [report], 1);
    expect(database.at('a', T)).toEqual(report);
  });

  test('a range has the reports whose periods touch it, with their moments', () => {
    const database = open();
    const reports = [1, 2, 3, 4].map((minute) => reportAt(T + minute * MINUTE, [row(`m${minute}`, 1)]));
    write(database, 'a', reports, 1);
    write(database, 'b', [reportAt(T + 2 * MINUTE, [row('other', 1)])], 2);
    const { report, moments } = database.range('a', T + 90_000, T + 150_000);
    expect(moments).toEqual([
      [T + 2 * MINUTE, 60],
      [T + 3 * MINUTE, 60],
    ]);
    expect(report?.rows.map(({ name }) => name)).toEqual(['m2', 'm3']);
    expect(database.range('c', T, T + DAY)).toEqual({ report: null, moments: [] });
  });

  test('[I1] the journal is told to keep what a crash could still take', () => {
    const database = open();
    write(database, 'a', [reportAt(T, [row('one', 1)])], 5);
    // In memory only.
    expect(database.write([], 6)).toBe(0);
    later(database, 6000);
    // Committed, but not yet in the file itself.
    expect(database.write([], 6)).toBe(0);
    later(database, MINUTE);
    expect(database.write([], 7)).toBe(6);
    kill(database);
    expect(open().at('a', T)?.rows).toMatchObject([{ name: 'one' }]);
  });

  test('[I2] a report that comes again is stored once', () => {
    const database = open();
    write(database, 'a', [reportAt(T, [row('one', 1)])], 1);
    write(database, 'a', [reportAt(T, [row('one', 1)])], 1);
    later(database, 6000);
    write(database, 'a', [reportAt(T, [row('one', 1)])], 1);
    expect(database.range('a', T - MINUTE, T + 1).moments).toEqual([[T, 60]]);
  });

  test('[H5] reports that are too old are deleted, and a removed device’s too, and their space is given back', () => {
    const database = open({ days: 2 });
    const noise = () =>
      Array.from({ length: 20 }, (_, i) => row(randomBytes(24).toString('hex'), i, { pid: i + 1 }));
    const from = clock - DAY;
    for (const device of ['a', 'b', 'c'])
      write(
        database,
        device,
        Array.from({ length: 1000 }, (_, minute) => reportAt(from + minute * MINUTE, noise())),
        1,
      );
    later(database, MINUTE + 6000);
    const full = statSync(file()).size;
    database.remove('b');
    later(database, MINUTE + 6000);
    expect(database.range('b', from, clock).moments).toEqual([]);
    later(database, 2 * DAY);
    expect(database.range('a', from, clock).moments).toEqual([]);
    // The file is cut with the next checkpoint.
    database.write([], 2);
    later(database, MINUTE + 6000);
    expect(statSync(file()).size).toBeLessThan(full / 3);
  });

  test('a device that joins again under the id of a removed one has nothing of it', () => {
    const database = open();
    write(database, 'a', [reportAt(T, [row('old', 1)])], 1);
    database.remove('a');
    write(database, 'a', [reportAt(T + MINUTE, [row('new', 1)])], 2);
    expect(database.range('a', T - DAY, T + DAY).moments).toEqual([[T + MINUTE, 60]]);
  });

  test('[I8] of one device so many bytes are kept, the newest, and no other device loses any', () => {
    const database = open({ bytesPerDevice: 20_000 });
    write(database, 'b', [reportAt(T, [row('other', 1)])], 1);
    const count = 300;
    for (let minute = 0; minute < count; minute++)
      write(database, 'a', [reportAt(T + minute * MINUTE, [row(randomBytes(32).toString('hex'), 1)])], 2);
    later(database, MINUTE);
    const { moments } = database.range('a', T - DAY, T + DAY);
    expect(moments.length).toBeGreaterThan(50);
    expect(moments.length).toBeLessThan(count);
    expect(moments.at(-1)).toEqual([T + (count - 1) * MINUTE, 60]);
    expect(database.at('b', T)?.rows).toMatchObject([{ name: 'other' }]);
  });

  test('a damaged file is set aside with a notice, and the journal is asked for what it still holds', async () => {
    const first = await openProcessHistory({ dir, days: 14, log });
    await first.write([{ deviceId: 'a', samples: [], processes: [reportAt(T, [row('one', 1)])] }], 1);
    await first.close();
    const handle = await openFile(file(), 'r+');
    await handle.write(Buffer.alloc(200, 1), 0, 200, 0);
    await handle.close();
    const notices: string[] = [];
    const second = await openProcessHistory({ dir, days: 14, log, notice: (text) => notices.push(text) });
    expect(notices).toMatchObject([expect.stringContaining('was set aside as')]);
    expect(await second.at('a', T)).toBeNull();
    await second.write([{ deviceId: 'a', samples: [], processes: [reportAt(T, [row('one', 1)])] }], 1);
    expect((await second.at('a', T))?.rows).toMatchObject([{ name: 'one' }]);
    await second.close();
    await expect(second.at('a', T)).rejects.toThrow('closed');
  });
});
