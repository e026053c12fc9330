/**
 * What a fleet change costs: processor time of this process for gathering, encoding and sending a
 * change of 1,000 devices, against a bare uWS publish of the same bytes. The viewers are other processes; loopback.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import * as uWS from 'uWebSockets.js';
import type { Sample } from '#protocol/sample.ts';
import { createLive, type Live } from '../../server/live/live.ts';
import { PendingFleetChange } from '../../server/live/pending-changes.ts';
import { systemClock } from '../../server/app/clock.ts';
import { createLog } from '../../server/app/log.ts';
import { median, type Row } from './row.ts';

const DEVICES = 1000;
/** Every change sends up to 30 MB through the loopback, so a few changes are enough. */
const SIZES = [
  { viewers: 100, changes: 8, rounds: 5 },
  { viewers: 500, changes: 3, rounds: 3, budget: 1.5 },
] as const;
const START = Date.UTC(2026, 0, 1);

const deviceIds = Array.from({ length: DEVICES }, (_, i) => `device-${String(i).padStart(4, '0')}`);

/** The newest sample of a device at a step: digits as real ones have. */
function sampleAt(step: number, device: number): Sample {
  const turn = (step * 7919 + device * 104_729) % 100_000;
  const values = {
    cpu: turn / 1000,
    ram: ((turn * 3) % 100_000) / 1000,
    disk: 60 + (device % 30) / 10,
    net_tx: turn * 13,
    net_rx: turn * 31,
  };
  return { t: START + step * 1000, values };
}

/** The bytes of one change as the live server sends it. */
function wordChange(): string {
  const pending = new PendingFleetChange();
  for (const [i, id] of deviceIds.entries()) pending.addSample(id, sampleAt(1, i));
  const change = { room: 'fleet', seq: 100, at: START, data: pending.takeChange() };
  return `42${JSON.stringify(['change', change])}`;
}

function openLive(app: uWS.TemplatedApp): Live {
  return createLive({
    app,
    authenticate: async () => ({ sessionId: 's', expiresAt: 8e15, role: 'viewer', username: 'bench' }),
    sessionAlive: () => true,
    refuse: () => undefined,
    snapshots: {
      fleet: () => ({ ids: [], row: () => undefined }),
      device: () => undefined,
      alerts: { active: () => [], get: () => undefined },
      machines: { ids: () => [], get: () => undefined, newest: () => undefined },
    },
    now: Date.now,
    every: systemClock.every,
    log: createLog('silent'),
  });
}

/** The control implements only the part of the wire that the viewers use. */
function openControl(app: uWS.TemplatedApp): void {
  app.ws('/control', {
    maxBackpressure: 8 * 1024 * 1024,
    open: (socket) => {
      socket.subscribe('fleet');
      socket.send('430[]');
    },
  });
}

function listen(app: uWS.TemplatedApp): Promise<{ socket: uWS.us_listen_socket; port: number }> {
  return new Promise((resolve, reject) =>
    app.listen('127.0.0.1', 0, (socket) => {
      if (socket === false) return reject(new Error('no port on 127.0.0.1'));
      resolve({ socket, port: uWS.us_socket_local_port(socket) });
    }),
  );
}

async function told(viewers: ChildProcess, ended: Promise<never>): Promise<void> {
  await Promise.race([once(viewers, 'message'), ended]);
}

interface Audience {
  /** Microseconds of processor time for one change that all viewers have got. */
  measure(changes: number, send: (step: number) => void): Promise<number>;
  stop(): void;
}

async function openAudience(port: number, path: string, size: number): Promise<Audience> {
  const script = join(import.meta.dirname, 'fanout-viewers.ts');
  const viewers = fork(script, [String(port), path, String(size)], { stdio: 'inherit' });
  let stopping = false;
  const ended = once(viewers, 'exit').then(() => {
    if (stopping) return new Promise<never>(() => {});
    throw new Error('the viewers of the fan-out benchmark ended');
  });
  ended.catch(() => undefined);
  await told(viewers, ended);
  let step = 0;
  return {
    async measure(changes, send) {
      const before = process.cpuUsage();
      for (let i = 0; i < changes; i++) {
        const arrived = told(viewers, ended);
        send((step += 1));
        await arrived;
      }
      const { user, system } = process.cpuUsage(before);
      return (user + system) / changes;
    },
    stop() {
      stopping = true;
      viewers.kill('SIGKILL');
    },
  };
}

async function benchSize({
  viewers,
  changes,
  rounds,
  budget,
}: {
  readonly viewers: number;
  readonly changes: number;
  readonly rounds: number;
  readonly budget?: number;
}): Promise<Row> {
  const app = uWS.App();
  const live = openLive(app);
  openControl(app);
  const { socket, port } = await listen(app);
  const text = wordChange();
  const ours = await openAudience(port, '/socket.io/?EIO=4&transport=websocket', viewers);
  const theirs = await openAudience(port, '/control', viewers);
  const change = () =>
    ours.measure(changes, (step) => {
      for (const [i, deviceId] of deviceIds.entries())
        live.pushAccepted({ deviceId, current: [sampleAt(step, i)] });
    });
  const publish = () => theirs.measure(changes, () => app.publish('fleet', text));
  try {
    await change();
    await publish();
    const [values, controls]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      values.push(await change());
      controls.push(await publish());
    }
    const [value, control] = [median(values), median(controls)];
    return {
      what: `fan-out, a change of ${DEVICES} devices to ${viewers} viewers: CPU per change`,
      value,
      unit: 'µs',
      control: { what: `uWS publish, ${Math.round(text.length / 1000)} kB`, value: control },
      ratio: value / control,
      ...(budget !== undefined && { budget }),
    };
  } finally {
    ours.stop();
    theirs.stop();
    await live.stop();
    uWS.us_listen_socket_close(socket);
    app.close();
  }
}

/** A fleet change of 1,000 devices, to 100 and to 500 viewers. */
export async function benchFanout(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const size of SIZES) rows.push(await benchSize(size));
  return rows;
}
