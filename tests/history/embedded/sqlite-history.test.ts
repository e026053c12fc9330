import { rmSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Sample } from '#protocol/sample.ts';
import type { Position, SampleBatch } from '../../../server/history/history.ts';
import { openEmbeddedHistory } from '../../../server/history/embedded/embedded.ts';
import { createPacker } from '../../../server/history/embedded/packed.ts';
import {
  openSqliteHistory,
  type SqliteHistory,
  type SqliteHistoryOptions,
} from '../../../server/history/embedded/sqlite-history.ts';
import { createLog } from '../../../server/app/log.ts';

const log = createLog('silent');
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const BASE = Date.UTC(2026, 0, 5);

let dir: string;
/** The time that the history is told, epoch milliseconds. */
let clock: number;
let history: SqliteHistory;
let write: (batches: readonly SampleBatch[], upTo: Position) => Position;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'history-'));
  clock = BASE;
  open();
});
afterEach(async () => {
  history.close();
  await rm(dir, { recursive: true, force: true });
});

const file = () => join(dir, 'history.db');

function open(options: Partial<SqliteHistoryOptions> = {}): void {
  history = openSqliteHistory({ file: file(), log, now: () => clock, tickMs: 1000, ...options });
  const packer = createPacker();
  write = (batches, upTo) => history.write(packer.pack(batches, upTo));
}

/** Ticks until no work is due. */
function tickUntilIdle(): void {
  while (history.tick());
}

/** Samples with the field `cpu`, one every `every` milliseconds. */
const samplesFrom = (from: number, count: number, value: (i: number) => number, every = SECOND): Sample[] =>
  Array.from({ length: count }, (_, i) => ({ t: from + i * every, values: { cpu: value(i) } }));

/** The buckets of `cpu`, and the step that they were given at. */
const queryCpu = (from: number, to: number, step: number, deviceId = 'd') => {
  const result = history.query({ deviceId, from, to, step, fields: ['cpu'] });
  return {
    step: result.step,
    ...(result.series.get('cpu') ?? { t: [], min: [], mean: [], max: [], count: [] }),
  };
};

