/** What the history costs: bytes per value, CPU per sample, milliseconds per chart. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPacker } from '../../server/history/embedded/packed.ts';
import { openSqliteHistory, type SqliteHistory } from '../../server/history/embedded/sqlite-history.ts';
import { openJournal } from '../../server/history/journal/journal.ts';
import { systemClock } from '../../server/app/clock.ts';
import { createLog } from '../../server/app/log.ts';
import { benchCharts } from './charts.ts';
import { dice, machine } from './machine.ts';
import { median, type Row } from './row.ts';
import { folderBytes, startVictoria } from './victoria.ts';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const START = Date.UTC(2026, 0, 5);
const log = createLog('silent');

async function inFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'bench-history-'));
  try {
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** CPU of this process, all threads, in µs. */
function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Pushes of five samples (900 bytes), 500 at a time as they come from 2,500 devices. */
async function journalRow(): Promise<Row> {
  return inFolder(async (dir) => {
    const journal = await openJournal({ clock: systemClock, dir, log });
    const record = {
      deviceId: '5b1a3f0e-7c1d-4e53-9f4e-3f1f8a2f6b11',
      arrived: START,
      payload: Buffer.alloc(900, 'x'),
    };
    const rounds = 40;
    const before = cpuMicros();
    for (let round = 0; round < rounds; round++)
      await Promise.all(Array.from({ length: 500 }, () => journal.append(record)));
    const spent = cpuMicros() - before;
    await journal.close();
    return {
      what: 'journal: CPU per append of 900 bytes, 500 at a time',
      value: spent / (rounds * 500),
      unit: 'µs',
    };
  });
}

/** Bytes of the same day in VictoriaMetrics; undefined where that is not installed. */
async function victoriaBytes(): Promise<number | undefined> {
  const victoria = await startVictoria();
  if (victoria === undefined) return undefined;
  try {
    const sampleAt = machine(dice(7), START);
    for (let minute = 0; minute < 1440; minute++)
      await victoria.write(
        Array.from({ length: 60 }, (_, s) => {
          const { t, values } = sampleAt(START + minute * MINUTE + s * 1000);
          return { deviceId: 'd', t, fields: values };
        }),
      );
    return await victoria.mergedBytes();
  } finally {
    await victoria.stop();
  }
}

/** A day of one device, every second; then charts of it. */
async function dayRows(): Promise<Row[]> {
  return inFolder(async (dir) => {
    let now = START;
    const file = join(dir, 'history.db');
    const store = openSqliteHistory({ file, log, now: () => now, tickMs: 60_000 });
    const packer = createPacker();
    const sampleAt = machine(dice(7), START);
    let values = 0;
    let micros = 0;
    for (let minute = 0; minute < 1440; minute++) {
      const samples = Array.from({ length: 60 }, (_, s) => sampleAt(START + minute * MINUTE + s * 1000));
      values += samples.reduce((sum, sample) => sum + Object.keys(sample.values).length, 0);
      now = START + (minute + 1) * MINUTE;
      const before = cpuMicros();
      for (let s = 0; s < 60; s += 5)
        store.write(packer.pack([{ deviceId: 'd', samples: samples.slice(s, s + 5) }], minute));
      store.tick();
      micros += cpuMicros() - before;
    }
    now += 5 * MINUTE;
    store.tick();
    const day = chart(store, START, START + DAY, 5 * MINUTE);
    const hour = chart(store, START + DAY - 60 * MINUTE, START + DAY, 10_000);
    store.close();
    const bytes = folderBytes(dir) / values;
    const other = await victoriaBytes();
    return [
      {
        what: 'history: bytes on disk per value, files as they lie, a day of 30 fields',
        value: bytes,
        unit: 'bytes',
        ...(other === undefined
          ? {}
          : {
              control: { what: 'VictoriaMetrics, the same samples, merged', value: other / values },
              ratio: (bytes * values) / other,
              budget: 1,
            }),
      },
      {
        what: 'history: CPU per sample of 30 fields, packing, storing and rolling up',
        value: micros / (1440 * 60),
        unit: 'µs',
      },
      { what: 'history: chart of 24 h, two fields, 288 points', value: day, unit: 'ms' },
      { what: 'history: chart of 1 h, two fields, 360 points', value: hour, unit: 'ms' },
    ];
  });
}

/** A year of quarter-hours of one device. */
async function yearRow(): Promise<Row> {
  return inFolder(async (dir) => {
    let now = START;
    const store = openSqliteHistory({ file: join(dir, 'history.db'), log, now: () => now, tickMs: 60_000 });
    const packer = createPacker();
    const sampleAt = machine(dice(11), START);
    for (let at = 0; at < 365; at += 4) {
      const samples = Array.from({ length: 4 * 96 }, (_, i) => sampleAt(START + at * DAY + i * 15 * MINUTE));
      now = START + (at + 4) * DAY + 3 * MINUTE;
      store.write(packer.pack([{ deviceId: 'd', samples }], at));
      for (let pass = 0; pass < 4; pass++) {
        store.tick();
        now += MINUTE;
      }
    }
    const value = chart(store, START, START + 365 * DAY, DAY);
    store.close();
    return { what: 'history: chart of 1 year, two fields, 365 points', value, unit: 'ms' };
  });
}

/** The middle of 21 runs, in ms. */
function chart(store: SqliteHistory, from: number, to: number, step: number): number {
  const times = Array.from({ length: 21 }, () => {
    const before = performance.now();
    store.query({ deviceId: 'd', from, to, step, fields: ['cpu', 'mem_used_bytes'] });
    return performance.now() - before;
  });
  return median(times);
}

export async function benchHistory(): Promise<Row[]> {
  return [await journalRow(), ...(await dayRows()), await yearRow(), ...(await benchCharts())];
}
