/** The agent: processor time of one sample, and what a running agent costs. */
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import library from 'systeminformation';
import { inColumns } from '../../agent/outgoing/push.ts';
import type { Sample } from '../../agent/sampling/sample.ts';
import { benchRunningAgent } from './agent-running.ts';
import { ownCpuMs } from './cpu.ts';
import { createRealSampler, EVERY_MS } from './real-samples.ts';
import type { Row } from './row.ts';

const SAMPLES = 150;
const SAMPLES_PER_PUSH = 5;
/** The library takes some 100 ms a round. */
const LIBRARY_ROUNDS = 15;

interface SampleCost {
  /** CPU milliseconds of one sample: measured with every collector, and its share of encoding a push of five. */
  readonly cpuMs: number;
  /** Bytes of a push as it goes over the wire, for each of its values. */
  readonly bytesPerValue: number;
}

async function benchSamples(): Promise<SampleCost> {
  const sampler = createRealSampler();
  let bytes = 0;
  let values = 0;
  let waiting: Sample[] = [];
  const take = async (count: number) => {
    for (let index = 0; index < count; index++) {
      waiting.push({ t: Date.now(), fields: sampler.sample() });
      if (waiting.length === SAMPLES_PER_PUSH) {
        bytes += gzipSync(JSON.stringify(inColumns(waiting))).length;
        values += waiting.reduce((sum, { fields }) => sum + Object.keys(fields).length, 0);
        waiting = [];
      }
      await pause(EVERY_MS);
    }
  };
  await take(20);
  [bytes, values] = [0, 0];
  // V8 still compiles in the first pause, which would make it dearer than the samples.
  await idleMs(SAMPLES);
  const before = process.cpuUsage();
  await take(SAMPLES);
  const { user, system } = process.cpuUsage(before);
  const idle = await idleMs(SAMPLES);
  sampler.close();
  if (values === 0) throw new Error('no samples were taken');
  const cpuMs = ((user + system) / 1000 - idle) / SAMPLES;
  if (cpuMs <= 0)
    throw new Error('the pauses took more processor time than the samples: run it on a quieter machine');
  return {
    cpuMs,
    bytesPerValue: bytes / values,
  };
}

/** CPU milliseconds of the pauses alone. */
async function idleMs(count: number): Promise<number> {
  const before = process.cpuUsage();
  for (let index = 0; index < count; index++) await pause(EVERY_MS);
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

/** Rows for `npm run bench -- agent`. Linux only: elsewhere there is no /proc to measure by. */
export async function benchAgent(): Promise<Row[]> {
  if (process.platform !== 'linux') return [];
  const { cpuMs: sample, bytesPerValue } = await benchSamples();
  const through = await benchLibrary();
  return [
    {
      what: 'agent: CPU per sample',
      value: sample,
      unit: 'ms',
      control: { what: 'the same through systeminformation', value: through },
      ratio: sample / through,
    },
    { what: 'agent: CPU per sample, at most', value: sample, unit: 'ms', budget: 2 },
    { what: 'agent: on the wire, per value', value: bytesPerValue, unit: 'bytes', budget: 5 },
    ...(await benchRunningAgent()),
  ];
}
