/**
 * What a push costs the server: processor time of the real process (TLS, authentication, inflating, parsing, journal,
 * fleet, alerts, live, and all of Node's own threads with garbage collection, but not the history's) against that of
 * a bare uWS TLS handler, under the same client at the same pace. With the history's thread in a row of its own, and
 * the whole per value beside VictoriaMetrics. The payload is what the real agent sends. Loopback only.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { statusReply } from '#protocol/api.ts';
import type { Sample } from '../../agent/sampling/sample.ts';
import { startProcess, type Running } from '../e2e/process.ts';
import { freePort, startServer, temporaryFolder, type TestServer } from '../e2e/product.ts';
import { cpuMicroseconds } from './cpu.ts';
import { writeDevices } from './devices.ts';
import { startPushClient, type RoundDone } from './push-round.ts';
import { writeSamples } from './real-samples.ts';
import { median, type Row } from './row.ts';
import { startVictoria, type Victoria } from './victoria.ts';

const DEVICES = 1000;
const ROUNDS = 7;
/** Shorter than the 10 s after which uWS closes a connection that idles during the other server's round. */
const ROUND_S = 4;
const CONNECT_S = 3;
const BUDGET = 3;
/** A push has five samples, as from a device that nobody watches. They are 200 ms apart, so that each device can push once a second. */
const SAMPLES = 5;
const EVERY_MS = 200;

async function startControl(server: TestServer, port: number): Promise<Running> {
  const folder = join(server.authorityFile(), '..');
  const files = [join(folder, 'server.crt'), join(folder, 'server.key')];
  const script = join(import.meta.dirname, 'push-control.ts');
  const control = await startProcess({ file: process.execPath, args: [script, ...files, String(port)] });
  await control.line(/listening/);
  return control;
}

/** Microseconds that the history's own thread has used: the history is not the push. */
export async function historyMicroseconds(server: TestServer): Promise<number> {
  const { history } = (await server.admin.ask('GET', '/status')).as(statusReply);
  return (history.cpu_ms ?? 0) * 1000;
}

interface Measured {
  readonly costUs: number;
  /** The share of the history's thread in it. */
  readonly historyUs: number;
  readonly done: RoundDone;
}

/** The same samples of the same devices at the same pace into VictoriaMetrics; microseconds a push of five samples. */
async function victoriaMicroseconds(victoria: Victoria, samples: readonly Sample[]): Promise<number> {
  const seconds = ROUND_S * ROUNDS;
  const total = DEVICES * seconds;
  const started = performance.now();
  const before = cpuMicroseconds(victoria.pid);
  const sent: Promise<void>[] = [];
  for (let next = 0; next < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - started) / 1000) * DEVICES));
    for (; next < due; next++) {
      const from = (next * 7) % (samples.length - SAMPLES);
      const last = Date.now();
      const push = samples.slice(from, from + SAMPLES).map(({ fields }, i) => ({
        deviceId: `bench-${next % DEVICES}`,
        t: last - (SAMPLES - 1 - i) * EVERY_MS,
        fields,
      }));
      sent.push(victoria.write(push));
    }
    await pause(5);
  }
  await Promise.all(sent);
  return (cpuMicroseconds(victoria.pid) - before) / total;
}

/** Complete pushes of a thousand devices, once a second each, against the controls. */
export async function benchPush(): Promise<readonly Row[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-push-'));
  const { file: samplesFile, samples } = await writeSamples(scratch);
  const data = temporaryFolder();
  const devices = writeDevices(data, DEVICES, 1);
  const server = await startServer({ data, env: { WATCHFLOOR_LOG_LEVEL: 'warn' } });
  const controlPort = await freePort();
  const control = await startControl(server, controlPort);
  const client = startPushClient();
  const victoria = await startVictoria();
  try {
    const caFile = server.authorityFile();
    const measure = async (pid: number, port: number, seconds: number): Promise<Measured> => {
      const historyBefore = await historyMicroseconds(server);
      const before = cpuMicroseconds(pid);
      const payload = { samplesFile, samples: SAMPLES, everyMs: EVERY_MS, intervalS: 1 };
      const done = await client.run({ port, caFile, devices, seconds, ...payload });
      const cost = cpuMicroseconds(pid) - before;
      const history = (await historyMicroseconds(server)) - historyBefore;
      const pushes = Math.max(1, done.pushes);
      return { costUs: cost / pushes, historyUs: history / pushes, done };
    };
    const real = (seconds: number) => measure(server.process().pid, server.port, seconds);
    const bare = (seconds: number) => measure(control.pid, controlPort, seconds);

    await real(CONNECT_S);
    await bare(CONNECT_S);
    // One round of each to warm up.
    await real(ROUND_S);
    await bare(ROUND_S);
    const ours: Measured[] = [];
    const theirs: Measured[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await real(ROUND_S));
      theirs.push(await bare(ROUND_S));
    }
    const lost = ours.reduce((sum, { done }) => sum + done.refused + done.late, 0);
    if (lost > 0) console.log(`push: ${lost} of ${DEVICES * ROUND_S * ROUNDS} pushes were refused or late`);
    const { pushes } = (await server.admin.ask('GET', '/status')).as(statusReply);
    const fields = new Set(samples.flatMap((sample) => Object.keys(sample.fields))).size;
    console.log(
      `push: ${SAMPLES} samples of ${fields} fields by the real sampler, ${ours.at(-1)?.done.bodyBytes} bytes as gzip; ` +
        `the server read ${pushes.columns} pushes in columns, ${pushes.batch + pushes.single} in other forms`,
    );
    const other = victoria && (await victoriaMicroseconds(victoria, samples));
    return rows(ours, theirs, SAMPLES * fields, other);
  } finally {
    client.stop();
    await control.kill();
    await victoria?.stop();
    await server.dispose();
    rmSync(scratch, { recursive: true, force: true });
    rmSync(data, { recursive: true, force: true });
  }
}

function rows(
  ours: readonly Measured[],
  theirs: readonly Measured[],
  values: number,
  victoriaUs: number | undefined,
): Row[] {
  const whole = median(ours.map(({ costUs }) => costUs));
  const value = median(ours.map(({ costUs, historyUs }) => costUs - historyUs));
  const control = median(theirs.map(({ costUs }) => costUs));
  return [
    {
      what: 'push, complete: CPU per push',
      value,
      unit: 'µs',
      control: { what: 'uWS TLS, body read, 204', value: control },
      ratio: value / control,
      budget: BUDGET,
    },
    {
      what: 'push and its history (embedded): CPU per push',
      value: whole,
      unit: 'µs',
      control: { what: 'the same', value: control },
      ratio: whole / control,
    },
    {
      what: 'ingest, whole process: CPU per value',
      value: whole / values,
      unit: 'µs',
      ...(victoriaUs === undefined
        ? {}
        : {
            control: { what: 'VictoriaMetrics, line protocol, plain HTTP', value: victoriaUs / values },
            ratio: whole / victoriaUs,
            budget: 0.5,
          }),
    },
    {
      what: 'push, complete: answer, p99 (committed to disk)',
      value: median(ours.map(({ done }) => done.p99Ms)),
      unit: 'ms',
    },
  ];
}
