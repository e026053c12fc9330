/** The agent: processor time of one sample, and the private memory of a running agent. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import library from 'systeminformation';
import { collectorsFor } from '../../agent/collectors/index.ts';
import { createReader } from '../../agent/collectors/reader.ts';
import { createSampler } from '../../agent/sampler.ts';
import type { Row } from './row.ts';

const SAMPLES = 300;
/** The library takes some 100 ms a round. */
const LIBRARY_ROUNDS = 15;
const SCRAPES = 50;
/** What `/proc/PID/stat` counts processor time in, on every Linux that Node runs on. */
const TICK_MS = 10;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Processor time of this process in ms; the children it waited for included. */
function ownCpuMs(): number {
  return cpuMs(process.pid, true);
}

/** Fields 14 to 17 of `/proc/PID/stat`: user, system, and the same of ended children. */
function cpuMs(pid: number, withChildren: boolean): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, withChildren ? 15 : 13).map(Number);
  return ticks.reduce((sum, one) => sum + one, 0) * TICK_MS;
}

/** Private memory of a process in MiB (USS). */
function ussMiB(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kib = [...text.matchAll(/^Private_(?:Clean|Dirty|Hugetlb):\s+(\d+)/gm)].map((match) =>
    Number(match[1]),
  );
  return kib.reduce((sum, one) => sum + one, 0) / 1024;
}

/** CPU ms of one sample of the whole list, as the running agent takes it, one after another. */
async function benchSamples(): Promise<number> {
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const reader = createReader();
  const sampler = createSampler({
    collectors: collectorsFor('linux'),
    read: reader.read,
    log,
    monotonic: () => performance.now(),
  });
  let bytes = 0;
  const take = async (count: number) => {
    for (let index = 0; index < count; index++) {
      // A second further on each time, so that what has a slower pace keeps it; the promises end in between.
      bytes += JSON.stringify({ timestamp: Date.now(), metrics: sampler.sample(++second * 1000) }).length;
      await pause(10);
    }
  };
  let second = 0;
  await take(20);
  const idle = await idleMs(SAMPLES);
  const before = process.cpuUsage();
  await take(SAMPLES);
  const { user, system } = process.cpuUsage(before);
  reader.close();
  if (bytes === 0) throw new Error('no samples were taken');
  return Math.max(0, ((user + system) / 1000 - idle) / SAMPLES);
}

function ignore(): void {
  // A benchmark logs nothing.
}

/** What the waiting in between costs by itself. */
async function idleMs(count: number): Promise<number> {
  const before = process.cpuUsage();
  for (let index = 0; index < count; index++) await pause(10);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** CPU ms of one round of the same subjects through systeminformation, the processes it starts included. */
async function benchLibrary(): Promise<number> {
  const round = async () => {
    await library.currentLoad();
    await library.mem();
    await library.fsSize();
    await library.disksIO();
    await library.networkStats('*');
    await library.cpuTemperature();
    await library.processes();
    return library.time().uptime;
  };
  await round();
  const before = ownCpuMs();
  for (let index = 0; index < LIBRARY_ROUNDS; index++) await round();
  return (ownCpuMs() - before) / LIBRARY_ROUNDS;
}

interface Exporter {
  readonly cpuMs: number;
  readonly ussMiB: number;
}

/** CPU ms of one scrape of node_exporter and its private memory; undefined where it is not installed. */
async function benchExporter(): Promise<Exporter | undefined> {
  const command = 'prometheus-node-exporter';
  if (spawnSync(command, ['--version']).error !== undefined) return undefined;
  const collectors = [
    'cpu',
    'meminfo',
    'loadavg',
    'filesystem',
    'diskstats',
    'netdev',
    'hwmon',
    'stat',
    'time',
  ];
  const flags = ['--collector.disable-defaults', ...collectors.map((one) => `--collector.${one}`)];
  const child = spawn(command, [...flags, '--web.listen-address=127.0.0.1:0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    const port = await firstMatch(child, /address=127\.0\.0\.1:(\d+)/);
    const scrape = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    for (let index = 0; index < 10; index++) await scrape();
    const pid = child.pid ?? 0;
    const before = cpuMs(pid, false);
    for (let index = 0; index < SCRAPES; index++) await scrape();
    return { cpuMs: (cpuMs(pid, false) - before) / SCRAPES, ussMiB: ussMiB(pid) };
  } finally {
    child.kill();
  }
}

/** The first group of the first line of a child's output that matches. */
function firstMatch(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const look = (chunk: unknown) => {
      text += String(chunk);
      const found = pattern.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('exit', () => reject(new Error(`ended without saying ${pattern.source}: ${text}`)));
  });
}

interface RunningCost {
  readonly ussMiB: number;
  /** Milliseconds of processor time a second, everything included. */
  readonly cpuMsPerSecond: number;
}

/** A real agent in a process of its own, spooling (no server), after it has settled. */
async function benchRunning(): Promise<RunningCost> {
  const data = mkdtempSync(join(tmpdir(), 'watchfloor-bench-'));
  const main = join(import.meta.dirname, '../../agent/main.ts');
  const child = spawn(process.execPath, [main, '--data', data], {
    env: { PATH: process.env['PATH'], WATCHFLOOR_ENROLL: 'watchfloor://k@127.0.0.1:1?tls=off' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await firstMatch(child, /(the agent runs)/);
    const pid = child.pid ?? 0;
    // The inventory is asked for after three seconds and takes one or two.
    await pause(12_000);
    const before = cpuMs(pid, false);
    await pause(15_000);
    return { ussMiB: ussMiB(pid), cpuMsPerSecond: (cpuMs(pid, false) - before) / 15 };
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await ended;
    rmSync(data, { recursive: true, force: true });
  }
}

/** Rows for `npm run bench -- agent`. Linux only: elsewhere there is no /proc to measure by. */
export async function benchAgent(): Promise<Row[]> {
  if (process.platform !== 'linux') return [];
  const [sample, through] = [await benchSamples(), await benchLibrary()];
  const [running, exporter] = [await benchRunning(), await benchExporter()];
  const rows: Row[] = [
    {
      what: 'agent: CPU per sample',
      value: sample,
      unit: 'ms',
      control: { what: 'the same through systeminformation', value: through },
      ratio: sample / through,
    },
    { what: 'agent: CPU per sample, at most', value: sample, unit: 'ms', budget: 2 },
    { what: 'agent, running: CPU per second', value: running.cpuMsPerSecond, unit: 'ms' },
  ];
  if (exporter === undefined)
    return [...rows, { what: 'agent, running: private memory', value: running.ussMiB, unit: 'MiB' }];
  return [
    ...rows,
    {
      what: 'agent: CPU per sample',
      value: sample,
      unit: 'ms',
      control: { what: 'node_exporter, one scrape', value: exporter.cpuMs },
      ratio: sample / exporter.cpuMs,
      budget: 0.5,
    },
    {
      what: 'agent, running: private memory',
      value: running.ussMiB,
      unit: 'MiB',
      control: { what: 'node_exporter', value: exporter.ussMiB },
      ratio: running.ussMiB / exporter.ussMiB,
      budget: 1,
    },
  ];
}
