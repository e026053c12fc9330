/**
 * What a push costs the server: processor time of the real process (TLS, authentication, parsing, journal, fleet,
 * alerts, live, and all of Node's own threads, but not the store's) against that of a bare uWS TLS handler, under the
 * same client at the same pace. With the store's thread in a row of its own. Loopback only.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { z } from 'zod';
import { enrollmentKeyCreated, statusReply } from '#protocol/api.ts';
import { startProcess, type Running } from '../e2e/process.ts';
import { freePort, startServer, type TestServer } from '../e2e/product.ts';
import { cpuMicroseconds } from './cpu.ts';
import { roundDone, type RoundAsked, type RoundDevice, type RoundDone } from './push-round.ts';
import { median, type Row } from './row.ts';

const DEVICES = 1000;
const ROUNDS = 7;
/** Short, so that neither server closes the connections that idle during the other's round (uWS: 10 s). */
const ROUND_S = 4;
const CONNECT_S = 1;
const BUDGET = 3;

const registered = z.object({ device_id: z.string(), token: z.string() });

async function register(server: TestServer): Promise<RoundDevice[]> {
  const answer = await server.admin.ask('POST', '/enrollment-keys', { body: {} });
  const { key } = answer.as(enrollmentKeyCreated);
  const one = async (index: number): Promise<RoundDevice> => {
    const body = { enrollment_key: key, hostname: `bench-${index}`, ip: '10.0.0.1', os: 'Linux' };
    const { device_id: id, token } = (await server.admin.ask('POST', '/devices/register', { body })).as(
      registered,
    );
    return { id, token };
  };
  const devices: RoundDevice[] = [];
  for (let i = 0; i < DEVICES; i += 50)
    devices.push(...(await Promise.all(Array.from({ length: 50 }, (_, j) => one(i + j)))));
  return devices;
}

async function startControl(server: TestServer, port: number): Promise<Running> {
  const folder = join(server.authorityFile(), '..');
  const files = [join(folder, 'server.crt'), join(folder, 'server.key')];
  const script = join(import.meta.dirname, 'push-control.ts');
  const control = await startProcess({ file: process.execPath, args: [script, ...files, String(port)] });
  await control.line(/listening/);
  return control;
}

async function ask(client: ChildProcess, round: RoundAsked): Promise<RoundDone> {
  const over = new AbortController();
  const answer = once(client, 'message');
  const ended = once(client, 'exit', { signal: over.signal }).then(() => {
    throw new Error('the client process of the push benchmark ended');
  });
  client.send(round);
  const [message] = z
    .tuple([z.unknown()])
    .rest(z.unknown())
    .parse(await Promise.race([answer, ended]));
  over.abort();
  await ended.catch(() => undefined);
  return roundDone.parse(message);
}

/** Microseconds that the store's own thread has used: the history is not the push. */
async function historyMicroseconds(server: TestServer): Promise<number> {
  const { history } = (await server.admin.ask('GET', '/status')).as(statusReply);
  return (history.cpu_ms ?? 0) * 1000;
}

interface Measured {
  readonly costUs: number;
  /** Of it, the store's thread. */
  readonly historyUs: number;
  readonly done: RoundDone;
}

/** Complete pushes of a thousand devices, once a second each, against the control. */
export async function benchPush(): Promise<readonly Row[]> {
  const server = await startServer({ env: { WATCHFLOOR_LOG_LEVEL: 'warn' } });
  const controlPort = await freePort();
  const control = await startControl(server, controlPort);
  const client = fork(join(import.meta.dirname, 'push-client.ts'), { stdio: 'inherit' });
  try {
    const devices = await register(server);
    const caFile = server.authorityFile();
    const measure = async (pid: number, port: number, seconds: number): Promise<Measured> => {
      const historyBefore = await historyMicroseconds(server);
      const before = cpuMicroseconds(pid);
      const done = await ask(client, { port, caFile, devices, seconds });
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
    return rows(ours, theirs);
  } finally {
    client.kill('SIGKILL');
    await control.kill();
    await server.dispose();
  }
}

function rows(ours: readonly Measured[], theirs: readonly Measured[]): Row[] {
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
      what: 'push, complete: answer, p99 (committed to disk)',
      value: median(ours.map(({ done }) => done.p99Ms)),
      unit: 'ms',
    },
  ];
}
