/**
 * `npm run attacks`: runs attacks against the real server, each against a new one, while honest devices push what the
 * real agent measures. `npm run attacks -- connects` runs one. Loopback only, and never longer than ATTACK_S each.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startServer, temporaryFolder, type TestServer } from '../../e2e/product.ts';
import { cpuMicroseconds } from '../cpu.ts';
import { writeDevices } from '../devices.ts';
import { forgetPeak, peakMiB } from '../memory.ts';
import { startPushClient, type RoundDone } from '../push-round.ts';
import { writeSamples } from '../real-samples.ts';
import type { Attack, Counts, Target } from './attack.ts';
import { connects } from './connects.ts';
import { fleetAsks } from './fleet-asks.ts';
import { liveFloods } from './live-floods.ts';
import { manyFields } from './many-fields.ts';
import { manyMounts } from './many-mounts.ts';
import { nestedBodies } from './nested-bodies.ts';
import { newAddresses } from './new-addresses.ts';
import { registrations } from './registrations.ts';
import { signIns } from './sign-ins.ts';
import { unfinishedBodies } from './unfinished-bodies.ts';
import { valuesQueries } from './values-queries.ts';

const ATTACKS: readonly Attack[] = [
  connects,
  liveFloods,
  nestedBodies,
  unfinishedBodies,
  fleetAsks,
  signIns,
  registrations,
  manyFields,
  manyMounts,
  newAddresses,
  valuesQueries,
];

/** Each pushes five samples once a second over a connection that it keeps. */
const HONEST_DEVICES = 50;
const ATTACK_S = 15;
/** [S5] The most that an honest device's answer may take while an attack runs, 99th percentile. */
const HONEST_MS = 200;
const STALLS = pathToFileURL(join(import.meta.dirname, 'stalls.ts')).href;

interface Measured {
  readonly honest: RoundDone;
  readonly longestStallMs: number;
  readonly cores: number;
  readonly peakMiB: number;
}

function longestStall(output: string): number {
  const stalls = [...output.matchAll(/event loop stood still for (\d+) ms/g)].map(([, ms]) => Number(ms));
  return Math.max(0, ...stalls);
}

/** Measures the server while the honest devices push for ATTACK_S seconds. */
async function measure(server: TestServer, pushForAWhile: () => Promise<RoundDone>): Promise<Measured> {
  const { pid, output } = server.process();
  const said = output().length;
  const before = cpuMicroseconds(pid);
  const started = performance.now();
  forgetPeak(pid);
  const honest = await pushForAWhile();
  const seconds = (performance.now() - started) / 1000;
  return {
    honest,
    longestStallMs: longestStall(output().slice(said)),
    cores: (cpuMicroseconds(pid) - before) / 1e6 / seconds,
    peakMiB: peakMiB(pid),
  };
}

function describe({ honest, longestStallMs, cores, peakMiB }: Measured): string {
  const { p99Ms, worstMs, pushes, refused, late } = honest;
  const lost = refused + late > 0 ? `, ${refused} refused, ${late} late` : '';
  return (
    `honest push p99 ${p99Ms.toFixed(0)} ms, worst ${worstMs.toFixed(0)} ms (${pushes} accepted${lost}); ` +
    `longest stall ${longestStallMs} ms; ${cores.toFixed(2)} cores; peak ${peakMiB.toFixed(0)} MiB`
  );
}

/** Runs one attack against a new server; resolves with whether the honest devices were answered in time. */
async function face(attack: Attack, samplesFile: string): Promise<boolean> {
  console.log(`\n${attack.name}: ${attack.what}`);
  const data = temporaryFolder();
  const devices = writeDevices(data, HONEST_DEVICES + (attack.devices ?? 0), 1);
  const env = { WATCHFLOOR_LOG_LEVEL: 'error', NODE_OPTIONS: `--import=${STALLS}` };
  const server = await startServer({ data, env });
  const client = startPushClient();
  try {
    const caFile = server.authorityFile();
    const round = { port: server.port, caFile, samplesFile, samples: 5, everyMs: 200, intervalS: 1 };
    const honest = devices.slice(0, HONEST_DEVICES);
    const push = (seconds: number) => client.run({ ...round, devices: honest, seconds });
    let endsAt = Infinity;
    const target: Target = {
      server,
      ca: readFileSync(caFile, 'utf8'),
      devices: devices.slice(HONEST_DEVICES),
      samplesFile,
      over: () => performance.now() > endsAt,
    };
    await attack.prepare?.(target);
    await push(3);
    const alone = await measure(server, () => push(ATTACK_S));
    console.log(`  alone:    ${describe(alone)}`);
    endsAt = performance.now() + ATTACK_S * 1000;
    const attacking = attack.run(target);
    const attacked = await measure(server, () => push(ATTACK_S));
    console.log(`  attacked: ${describe(attacked)}`);
    console.log(`  attacker: ${describeCounts(await attacking)}`);
    const ended = server.process().output().includes('heap out of memory');
    return !ended && attacked.honest.p99Ms <= HONEST_MS && attacked.honest.refused === 0;
  } finally {
    client.stop();
    await server.dispose();
    rmSync(data, { recursive: true, force: true });
  }
}

function describeCounts(counts: Counts): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count.toLocaleString('en')}`)
    .join(', ');
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !ATTACKS.some((attack) => attack.name === name));
if (unknown.length > 0) {
  const names = ATTACKS.map(({ name }) => name).join(', ');
  console.error(`There is no attack ${unknown.join(', ')}; there are ${names}.`);
  process.exit(1);
}

// The servers end with this process; a signal alone would leave them behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const scratch = mkdtempSync(join(tmpdir(), 'attacks-'));
try {
  const { file: samplesFile } = await writeSamples(scratch);
  for (const attack of ATTACKS) {
    if (asked.length > 0 && !asked.includes(attack.name)) continue;
    if (await face(attack, samplesFile)) continue;
    console.log(`  OVER: honest devices are to be answered within ${HONEST_MS} ms (p99) and never refused`);
    process.exitCode = 1;
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
