/**
 * The devices of the push benchmarks, a process of its own: one kept TLS connection each, one push an interval each,
 * evenly spread, with what the real agent measures, in its encoding. Its parent starts each round by a message; see
 * `push-round.ts`.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import tls from 'node:tls';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import type { Sample } from '../../agent/sampling/sample.ts';
import { roundAsked, type RoundAsked, type RoundDevice, type RoundDone } from './push-round.ts';
import { pushWriter, type WritePush } from './real-samples.ts';

const TICK_MS = 5;
/** How long a round waits for the answers to its last pushes. */
const PATIENCE_MS = 20_000;

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

/** A device with its kept connection, which is opened for the first push, and again after the server closed it. */
class Device {
  readonly id: string;
  readonly #token: string;
  readonly #port: number;
  readonly #ca: string;
  #socket: tls.TLSSocket | undefined;
  #received = '';
  #answered: ((status: number) => void) | undefined;

  constructor({ id, token }: RoundDevice, port: number, ca: string) {
    this.id = id;
    this.#token = token;
    this.#port = port;
    this.#ca = ca;
  }

  /** Sends one push; resolves with its HTTP status, 0 when the connection failed. */
  async push({ body, encoding }: Sent): Promise<number> {
    const socket = await this.#connected();
    const head = `POST /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${this.#token}\r\n`;
    const type = `Content-Type: application/json\r\n${encoding}Content-Length: ${body.length}\r\n\r\n`;
    socket.write(Buffer.concat([Buffer.from(head + type), body]));
    return new Promise((resolve) => {
      this.#answered = resolve;
    });
  }

  async #connected(): Promise<tls.TLSSocket> {
    if (this.#socket?.writable === true) return this.#socket;
    const socket = tls.connect({
      host: '127.0.0.1',
      port: this.#port,
      ca: this.#ca,
      servername: 'localhost',
    });
    this.#socket = socket;
    this.#received = '';
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#received += text;
      this.#read();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.#settle(0));
    await once(socket, 'secureConnect');
    return socket;
  }

  #read(): void {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/content-length: *(\d+)/i.exec(this.#received.slice(0, end))?.[1] ?? 0);
    if (this.#received.length < end + 4 + length) return;
    const status = Number(this.#received.slice(9, 12));
    this.#received = this.#received.slice(end + 4 + length);
    this.#settle(status);
  }

  #settle(status: number): void {
    this.#answered?.(status);
    this.#answered = undefined;
  }
}

/** Pushes of every device in turn, one an interval each, for so many seconds. */
async function push(
  devices: readonly Device[],
  measured: readonly Sample[],
  { seconds, intervalS, samples, everyMs }: RoundAsked,
): Promise<RoundDone> {
  const done = { pushes: 0, refused: 0, late: 0, bodyBytes: 0, latenciesMs: Array<number>() };
  const busy = new Set<Device>();
  const sent: Promise<void>[] = [];
  const started = performance.now();
  const perSecond = devices.length / intervalS;
  const total = Math.floor(perSecond * seconds);
  const last = measured.length - samples;
  /** By the first of the samples: this process must be faster than the server. */
  const writers: WritePush[] = measured
    .slice(0, last)
    .map((_, from) => pushWriter(measured.slice(from, from + samples), { everyMs, intervalS }));
  let next = 0;
  while (next < total) {
    const due = Math.min(total, Math.floor(((performance.now() - started) / 1000) * perSecond));
    for (; next < due; next++) {
      const device = devices[next % devices.length];
      if (device === undefined || busy.has(device)) {
        done.late++;
        continue;
      }
      const text = writers[(next * 7) % last]?.(device.id, Date.now());
      if (text === undefined) throw new Error(`the benchmark has fewer than ${samples + 1} samples`);
      const push = encoded(text);
      done.bodyBytes = push.body.length;
      busy.add(device);
      const at = performance.now();
      sent.push(
        device
          .push(push)
          .catch(() => 0)
          .then((status) => {
            busy.delete(device);
            done.latenciesMs.push(performance.now() - at);
            if (status >= 200 && status < 300) done.pushes++;
            else done.refused++;
          }),
      );
    }
    await pause(TICK_MS);
  }
  await Promise.race([Promise.all(sent), pause(PATIENCE_MS)]);
  // A push without an answer counts as refused, and with the time that it has waited.
  done.refused += busy.size;
  done.latenciesMs.push(...Array<number>(busy.size).fill(PATIENCE_MS));
  const sorted = done.latenciesMs.toSorted((a, b) => a - b);
  const { pushes, refused, late, bodyBytes } = done;
  const p99Ms = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
  return { pushes, refused, late, bodyBytes, p99Ms, worstMs: sorted.at(-1) ?? 0 };
}

const samplesFile = z.array(z.object({ t: z.number(), fields: z.record(z.string(), z.number()) }));
/** By the server's port: devices keep their connections from round to round. */
const fleets = new Map<number, readonly Device[]>();

function fleetOf({ port, caFile, devices }: RoundAsked): readonly Device[] {
  const known = fleets.get(port);
  if (known !== undefined) return known;
  const ca = readFileSync(caFile, 'utf8');
  const fleet = devices.map((device) => new Device(device, port, ca));
  fleets.set(port, fleet);
  return fleet;
}

process.on('message', (message) => {
  void (async () => {
    const round = roundAsked.parse(message);
    const measured = samplesFile.parse(JSON.parse(readFileSync(round.samplesFile, 'utf8')));
    process.send?.(await push(fleetOf(round), measured, round));
  })();
});
