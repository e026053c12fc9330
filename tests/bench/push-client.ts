/**
 * The devices of the push benchmarks, a process of its own: one kept TLS connection each, one push an interval each,
 * evenly spread, with what the real agent measures, in its encoding. Told what to do over the channel to its parent; see `push.ts`.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import tls from 'node:tls';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import type { Sample } from '../../agent/sampling/sample.ts';
import { roundAsked, type RoundAsked, type RoundDevice, type RoundDone } from './push-round.ts';
import { pushBody } from './real-samples.ts';

const TICK_MS = 5;

interface Sent {
  readonly body: Buffer;
  readonly encoding: string;
}

/** As the agent sends it (`agent/link/link.ts`): compressed from 1 KiB on. */
function encoded(text: string): Sent {
  const plain = Buffer.from(text);
  if (plain.length <= 1024) return { body: plain, encoding: '' };
  return { body: gzipSync(plain, { level: 1 }), encoding: 'Content-Encoding: gzip\r\n' };
}

class Connection {
  readonly device: RoundDevice;
  readonly socket: tls.TLSSocket;
  private received = '';
  private answered: ((status: number) => void) | undefined;

  constructor(device: RoundDevice, socket: tls.TLSSocket) {
    this.device = device;
    this.socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.received += text;
      this.look();
    });
    // The server ends what idles for long, as when the whole machine stands still: refused, and dialled again.
    socket.on('error', () => undefined);
    socket.on('close', () => this.settle(0));
  }

  get open(): boolean {
    return !this.socket.destroyed && this.socket.writable;
  }

  /** Sends one push; its HTTP status, 0 where the connection is gone. */
  push({ body, encoding }: Sent): Promise<number> {
    if (!this.open) return Promise.resolve(0);
    const head = `POST /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${this.device.token}\r\n`;
    const type = `Content-Type: application/json\r\n${encoding}Content-Length: ${body.length}\r\n\r\n`;
    this.socket.write(Buffer.concat([Buffer.from(head + type), body]));
    return new Promise((resolve) => {
      this.answered = resolve;
    });
  }

  private look(): void {
    const end = this.received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/content-length: *(\d+)/i.exec(this.received.slice(0, end))?.[1] ?? 0);
    if (this.received.length < end + 4 + length) return;
    const status = Number(this.received.slice(9, 12));
    this.received = this.received.slice(end + 4 + length);
    this.settle(status);
  }

  private settle(status: number): void {
    this.answered?.(status);
    this.answered = undefined;
  }
}

async function connect(device: RoundDevice, port: number, ca: string): Promise<Connection> {
  const socket = tls.connect({ host: '127.0.0.1', port, ca, servername: 'localhost' });
  await once(socket, 'secureConnect');
  return new Connection(device, socket);
}

/** Every connection in its turn, one push an interval each, for so many seconds. */
async function push(
  connections: readonly Connection[],
  measured: readonly Sample[],
  { seconds, intervalS, samples, everyMs }: RoundAsked,
): Promise<RoundDone> {
  const done = { pushes: 0, refused: 0, late: 0, bodyBytes: 0, latenciesMs: Array<number>() };
  const busy = new Set<Connection>();
  const sent: Promise<void>[] = [];
  const started = performance.now();
  const perSecond = connections.length / intervalS;
  const total = Math.floor(perSecond * seconds);
  const last = measured.length - samples;
  let next = 0;
  while (next < total) {
    const due = Math.min(total, Math.floor(((performance.now() - started) / 1000) * perSecond));
    for (; next < due; next++) {
      const connection = connections[next % connections.length];
      if (connection === undefined || busy.has(connection)) {
        done.late++;
        continue;
      }
      const from = (next * 7) % last;
      const timing = { now: Date.now(), everyMs, intervalS };
      const text = pushBody(connection.device.id, measured.slice(from, from + samples), timing);
      const push = encoded(text);
      done.bodyBytes = push.body.length;
      busy.add(connection);
      const at = performance.now();
      sent.push(
        connection.push(push).then((status) => {
          busy.delete(connection);
          done.latenciesMs.push(performance.now() - at);
          if (status >= 200 && status < 300) done.pushes++;
          else done.refused++;
        }),
      );
    }
    await pause(TICK_MS);
  }
  await Promise.all(sent);
  const sorted = done.latenciesMs.toSorted((a, b) => a - b);
  const { pushes, refused, late, bodyBytes } = done;
  return { pushes, refused, late, bodyBytes, p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0 };
}

const fleets = new Map<number, readonly Connection[]>();
const samplesFile = z.array(z.object({ t: z.number(), fields: z.record(z.string(), z.number()) }));

/** Connects those that are not connected yet, some at a time. */
async function connectAll({ port, caFile, devices }: RoundAsked): Promise<readonly Connection[]> {
  const ca = readFileSync(caFile, 'utf8');
  const known = fleets.get(port) ?? [];
  const connections: Connection[] = [];
  for (let i = 0; i < devices.length; i += 50) {
    const some = devices.slice(i, i + 50).map((device, j) => {
      const before = known[i + j];
      return before?.open === true ? before : connect(device, port, ca);
    });
    connections.push(...(await Promise.all(some)));
  }
  fleets.set(port, connections);
  return connections;
}

process.on('message', (message) => {
  void (async () => {
    const round = roundAsked.parse(message);
    const measured = samplesFile.parse(JSON.parse(readFileSync(round.samplesFile, 'utf8')));
    process.send?.(await push(await connectAll(round), measured, round));
  })();
});
