/** The packaged agent that pushes to a real server, and node_exporter beside it, over the same seconds. */
import { setTimeout as pause } from 'node:timers/promises';
import { startServer, type TestServer } from '../e2e/product.ts';
import { cpuMicroseconds } from './cpu.ts';
import { amongMounts, CROWD, startCrowd } from './crowd.ts';
import { startExporter } from './exporter.ts';
import { processMemory, type ProcessMemory } from './memory.ts';
import { buildPackagedAgent, type PackagedAgent } from './packaged-agent.ts';
import type { Row } from './row.ts';

/** The agent gathers its inventory in the first five seconds; its memory changes little after a minute. */
const SETTLE_S = 60;
/** The slowest collectors run once a minute. */
const MEASURE_S = 120;

interface Cost extends ProcessMemory {
  /** Milliseconds of processor time a second. */
  readonly cpuMs: number;
}

/** Measures what each process costs during the same seconds, once it has settled. */
async function costs(pids: readonly number[]): Promise<Cost[]> {
  await pause(SETTLE_S * 1000);
  const before = pids.map(cpuMicroseconds);
  await pause(MEASURE_S * 1000);
  return pids.map((pid, index) => ({
    cpuMs: (cpuMicroseconds(pid) - (before[index] ?? 0)) / 1000 / MEASURE_S,
    ...processMemory(pid),
  }));
}

/** An agent on this machine as it is, with node_exporter beside it where that is installed. */
async function measureQuiet(
  packaged: PackagedAgent,
  server: TestServer,
): Promise<readonly (Cost | undefined)[]> {
  const agent = await packaged.start(await server.enrollment());
  try {
    const exporter = await startExporter();
    try {
      return await costs([agent.pid, exporter?.pid].filter((pid) => pid !== undefined));
    } finally {
      await exporter?.stop();
    }
  } finally {
    await agent.stop();
  }
}

/** An agent among many processes, connections and mounts; undefined where no mounts can be made. */
async function measureCrowded(packaged: PackagedAgent, server: TestServer): Promise<Cost | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const stopCrowd = await startCrowd();
  try {
    const agent = await packaged.start(await server.enrollment(), amongMounts);
    try {
      return (await costs([agent.pid]))[0];
    } finally {
      await agent.stop();
    }
  } finally {
    await stopCrowd();
  }
}

const CROWDED = `${CROWD.processes} processes, ${CROWD.sockets} sockets, ${CROWD.mounts} mounts`;

function toRows(ours: Cost, theirs: Cost | undefined, crowded: Cost | undefined): Row[] {
  const row = (what: string, unit: string, of: (cost: Cost) => number, budget?: number): Row => ({
    what: `agent, packaged: ${what}`,
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
  const rows = [
    row('CPU per second', 'ms', ({ cpuMs }) => cpuMs, 0.5),
    row('private memory (USS)', 'MiB', ({ ussMiB }) => ussMiB, 1),
    row('private memory that it wrote', 'MiB', ({ writtenMiB }) => writtenMiB),
    row('resident memory (RSS)', 'MiB', ({ rssMiB }) => rssMiB),
    row('its share of memory (PSS)', 'MiB', ({ pssMiB }) => pssMiB),
  ];
  if (crowded === undefined) return rows;
  const crowdedRow: Row = {
    what: `agent, packaged, ${CROWDED}: CPU per second`,
    value: crowded.cpuMs,
    unit: 'ms',
    control: { what: 'without them', value: ours.cpuMs },
    ratio: crowded.cpuMs / ours.cpuMs,
    budget: 2,
  };
  return [...rows, crowdedRow];
}

export async function benchRunningAgent(): Promise<Row[]> {
  const packaged = await buildPackagedAgent();
  try {
    const server = await startServer();
    try {
      const [ours, theirs] = await measureQuiet(packaged, server);
      if (ours === undefined) throw new Error('the agent was not measured');
      return toRows(ours, theirs, await measureCrowded(packaged, server));
    } finally {
      await server.dispose();
    }
  } finally {
    packaged.dispose();
  }
}
