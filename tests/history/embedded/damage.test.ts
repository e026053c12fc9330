import { copyFile, mkdtemp, open as openFile, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { encodeTable } from '../../../server/history/embedded/codec.ts';
import { registryChecksum } from '../../../server/history/embedded/database.ts';
import { openEmbeddedHistory } from '../../../server/history/embedded/embedded.ts';
import { createPacker } from '../../../server/history/embedded/packed.ts';
import { openSqliteHistory, type SqliteHistory } from '../../../server/history/embedded/sqlite-history.ts';
import { HistoryBegunAnew } from '../../../server/history/history.ts';
import { createLog } from '../../../server/app/log.ts';
import { flipBit } from '../damage.ts';

const log = createLog('silent');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const BASE = Date.UTC(2026, 0, 5);
const DEVICES = ['a', 'b', 'c'];
const FIELDS = Array.from({ length: 6 }, (_, i) => `field-${i}`);
const MINUTES = 130;
/** The clock, epoch milliseconds. */
const NOW = BASE + MINUTES * MINUTE + 10 * MINUTE;

const valueOf = (device: string, field: number, second: number): number =>
  Math.round(1e4 * Math.abs(Math.sin(second * (field + 1) + device.charCodeAt(0)))) / 100;

const samplesOf = (device: string, minute: number) =>
  Array.from({ length: 60 }, (_, s) => ({
    t: BASE + minute * MINUTE + s * 1000,
    values: Object.fromEntries(FIELDS.map((name, f) => [name, valueOf(device, f, minute * 60 + s)])),
  }));

let dir: string;
let notices: string[];
const intact = () => join(dir, 'intact.db');
const file = () => join(copyDir, 'history.db');
/** The folder of the copy, and what is open. */
let copyDir: string;
const opened: SqliteHistory[] = [];

/** Two and a half hours of three devices, the full hours of which are rolled up; each test damages a copy. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'history-damage-'));
  let clock = BASE;
  const history = openSqliteHistory({ file: intact(), log, now: () => clock, tickMs: 60_000 });
  const packer = createPacker();
  for (let minute = 0; minute < MINUTES; minute++) {
    clock = BASE + minute * MINUTE + 59_000;
    const batches = DEVICES.map((deviceId) => ({ deviceId, samples: samplesOf(deviceId, minute) }));
    history.write(packer.pack(batches, minute));
    while (history.tick());
  }
  clock = NOW;
  while (history.tick());
  history.close();
});
afterAll(() => rm(dir, { recursive: true, force: true }));
beforeEach(async () => {
  notices = [];
  await copyIntact();
});
afterEach(() => {
  for (const history of opened.splice(0)) history.abandon();
});

/** Puts a copy of the undamaged database into a new folder. */
async function copyIntact(): Promise<void> {
  copyDir = await mkdtemp(join(dir, 'copy-'));
  await copyFile(intact(), file());
}

function open(now: () => number = () => NOW): SqliteHistory {
  const notice = (text: string) => notices.push(text);
  const history = openSqliteHistory({ file: file(), log, notice, now, tickMs: 60_000 });
  opened.push(history);
  return history;
}

/** Stores what is in memory, closes the history and opens it anew. */
function reopen(history: SqliteHistory, now: () => number = () => NOW): SqliteHistory {
  opened.splice(opened.indexOf(history), 1);
  history.close();
  return open(now);
}

/** The values of a device's raw samples in the order of time and of FIELDS; wrong ones and missing ones counted. */
function compare(history: SqliteHistory, device: string): { wrong: number; missing: number } {
  let wrong = 0;
  let missing = 0;
  const { series } = history.query({ deviceId: device, from: BASE, to: NOW, step: 1000, fields: FIELDS });
  FIELDS.forEach((name, f) => {
    const { t = [], mean = [] } = series.get(name) ?? {};
    missing += MINUTES * 60 - t.length;
    t.forEach((time, i) => {
      if (mean[i] !== valueOf(device, f, (time - BASE) / 1000)) wrong++;
    });
  });
  return { wrong, missing };
}

/** The same for the minute buckets: how many of the maxima are wrong or missing. */
function compareMinutes(history: SqliteHistory, device: string): { wrong: number; missing: number } {
  let wrong = 0;
  let missing = 0;
  const to = BASE + MINUTES * MINUTE;
  const { series } = history.query({ deviceId: device, from: BASE, to, step: MINUTE, fields: FIELDS });
  FIELDS.forEach((name, f) => {
    const { t = [], max = [] } = series.get(name) ?? {};
    missing += MINUTES - t.length;
    t.forEach((time, i) => {
      const first = (time - BASE) / 1000;
      const values = Array.from({ length: 60 }, (_, s) => valueOf(device, f, first + s));
      if (max[i] !== Math.max(...values)) wrong++;
    });
  });
  return { wrong, missing };
}

/** Where in the file the stored row of a device's span lies, old copies in unused parts of pages included. */
async function offsetsOf(tier: 'raw' | 'minutes', deviceNumber: number, span: number): Promise<number[]> {
  const db = new DatabaseSync(file());
  const data = db.prepare(`SELECT data FROM ${tier} WHERE k = ?`).get(span * 2 ** 27 + deviceNumber)?.[
    'data'
  ];
  db.close();
  if (!(data instanceof Uint8Array)) throw new Error('there is no such row');
  const bytes = await readFile(file());
  const offsets: number[] = [];
  const next = (from: number) => bytes.indexOf(data.subarray(0, 64), from);
  for (let at = next(0); at >= 0; at = next(at + 1)) offsets.push(at);
  return offsets;
}

async function damageRow(tier: 'raw' | 'minutes', deviceNumber: number, span: number): Promise<void> {
  for (const offset of await offsetsOf(tier, deviceNumber, span)) await flipBit(file(), offset + 40, 3);
}

async function overwritePage(page: number): Promise<void> {
  const handle = await openFile(file(), 'r+');
  await handle.write(Buffer.alloc(16384, 'overwritten'), 0, 16384, page * 16384);
  await handle.close();
}

const MINUTE_0 = BASE / MINUTE;
const HOUR_0 = BASE / HOUR;

describe('a damaged row', () => {
  test('[I7] of samples costs its own minute only, and is counted and told', async () => {
    await damageRow('raw', 1, MINUTE_0 + 20);
    const history = open();
    expect(compare(history, 'a')).toEqual({ wrong: 0, missing: 60 * FIELDS.length });
    expect(compare(history, 'b')).toEqual({ wrong: 0, missing: 0 });
    expect(history.health()).toMatchObject({
      healthy: true,
      detail: expect.stringContaining('; 1 damaged rows'),
    });
    expect(new Set(notices)).toEqual(new Set([expect.stringContaining('has damaged rows')]));
  });

  test.each([
    ['a late sample for its minute', 20],
    ['a late sample for another minute of its hour', 21],
  ])('[I1] does not stop the history when %s comes', async (_, minute) => {
    await damageRow('raw', 1, MINUTE_0 + 20);
    let clock = NOW;
    const history = open(() => clock);
    const packer = createPacker();
    const late = { t: BASE + minute * MINUTE + 500, values: { 'field-0': 7 } };
    history.write(packer.pack([{ deviceId: 'a', samples: [late] }], 1000));
    const fresh = { t: NOW, values: { 'field-0': 8 } };
    history.write(packer.pack([{ deviceId: 'b', samples: [fresh] }], 1001));
    for (const passed of [3 * MINUTE, 6 * MINUTE, 2 * HOUR]) {
      clock = NOW + passed;
      while (history.tick());
    }
    expect(history.health()).toMatchObject({ healthy: true });
    expect(history.timestamps('a', late.t, late.t + 1)).toEqual([late.t]);
    expect(history.timestamps('b', NOW, NOW + 1)).toEqual([NOW]);
    const again = reopen(history, () => clock);
    expect(again.storedTo).toBe(1001);
    expect(again.timestamps('a', late.t, late.t + 1)).toEqual([late.t]);
  });

  test('of minute buckets is made again from the samples, and told', async () => {
    await damageRow('minutes', 2, HOUR_0 + 1);
    const history = open();
    expect(compareMinutes(history, 'b')).toEqual({ wrong: 0, missing: 0 });
    expect(notices.join()).toContain('has damaged rows');
    while (history.tick());
    notices = [];
    const again = reopen(history);
    expect(compareMinutes(again, 'b')).toEqual({ wrong: 0, missing: 0 });
    expect(notices).toEqual([]);
  });

  test('that stands under the key of another row is noticed', () => {
    const db = new DatabaseSync(file());
    const keyOf = (minute: number) => (MINUTE_0 + minute) * 2 ** 27 + 1;
    db.prepare('UPDATE raw SET data = (SELECT data FROM raw WHERE k = ?) WHERE k = ?').run(
      keyOf(30),
      keyOf(31),
    );
    db.close();
    const history = open();
    expect(compare(history, 'a')).toEqual({ wrong: 0, missing: 60 * FIELDS.length });
    expect(notices.join()).toContain('has damaged rows');
  });
});

describe('the registry', () => {
  test.each([
    [
      'the name of a device',
      `UPDATE devices SET name = 'x' WHERE name = 'a'`,
      /names of 1 machines and 0 fields/,
    ],
    [
      'the newest minute of a device',
      `UPDATE devices SET newest = 7 WHERE name = 'a'`,
      /names of 1 machines and 0 fields/,
    ],
    [
      'the name of a field',
      `UPDATE fields SET name = 'field-3' WHERE name = 'field-5'`,
      /names of 0 machines and 1 fields/,
    ],
  ])('damage to %s is told, and the names can be used again', (_, sql, told) => {
    const db = new DatabaseSync(file());
    db.exec(sql);
    db.close();
    let history = open();
    expect(notices.join()).toMatch(told);
    expect(compare(history, 'b').wrong).toBe(0);
    const sample = { t: NOW, values: { 'field-3': 1, 'field-5': 2 } };
    history.write(createPacker().pack([{ deviceId: 'a', samples: [sample] }], 1000));
    history = reopen(history);
    expect(history.latest().get('a')).toEqual(sample);
  });

  test('a field that is missing from the list of a device is there again with its next sample', () => {
    const db = new DatabaseSync(file());
    db.exec('UPDATE device_fields SET field = 77 WHERE device = 1 AND field = 3');
    db.close();
    const history = open();
    expect(history.fields('a')).toHaveLength(FIELDS.length - 1);
    history.write(createPacker().pack([{ deviceId: 'a', samples: samplesOf('a', MINUTES) }], 1000));
    expect(history.fields('a')).toEqual([...FIELDS].sort());
  });

  test('a damaged entry of the removed devices deletes nothing of another device', () => {
    const db = new DatabaseSync(file());
    db.exec('INSERT INTO removed VALUES (2)');
    db.close();
    const history = open();
    while (history.tick());
    expect(compare(history, 'b')).toEqual({ wrong: 0, missing: 0 });
  });

  test.each(['rolled_hour', 'rolled_block', 'stored_to'])(
    'a damaged mark %s does not hold up the start',
    (mark) => {
      for (const value of [0, 4_000_000_000]) {
        const db = new DatabaseSync(file());
        db.prepare('UPDATE meta SET value = ? WHERE key = ?').run(value, mark);
        db.close();
        const history = open();
        while (history.tick());
        expect(compareMinutes(history, 'a')).toEqual({ wrong: 0, missing: 0 });
        opened.splice(0);
        history.close();
      }
    },
  );

  test('a database from before there were checksums is read as it is', () => {
    const db = new DatabaseSync(file());
    db.exec(`ALTER TABLE devices DROP COLUMN crc; ALTER TABLE fields DROP COLUMN crc;
      DROP TABLE device_fields;
      CREATE TABLE device_fields (device INTEGER NOT NULL, field INTEGER NOT NULL, PRIMARY KEY (device, field)) STRICT, WITHOUT ROWID;
      INSERT INTO device_fields SELECT devices.id, fields.id FROM devices, fields;
      PRAGMA user_version = 1`);
    const t = Float64Array.from([BASE, BASE + 1000]);
    const columns = new Map([[0, { rows: undefined, values: Float64Array.from([1, 2]) }]]);
    db.prepare('UPDATE raw SET data = ? WHERE k = ?').run(
      encodeTable({ t, columns }),
      MINUTE_0 * 2 ** 27 + 1,
    );
    db.close();
    const history = open();
    expect(notices).toEqual([]);
    expect(history.timestamps('a', BASE, BASE + MINUTE)).toEqual([BASE, BASE + 1000]);
    expect(compare(history, 'b')).toEqual({ wrong: 0, missing: 0 });
    expect(history.fields('b')).toEqual([...FIELDS].sort());
  });

  test('a database from before the age of fields was noted is read as it is, and its damaged names are told', () => {
    const db = new DatabaseSync(file());
    db.function('checksum', { varargs: true }, (...parts) => registryChecksum(...parts));
    db.exec(`DROP TABLE device_fields;
      CREATE TABLE device_fields (device INTEGER NOT NULL, field INTEGER NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (device, field)) STRICT, WITHOUT ROWID;
      INSERT INTO device_fields SELECT devices.id, fields.id, checksum(devices.id, fields.id) FROM devices, fields;
      UPDATE device_fields SET crc = 1 WHERE device = 2 AND field = 0;
      UPDATE devices SET name = 'damaged' WHERE id = 1;
      PRAGMA user_version = 2`);
    db.close();
    const history = open();
    expect(notices).toEqual([expect.stringContaining('the names of 1 machines and 0 fields')]);
    expect(history.fields('b')).toEqual(FIELDS.slice(1));
    expect(compare(history, 'c')).toEqual({ wrong: 0, missing: 0 });
  });
});

test('[I1] a bit that flips anywhere in the file shows no wrong value, and loses none without a word', async () => {
  const { size } = await stat(intact());
  let seed = 20260105;
  const dice = (sides: number) => (seed = (seed * 48271) % 2147483647) % sides;
  const silent: string[] = [];
  for (let i = 0; i < 40; i++) {
    const [byte, bit] = [dice(size), dice(8)];
    notices = [];
    await copyIntact();
    await flipBit(file(), byte, bit);
    const history = open();
    for (const device of DEVICES)
      for (const { wrong, missing } of [compare(history, device), compareMinutes(history, device)])
        if (wrong > 0 || (missing > 0 && notices.length === 0))
          silent.push(`byte ${byte} bit ${bit}, device ${device}: ${wrong} wrong, ${missing} missing`);
    opened.splice(0);
    history.abandon();
  }
  expect(silent).toEqual([]);
});

test.each([
  ['the first page', () => 0],
  ['the second page', () => 1],
  ['a page in the middle', (pages: number) => Math.floor(pages / 2)],
  ['the last page', (pages: number) => pages - 1],
])('[I1] a start with %s overwritten goes on, tells it, and shows no wrong value', async (_, choose) => {
  const page = choose((await stat(file())).size / 16384);
  await overwritePage(page);
  const history = open();
  for (const device of DEVICES) expect(compare(history, device).wrong).toBe(0);
  expect(notices.join()).toContain('is damaged');
  history.write(createPacker().pack([{ deviceId: 'a', samples: samplesOf('a', MINUTES) }], 1000));
  expect(history.timestamps('a', BASE + MINUTES * MINUTE, NOW)).toHaveLength(60);
});

test('[I1] when the database turns out to be damaged while the server runs, it is set aside and written anew', async () => {
  for (const offset of await offsetsOf('raw', 2, MINUTE_0 + 60))
    await overwritePage(Math.floor(offset / 16384));
  const notices: string[] = [];
  let noteSetAside: () => void = () => undefined;
  const setAside = new Promise<void>((resolve) => (noteSetAside = resolve));
  const history = await openEmbeddedHistory({
    dir: copyDir,
    log,
    notice(text) {
      notices.push(text);
      if (text.includes('was set aside as')) noteSetAside();
    },
  });
  // Deleting the rows of a device reads the damaged page.
  await history.remove('b');
  await setAside;
  const now = Date.now();
  const batch = { deviceId: 'a', samples: [{ t: now, values: { cpu: 1 } }] };
  await expect(history.write([batch], 2000)).rejects.toBeInstanceOf(HistoryBegunAnew);
  await history.write([batch], 2000);
  expect(await history.timestamps('a', now, now + 1)).toEqual([now]);
  expect(await history.health()).toMatchObject({ healthy: true });
  await history.close();
});
