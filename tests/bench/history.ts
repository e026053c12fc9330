/** The history's cost: bytes a value, time a sample, time a chart. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sample } from '#protocol/sample.ts';
import { createPacker } from '../../server/history/embedded/packed.ts';
import { openStore, type Store } from '../../server/history/embedded/store.ts';
import { openJournal } from '../../server/history/journal.ts';
import { createLog } from '../../server/log.ts';
import { median, type Row } from './row.ts';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const START = Date.UTC(2026, 0, 5);
const log = createLog('silent');

/** A generator of numbers in [0, 1), the same each run. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A small server as an agent sees it: 30 fields, shares of processor time to a decimal, bytes in pages, bursts. */
function machine(random: () => number): (t: number) => Sample {
  let busy = 12;
  let used = 3_200_000_000;
  let load = 0.4;
  const total = 16_618_242_048;
  const decimals = (value: number, power: number) => Math.round(value * power) / power;
  const burst = (often: number, size: number) => (random() < often ? Math.round(random() * size) : 0);
  return (t) => {
    busy = Math.min(
      95,
      Math.max(1, busy + (random() - 0.5) * 4 + (random() < 0.01 ? 30 * random() : 0) - (busy - 12) * 0.05),
    );
    used = Math.min(total, Math.max(1e9, used + Math.round((random() - 0.5) * 200) * 4096));
    load += (busy / 25 - load) * 0.02;
    const cores = Array.from({ length: 4 }, () => Math.min(100, Math.max(0, busy + (random() - 0.5) * 10)));
    const values: Record<string, number> = {
      cpu: decimals(busy, 10),
      cpu_user: decimals(busy * 0.7, 10),
      cpu_system: decimals(busy * 0.25, 10),
      cpu_iowait: burst(0.2, 3),
      cpu_steal: 0,
      load1: decimals(load, 100),
      load5: decimals(load * 0.9, 100),
      load15: decimals(load * 0.8, 100),
      ram: decimals((used / total) * 100, 100),
      mem_used_bytes: used,
      mem_available_bytes: total - used,
      mem_cached_bytes: 5_100_000_000 + burst(0.1, 50) * 4096,
      mem_total_bytes: total,
      swap: 0,
      disk: 41.3,
      disk_read: burst(0.05, 40) * 4096,
      disk_write: burst(0.4, 60) * 4096,
      net_rx: 2_000 + Math.round(random() * 4_000) + burst(0.05, 500_000),
      net_tx: 1_500 + Math.round(random() * 3_000) + burst(0.05, 300_000),
      processes: 181 + burst(0.1, 3),
      processes_running: 1 + burst(0.3, 3),
      uptime_s: Math.floor((t - START) / 1000) + 500_000,
      'mount:/:used': 41.3,
      'mount:/:used_bytes': 40_000_000_000 + Math.floor((t - START) / 60_000) * 4096,
      'interface:eth0:rx': 2_000 + Math.round(random() * 4_000),
      'interface:eth0:tx': 1_500 + Math.round(random() * 3_000),
    };
    cores.forEach((value, i) => (values[`core:${i}:cpu`] = decimals(value, 10)));
    return { t, values };
  };
}

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
    const journal = await openJournal({ dir, log });
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

/** A day of one device, every second; then charts of it. */
async function dayRows(): Promise<Row[]> {
  return inFolder(async (dir) => {
    let now = START;
    const file = join(dir, 'history.db');
    const store = openStore({ file, log, now: () => now, tickMs: 60_000 });
    const packer = createPacker();
    const sampleAt = machine(dice(7));
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
    const bytes = store.health().bytes ?? 0;
    const day = chart(store, START, START + DAY, 5 * MINUTE);
    const hour = chart(store, START + DAY - 60 * MINUTE, START + DAY, 10_000);
    store.close();
    return [
      {
        what: 'history: file size per stored value, 30 fields',
        value: bytes / values,
        unit: 'bytes',
        budget: 1,
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
    const store = openStore({ file: join(dir, 'history.db'), log, now: () => now, tickMs: 60_000 });
    const packer = createPacker();
    const sampleAt = machine(dice(11));
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
function chart(store: Store, from: number, to: number, step: number): number {
  const times = Array.from({ length: 21 }, () => {
    const before = performance.now();
    store.query({ deviceId: 'd', from, to, step, fields: ['cpu', 'mem_used_bytes'] });
    return performance.now() - before;
  });
  return median(times);
}

export async function benchHistory(): Promise<Row[]> {
  return [await journalRow(), ...(await dayRows()), await yearRow()];
}