describe('openSqliteHistory', () => {
  test('[I1] a journal position is durable once its minute is in the database file; closing stores every minute', () => {
    clock = BASE + 30 * SECOND;
    expect(write([{ deviceId: 'd', samples: samplesFrom(BASE, 30, () => 1) }], 10)).toBe(0);
    clock = BASE + 90 * SECOND;
    expect(write([{ deviceId: 'd', samples: samplesFrom(BASE + MINUTE, 30, () => 1) }], 20)).toBe(0);
    clock = BASE + 105 * SECOND;
    tickUntilIdle();
    expect(write([], 20)).toBe(10);
    // The second minute is committed, but only to the write-ahead file.
    clock = BASE + 160 * SECOND;
    tickUntilIdle();
    expect(write([], 20)).toBe(10);
    clock = BASE + 4 * MINUTE;
    tickUntilIdle();
    expect(write([], 25)).toBe(20);
    write([{ deviceId: 'd', samples: samplesFrom(clock, 5, () => 2) }], 30);
    history.close();
    open();
    expect(history.timestamps('d', BASE, BASE + DAY)).toHaveLength(65);
  });

  test('[I2] a stored minute takes late samples; of two samples with one time the first is kept', () => {
    write([{ deviceId: 'd', samples: samplesFrom(BASE, 30, () => 1) }], 1);
    clock = BASE + 3 * MINUTE;
    tickUntilIdle();
    write([{ deviceId: 'd', samples: samplesFrom(BASE + 20 * SECOND, 20, () => 9) }], 2);
    const during = queryCpu(BASE, BASE + MINUTE, SECOND).mean;
    clock += 3 * MINUTE;
    tickUntilIdle();
    expect(queryCpu(BASE, BASE + MINUTE, SECOND).mean).toEqual(during);
    expect(during).toEqual([...Array(30).fill(1), ...Array(10).fill(9)]);
    expect(write([], 3)).toBe(2);
  });

  test('[H1] a one-second spike is the max a year later, when only the quarter tier is left', () => {
    const samples = samplesFrom(BASE, 3600, (i) => (i === 1234 ? 97.5 : 10 + (i % 7)));
    for (let i = 0; i < samples.length; i += 60) {
      clock = BASE + i * SECOND + MINUTE;
      write([{ deviceId: 'd', samples: samples.slice(i, i + 60) }], i);
      tickUntilIdle();
    }
    const mean = samples.reduce((sum, s) => sum + (s.values['cpu'] ?? 0), 0) / samples.length;
    for (const later of [2 * HOUR, 5 * DAY, 100 * DAY, 365 * DAY]) {
      clock = BASE + later;
      tickUntilIdle();
      const year = queryCpu(BASE - DAY, BASE + 365 * DAY, DAY);
      expect(year.step).toBe(DAY);
      expect(year.max).toEqual([97.5]);
      expect(year.min).toEqual([10]);
      expect(year.mean[0]).toBeCloseTo(mean, 3);
    }
    expect(history.timestamps('d', BASE, BASE + DAY)).toEqual([]);
    // Only a coarser tier still holds that time, so the step is wider than asked.
    const { step, t, max } = queryCpu(BASE, BASE + HOUR, 10 * SECOND);
    expect(step).toBe(15 * MINUTE);
    expect(t).toEqual([0, 15, 30, 45].map((m) => BASE + m * MINUTE));
    expect(max[1]).toBe(97.5);
  });

  test('[H1] samples from just before the hour or day in which a history begins are in every tier', () => {
    for (const [begun, first] of [
      [BASE + 5 * HOUR + MINUTE, BASE + 5 * HOUR - 10 * MINUTE],
      [BASE + 30 * SECOND, BASE - 2 * HOUR],
      [BASE + 4 * DAY + MINUTE, BASE + 4 * DAY - 3 * HOUR],
    ] as const) {
      history.close();
      rmSync(file());
      clock = begun;
      open();
      write([{ deviceId: 'd', samples: samplesFrom(first, 60, (i) => i) }], 1);
      for (const step of [MINUTE, 15 * MINUTE]) {
        const { t, max } = queryCpu(first - HOUR, first + HOUR, step);
        expect([t.length, max], `${new Date(begun).toISOString()}, step ${step}`).toEqual([1, [59]]);
      }
    }
  });

  test('[I5] samples that are days late complete every tier, and a resend changes nothing', () => {
    write([{ deviceId: 'd', samples: samplesFrom(BASE, 60, () => 5) }], 1);
    clock = BASE + 10 * DAY;
    tickUntilIdle();
    const late = samplesFrom(BASE + 2 * DAY, 120, (i) => i);
    write([{ deviceId: 'd', samples: late }], 2);
    const check = () => {
      expect(queryCpu(BASE + 2 * DAY, BASE + 2 * DAY + HOUR, MINUTE)).toMatchObject({
        mean: [29.5, 89.5],
        max: [59, 119],
      });
      expect(queryCpu(BASE, BASE + 3 * DAY, DAY)).toMatchObject({ max: [5, 119] });
    };
    check();
    clock += 5 * MINUTE;
    tickUntilIdle();
    clock += DAY;
    tickUntilIdle();
    check();
    write([{ deviceId: 'd', samples: late.slice(3, 20) }], 3);
    check();
    clock += DAY;
    tickUntilIdle();
    check();
  });

  test('[H5] old samples are deleted in short ticks, and the database file shrinks', () => {
    history.close();
    open({ retention: { raw_days: 1, minute_days: 30, quarter_days: 365 }, tickMs: 5 });
    const noise = (n: number) => Math.abs(Math.sin(n * 12.9898) * 43758.5453) % 1;
    for (let minute = 0; minute < 60; minute++) {
      clock = BASE + minute * MINUTE + 59 * SECOND;
      const samples = Array.from({ length: 60 }, (_, s) => ({
        t: BASE + minute * MINUTE + s * SECOND,
        values: Object.fromEntries(
          Array.from({ length: 30 }, (_, f) => [`f${f}`, noise(minute * 3600 + s * 30 + f)]),
        ),
      }));
      write([{ deviceId: `d${minute % 3}`, samples }], minute);
      tickUntilIdle();
    }
    clock += 3 * HOUR;
    tickUntilIdle();
    const before = history.health().bytes ?? 0;
    clock += 2 * DAY;
    let longest = 0;
    for (;;) {
      const started = performance.now();
      const more = history.tick();
      longest = Math.max(longest, performance.now() - started);
      if (!more) break;
    }
    expect(longest).toBeLessThan(1000);
    expect(history.timestamps('d0', 0, clock)).toEqual([]);
    expect(history.health().bytes ?? 0).toBeLessThan(before / 2);
  });

  test('a removed device leaves no rows in the database, and its number is not used again', () => {
    for (const deviceId of ['gone', 'stays'])
      write([{ deviceId, samples: samplesFrom(BASE, 60, () => 1) }], 1);
    clock = BASE + 3 * HOUR;
    tickUntilIdle();
    history.remove('gone');
    history.close();
    open();
    tickUntilIdle();
    write([{ deviceId: 'new', samples: samplesFrom(clock, 5, () => 3) }], 2);
    history.close();
    const db = new DatabaseSync(file());
    const count = (sql: string) => db.prepare(sql).get()?.['n'];
    expect(count('SELECT count(*) AS n FROM raw')).toBe(2);
    expect(count('SELECT count(*) AS n FROM minutes')).toBe(1);
    expect(count('SELECT max(id) AS n FROM devices')).toBe(3);
    expect(count('SELECT count(*) AS n FROM removed')).toBe(0);
    db.close();
    open();
  });

  test('[I8] a device that brings 20 new names with each of 1,000 samples keeps as many as a device may', () => {
    const notices: string[] = [];
    history.close();
    open({ notice: (text) => notices.push(text) });
    const samples = Array.from({ length: 1000 }, (_, i) => ({
      t: BASE + i * 50,
      values: Object.fromEntries(Array.from({ length: 20 }, (_, f) => [`name-${i * 20 + f}`, i])),
    }));
    write([{ deviceId: 'greedy', samples }], 1);
    write([{ deviceId: 'd', samples: samplesFrom(BASE, 60, (i) => i) }], 2);
    expect(history.fields('greedy')).toHaveLength(5000);
    expect(new Set(notices)).toEqual(
      new Set([expect.stringContaining('greedy has brought more than 5000 names')]),
    );
    clock = BASE + 2 * HOUR;
    tickUntilIdle();
    // Fields that it has already are kept further on, and a further machine has room of its own.
    write([{ deviceId: 'greedy', samples: [{ t: clock, values: { 'name-5': 1, 'one-more': 2 } }] }], 3);
    expect(history.latest().get('greedy')?.values).toEqual({ 'name-5': 1 });
    expect(queryCpu(BASE, BASE + MINUTE, SECOND).mean).toHaveLength(60);
    const asked = { deviceId: 'greedy', from: BASE, to: BASE + MINUTE, step: SECOND, fields: ['name-4999'] };
    expect(history.query(asked).series.get('name-4999')?.max).toEqual([249]);
  });

  test('[I8] the field names of a removed device are gone, those that another device has too stay', () => {
    const sample = (values: Record<string, number>) => [{ t: BASE, values }];
    write([{ deviceId: 'gone', samples: sample({ cpu: 1, 'only-gone': 2 }) }], 1);
    write([{ deviceId: 'stays', samples: sample({ cpu: 3 }) }], 2);
    clock = BASE + 2 * MINUTE;
    tickUntilIdle();
    history.remove('gone');
    history.close();
    const db = new DatabaseSync(file());
    expect(
      db
        .prepare('SELECT name FROM fields')
        .all()
        .map((row) => row['name']),
    ).toEqual(['cpu']);
    db.close();
    open();
    // The name can come back.
    write([{ deviceId: 'stays', samples: [{ t: clock, values: { cpu: 4, 'only-gone': 5 } }] }], 3);
    expect(history.latest().get('stays')?.values).toEqual({ cpu: 4, 'only-gone': 5 });
  });

  test('[I8] a field is forgotten once all of its samples are deleted, and leaves room for others', () => {
    const sample = (values: Record<string, number>) => [{ t: clock, values }];
    const old = Object.fromEntries(Array.from({ length: 4999 }, (_, i) => [`old-${i}`, i]));
    write([{ deviceId: 'd', samples: sample({ cpu: 1, ...old }) }], 1);
    write([{ deviceId: 'other', samples: sample({ 'old-1': 1 }) }], 2);
    const names = () => history.fields('d').length;
    for (const day of [400, 800, 1095, 1140]) {
      // At 1,095 days, and after a restart, the history still has the first samples.
      expect(names()).toBe(5000);
      clock = BASE + day * DAY;
      write([{ deviceId: 'd', samples: sample({ cpu: day, new: 1 }) }], day);
      tickUntilIdle();
      history.close();
      open();
      write([{ deviceId: 'other', samples: sample({ 'old-1': 1 }) }], day + 1);
    }
    expect(history.fields('d')).toEqual(['cpu']);
    write([{ deviceId: 'd', samples: [{ t: clock + 1, values: { cpu: 2, new: 3 } }] }], 2000);
    expect(history.fields('d')).toEqual(['cpu', 'new']);
    expect(history.latest().get('d')?.values).toEqual({ cpu: 2, new: 3 });
    expect(history.fields('other')).toEqual(['old-1']);
    history.close();
    open();
    expect(history.fields('d')).toEqual(['cpu', 'new']);
    history.close();
    const db = new DatabaseSync(file());
    expect(db.prepare('SELECT count(*) AS n FROM fields').get()).toEqual({ n: 3 });
    db.close();
    open();
  });

  test('a removed name that the packer has sent before is stored anew when another device sends it', () => {
    const sample = (at: number) => [{ t: at, values: { cpu: 1, shared: 2 } }];
    write([{ deviceId: 'gone', samples: sample(BASE) }], 1);
    history.remove('gone');
    write([{ deviceId: 'other', samples: sample(BASE) }], 2);
    history.close();
    open();
    expect(history.latest().get('other')?.values).toEqual({ cpu: 1, shared: 2 });
  });

  test('fields that are named as properties of objects are stored like any other', () => {
    const names = ['constructor', 'toString', '__proto__', 'hasOwnProperty'];
    const values = Object.fromEntries(names.map((name, i): [string, number] => [name, i]));
    write([{ deviceId: 'd', samples: [{ t: BASE, values }] }], 1);
    history.close();
    open();
    expect(Object.entries(history.latest().get('d')?.values ?? {}).sort()).toEqual(
      Object.entries(values).sort(),
    );
    const asked = { deviceId: 'd', from: BASE, to: BASE + MINUTE, step: SECOND, fields: names };
    expect([...history.query(asked).series.keys()]).toEqual(names);
  });

  test('samples are stored early when they need more memory than allowed', async () => {
    history.close();
    open({ maxMemoryBytes: 100_000 });
    for (let n = 1; n < 200; n++) write([{ deviceId: `d${n}`, samples: samplesFrom(BASE, 5, () => n) }], n);
    for (const suffix of ['', '-wal']) await copyFile(file() + suffix, join(dir, `copy${suffix}`));
    const db = new DatabaseSync(join(dir, 'copy'));
    expect(db.prepare('SELECT count(*) AS n FROM raw').get()?.['n']).toBeGreaterThan(50);
    db.close();
    expect(history.timestamps('d1', BASE, BASE + HOUR)).toHaveLength(5);
  });

  test('only the owner can read the database files', async () => {
    write([{ deviceId: 'd', samples: samplesFrom(BASE, 5, () => 1) }], 1);
    for (const name of await readdir(dir)) expect((await stat(join(dir, name))).mode & 0o077).toBe(0);
  });

  test('a damaged database is set aside, and the notices and the health say so', async () => {
    history.close();
    await writeFile(file(), 'this is no database, not at all'.repeat(400));
    const notices: string[] = [];
    open({ notice: (text) => notices.push(text) });
    expect(notices.join()).toContain('set aside');
    expect(history.health().detail).not.toContain('MiB');
    expect(history.health()).toMatchObject({ healthy: true, detail: expect.stringContaining('.corrupt-') });
    expect((await readdir(dir)).filter((name) => name.includes('.corrupt-'))).toHaveLength(1);
    write([{ deviceId: 'd', samples: samplesFrom(BASE, 5, () => 1) }], 1);
    expect(history.timestamps('d', BASE, BASE + HOUR)).toHaveLength(5);
  });

  test('a database in use or of a newer Watchfloor is left untouched, and the error says so', async () => {
    await expect(openEmbeddedHistory({ dir, log })).rejects.toThrow('another process has it open');
    history.close();
    const db = new DatabaseSync(file());
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(() => open()).toThrow('newer Watchfloor');
    expect((await readdir(dir)).filter((name) => name.includes('.corrupt-'))).toEqual([]);
    const repaired = new DatabaseSync(file());
    repaired.exec('PRAGMA user_version = 1');
    repaired.close();
    open();
  });
});
