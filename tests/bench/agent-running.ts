/** A real agent that pushes to a real server, and node_exporter beside it, over the same seconds. */
import { setTimeout as pause } from 'node:timers/promises';
import { startAgent, startServer } from '../e2e/product.ts';
import { cpuMicroseconds } from './cpu.ts';
import { startExporter } from './exporter.ts';
import { privateMemory, type PrivateMemory } from './memory.ts';
import type { Row } from './row.ts';

/** The agent gathers its inventory in the first five seconds; its memory changes little after a minute. */
const SETTLE_S = 60;
const MEASURE_S = 60;

interface Cost extends PrivateMemory {
  /** Milliseconds of processor time a second. */
  readonly cpuMs: number;
}

/** Measures what each process costs during `seconds`. */
async function costs(pids: readonly number[], seconds: number): Promise<Cost[]> {
  const before = pids.map(cpuMicroseconds);
  await pause(seconds * 1000);
  return pids.map((pid, index) => ({
    cpuMs: (cpuMicroseconds(pid) - (before[index] ?? 0)) / 1000 / seconds,
    ...privateMemory(pid),
  }));
}

async function measure(): Promise<readonly (Cost | undefined)[]> {
  const server = await startServer();
  try {
    const agent = await startAgent({ enrollment: await server.enrollment() });
    try {
      const exporter = await startExporter();
      try {
        await pause(SETTLE_S * 1000);
        return await costs(
          [agent.process.pid, exporter?.pid].filter((pid) => pid !== undefined),
          MEASURE_S,
        );
      } finally {
        await exporter?.stop();
      }
    } finally {
      await agent.dispose();
    }
  } finally {
    await server.dispose();
  }
}

export async function benchRunningAgent(): Promise<Row[]> {
  const [ours, theirs] = await measure();
  if (ours === undefined) throw new Error('the agent was not measured');
  const row = (what: string, unit: string, of: (cost: Cost) => number, budget?: number): Row => ({
    what: `agent, running: ${what}`,
    value: of(ours),
    unit,
    ...(theirs === undefined
      ? {}
      : {
          control: { what: 'node_exporter, scraped each second', value: of(theirs) },
          ratio: of(ours) / of(theirs),
          ...(budget === undefined ? {} : { budget }),
        }),
  });
  return [
    row('CPU per second', 'ms', ({ cpuMs }) => cpuMs, 0.5),
    row('private memory', 'MiB', ({ ussMiB }) => ussMiB, 1),
    row('private memory it wrote', 'MiB', ({ writtenMiB }) => writtenMiB),
  ];
}
