/**
 * The devices of the push benchmark, a process of its own: one kept TLS connection each, one push a second each,
 * evenly spread. Told what to do over the channel to its parent; see `push.ts`.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import tls from 'node:tls';
import { roundAsked, type RoundDone, type RoundDevice } from './push-round.ts';

const TICK_MS = 5;

/** About what a small Linux machine sends: 24 scalars and four cores, 900 bytes. */
function payload(device: RoundDevice, now: number): string {
  const noise = Math.random();
  const percent = (base: number) => Math.round((base + noise * 10) * 10) / 10;
  const rate = (base: number) => Math.round(base * (0.5 + noise));
  const metrics = {
    ...{
      cpu: percent(20),
      cpu_user: percent(12),
      cpu_system: percent(5),
      cpu_iowait: percent(1),
      cpu_steal: 0,
    },
    ...{ load1: 0.42, load5: 0.35, load15: 0.3, ram: percent(48), mem_used_bytes: rate(4_100_000_000) },
    ...{
      mem_available_bytes: rate(4_300_000_000),
      mem_cached_bytes: 1_900_544_000,
      mem_total_bytes: 8_330_000_000,
    },
    ...{ swap: 0, swap_used_bytes: 0, swap_total_bytes: 2_147_483_648, disk: 61.3, disk_read: rate(40_000) },
    ...{ disk_write: rate(90_000), net_rx: rate(120_000), net_tx: rate(60_000), processes: 214 },
    ...{ processes_running: 2, uptime_s: Math.floor(now / 1000) - 1_700_000_000 },
    ...{
      'core:0:cpu': percent(22),
      'core:1:cpu': percent(18),
      'core:2:cpu': percent(25),
      'core:3:cpu': percent(9),
    },
    ...{ 'mount:/:used': 61.3, 'interface:eth0:rx': rate(120_000), 'interface:eth0:tx': rate(60_000) },
  };
  const { id } = device;
  const envelope = { device_id: id, hostname: `bench-${id}`, ip: '10.0.0.1', sent_at: now, interval_s: 1 };
  return JSON.stringify({ ...envelope, samples: [{ timestamp: now, metrics }] });
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
  push(): Promise<number> {
    if (!this.open) return Promise.resolve(0);
    const body = payload(this.device, Date.now());
    const head = `POST /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${this.device.token}\r\n`;
    this.socket.write(
      `${head}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
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

/** Every connection in its turn, one push a second each, for so many seconds. */
async function push(connections: readonly Connection[], seconds: number): Promise<RoundDone> {
  const done = { pushes: 0, refused: 0, late: 0, latenciesMs: Array<number>() };
  const busy = new Set<Connection>();
  const sent: Promise<void>[] = [];
  const started = performance.now();
  const total = connections.length * seconds;
  let next = 0;
  while (next < total) {
    const due = Math.min(total, Math.floor(((performance.now() - started) / 1000) * connections.length));
    for (; next < due; next++) {
      const connection = connections[next % connections.length];
      if (connection === undefined || busy.has(connection)) {
        done.late++;
        continue;
      }
      busy.add(connection);
      const at = performance.now();
      sent.push(
        connection.push().then((status) => {
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
  const { pushes, refused, late } = done;
  return { pushes, refused, late, p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0 };
}

const fleets = new Map<number, readonly Connection[]>();

process.on('message', (message) => {
  void (async () => {
    const { port, caFile, devices, seconds } = roundAsked.parse(message);
    const ca = readFileSync(caFile, 'utf8');
    const connections: Connection[] = [];
    for (const known of fleets.get(port) ?? [])
      connections.push(known.open ? known : await connect(known.device, port, ca));
    for (const device of devices.slice(connections.length)) connections.push(await connect(device, port, ca));
    fleets.set(port, connections);
    process.send?.(await push(connections, seconds));
  })();
});
