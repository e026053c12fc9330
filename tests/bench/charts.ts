/** Charts of one device from the embedded history, from InfluxDB, and from InfluxDB without its tiers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { InfluxDB } from '@influxdata/influxdb-client';
import type { SampleBatch } from '../../server/history/history.ts';
import { openInfluxHistory } from '../../influx/influx.ts';
import { rollupLines } from '../../influx/pages.ts';
import { readPart, type Part } from '../../influx/read.ts';
import type { Rollup } from '../../influx/rollup.ts';
import { writeLines } from '../../influx/write.ts';
import { openEmbeddedHistory } from '../../server/history/embedded/embedded.ts';
import type { History } from '../../server/history/history.ts';
import { createLog } from '../../server/app/log.ts';
import { findInfluxd, startInfluxd, type Influxd } from '../influx/influxd.ts';
import { dice, machine } from './machine.ts';
import type { Row } from './row.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const QUARTER = 15 * MINUTE;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const FIELDS = ['cpu', 'mem_used_bytes'];
const RUNS = 20;
const log = createLog('silent');

/** The last whole day of 30 fields a second. */
const END = Math.floor(Date.now() / HOUR) * HOUR - HOUR;
const START = END - DAY;

function* day(): Generator<SampleBatch[]> {
  const sampleAt = machine(dice(7), START);
  for (let at = START; at < END; at += 2 * MINUTE)
    yield [{ deviceId: 'd', samples: Array.from({ length: 120 }, (_, i) => sampleAt(at + i * SECOND)) }];
}

async function fill(history: History): Promise<void> {
  let position = 0;
  for (const batches of day()) await history.write(batches, ++position);
}

/** The 95th percentile of 20 runs, in milliseconds, after one run that warms up. */
async function p95(run: () => Promise<unknown>): Promise<number> {
  await run();
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const before = performance.now();
    await run();
    times.push(performance.now() - before);
  }
  return times.sort((a, b) => a - b)[Math.ceil(RUNS * 0.95) - 1] ?? 0;
}

const chart = (history: History, from: number, step: number) =>
  p95(() => history.query({ deviceId: 'd', from, to: END, step, fields: FIELDS }));

async function embeddedDay(): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), 'bench-charts-'));
  const filled = await openEmbeddedHistory({ dir, log });
  await fill(filled);
  await filled.close();
  const history = await openEmbeddedHistory({ dir, log });
  // The history rolls up all hours now; a running server would have done that during the day.
  await pause(5_000);
  const value = await chart(history, START, 5 * MINUTE);
  await history.close();
  await rm(dir, { recursive: true });
  return value;
}

/** A year of quarters, as they would be there after a year. */
async function addYear(influxd: Influxd, bucket: string): Promise<void> {
  const random = dice(3);
  const series = () =>
    new Map(
      Array.from({ length: 364 * 96 }, (_, i) => {
        const sum = random() * 90_000;
        return [START - (i + 1) * QUARTER, { min: sum / 1800, max: sum / 450, sum, count: 900 }];
      }),
    );
  const year: Rollup = new Map(FIELDS.map((field) => [field, series()]));
  const lines = rollupLines('d', year);
  const target = {
    client: new InfluxDB(influxd),
    org: influxd.org,
    bucket,
    heldFrom: 0,
    leftOut: () => undefined,
  };
  for (let i = 0; i < lines.length; i += 10_000) await writeLines(target, lines.slice(i, i + 10_000));
}

export async function benchCharts(): Promise<Row[]> {
  const binary = findInfluxd();
  if (binary === undefined) {
    console.log('There is no influxd here (INFLUXD_BIN, PATH): charts are not compared with InfluxDB.');
    return [];
  }
  const influxd = await startInfluxd(binary);
  const bucket = 'bench';
  const history = await openInfluxHistory({ ...influxd, bucket, log });
  try {
    await fill(history);
    const api = new InfluxDB(influxd).getQueryApi(influxd.org);
    const samples = (from: number, width: number) => {
      const part: Part = { bucket, holds: 'samples', deviceId: 'd', from, to: END, width, fields: FIELDS };
      return p95(() => readPart(api, part, new Map()));
    };
    const dayTiers = await chart(history, START, 5 * MINUTE);
    const daySamples = await samples(START, 5 * MINUTE);
    const yearSamples = await samples(END - 365 * DAY, DAY);
    await addYear(influxd, `${bucket}_15m`);
    const yearTiers = await chart(history, END - 365 * DAY, DAY);
    const embedded = await embeddedDay();
    const row = (what: string, value: number, control: string, other: number): Row => ({
      what: `history: ${what}, two fields, p95 of ${RUNS}`,
      value,
      unit: 'ms',
      control: { what: control, value: other },
      ratio: value / other,
    });
    return [
      { ...row('24 h chart, embedded', embedded, 'InfluxDB', dayTiers), budget: 1 },
      row('24 h chart, InfluxDB', dayTiers, 'from its samples', daySamples),
      row('chart of a year, InfluxDB', yearTiers, "from a day's samples", yearSamples),
    ];
  } finally {
    await history.close();
    await influxd.stop();
  }
}
