/**
 * A wire for time that is fast-forwarded: it stands in for the browser's WebSocket, and brings a fleet's snapshot, then
 * its updates and pulses, by the page's own timers. It ends DROPS times, so that the page connects again.
 * `window.fastForward` has what it brings.
 */
import { LIVE_PATH, PULSE_MS, type FleetColumns } from '#protocol/live.ts';
import { fastForward } from './fast-clock.ts';

declare global {
  interface Window {
    fastForward: {
      /** Rows of `GET /devices`, as they are. */
      readonly devices: readonly { readonly device_id: string }[];
      /** Milliseconds between two ends of the connection. */
      readonly dropEveryMs: number;
    };
    /** How many connections there were, and messages with values. */
    fastForwarded: { connections: number; changes: number; pass(ms: number): Promise<void> };
  }
}

/** Milliseconds between the pushes of a machine that nobody watches. */
const PUSH_MS = 5000;

const told = (window.fastForwarded = { connections: 0, changes: 0, pass: fastForward });

/** The numbers of all devices, one sample each. */
function values(at: number): FleetColumns {
  const { devices } = window.fastForward;
  const column = (make: (i: number) => number) => devices.map((_, i) => make(i));
  return {
    id: devices.map(({ device_id }) => device_id),
    t: column(() => at),
    cpu: column((i) => 40 + 30 * Math.sin(at / 90_000 + i)),
    ram: column((i) => 50 + 10 * Math.sin(at / 600_000 + i)),
    disk: column((i) => 20 + (i % 60)),
    net_tx: column(() => Math.random() * 100_000),
    net_rx: column(() => Math.random() * 900_000),
  };
}

/** What the server answers to a page that asks for a room. */
function snapshotOf(room: string): unknown {
  const at = Date.now();
  if (room !== 'fleet') return { alerts: [], total: 0 };
  const devices = window.fastForward.devices.map((device) => ({
    ...device,
    ...{ status: 'online', last_seen: at, sampled_at: at },
  }));
  return { devices, recent: {} };
}

class Wire extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readyState = Wire.CONNECTING;
  binaryType = 'arraybuffer';
  readonly bufferedAmount = 0;
  onopen: (() => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly #rooms = new Map<string, number>();
  readonly #stops: (() => void)[] = [];

  constructor() {
    super();
    told.connections++;
    this.#after(1, () => {
      this.readyState = Wire.OPEN;
      this.onopen?.();
      this.#receive('0{"sid":"s","upgrades":[],"pingInterval":10000,"pingTimeout":10000,"maxPayload":4096}');
    });
    this.#every(10_000, () => this.#receive('2'));
    this.#every(PULSE_MS, () => this.#receive(`42["pulse",{"at":${Date.now()}}]`));
    this.#every(PUSH_MS, () => this.#change());
    this.#after(window.fastForward.dropEveryMs, () => this.close());
  }

  send(text: string): void {
    if (text.startsWith('40')) this.#receive('40{"sid":"s"}');
    const [, number, json] = /^42(\d+)(\[.*\])$/.exec(text) ?? [];
    if (json === undefined) return;
    const [event, room]: unknown[] = JSON.parse(json);
    if (event !== 'subscribe' || typeof room !== 'string') return;
    this.#rooms.set(room, 0);
    const snapshot = { room, seq: 0, at: Date.now(), data: snapshotOf(room) };
    this.#receive(`43${number ?? ''}${JSON.stringify([{ ok: true, snapshot }])}`);
  }

  close(): void {
    if (this.readyState === Wire.CLOSED) return;
    this.readyState = Wire.CLOSED;
    for (const stop of this.#stops) stop();
    this.onclose?.({ code: 1006, reason: '' });
  }

  #change(): void {
    const seq = this.#rooms.get('fleet');
    if (seq === undefined) return;
    this.#rooms.set('fleet', seq + 1);
    const at = Date.now();
    const change = { room: 'fleet', seq: seq + 1, at, data: { values: values(at) } };
    told.changes++;
    this.#receive(`42${JSON.stringify(['change', change])}`);
  }

  /** As the browser does it: never within a call of the page. */
  #receive(data: string): void {
    queueMicrotask(() => {
      if (this.readyState === Wire.OPEN) this.onmessage?.({ data });
    });
  }

  #after(ms: number, job: () => void): void {
    const timer = setTimeout(job, ms);
    this.#stops.push(() => clearTimeout(timer));
  }

  #every(ms: number, job: () => void): void {
    const timer = setInterval(job, ms);
    this.#stops.push(() => clearInterval(timer));
  }
}

const Original = window.WebSocket;
Object.defineProperty(window, 'WebSocket', {
  value: new Proxy(Original, {
    construct: (_, [url]: unknown[]) =>
      String(url).includes(LIVE_PATH) ? new Wire() : Reflect.construct(Original, [url]),
  }),
});
