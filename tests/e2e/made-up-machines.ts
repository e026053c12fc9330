/**
 * Machines whose pages are hard to read: one with thousands of fields, one whose interfaces come and go by the hundred,
 * and one with a problem in one of many places. They push their last minutes at once, then a sample every second.
 */
import type { TestServer } from './product.ts';
import { register, type Identity } from './pushing-device.ts';

type Values = Readonly<Record<string, number>>;
/** The values of a machine at a time, epoch milliseconds. */
export type ValuesAt = (t: number) => Values;

export interface MadeUpMachine extends Identity {
  readonly name: string;
  /** Pushes what the machine has measured since the last push, and one sample of now. */
  push(): Promise<void>;
}

/** Seconds of samples before now. */
const PAST_S = 300;
/** A push is 1 MiB at most. */
const ROWS_PER_PUSH = 15;

const each = (count: number, values: (i: number) => Values): Values =>
  Object.assign({}, ...Array.from({ length: count }, (_, i) => values(i)));
const wave = (t: number, period: number, phase = 0) =>
  0.5 + 0.5 * Math.sin((t / 1000 / period) * 6.28 + phase);

const GIB = 2 ** 30;

/** The scalars of an ordinary machine. */
function plain(now: number, lateMs = 0): Values {
  const t = now - lateMs;
  const cpu = 12 + 20 * wave(t, 60);
  return {
    ...{ cpu, cpu_user: cpu * 0.7, cpu_system: cpu * 0.2, cpu_iowait: cpu * 0.1, ram: 41, disk: 60 },
    ...{ mem_used_bytes: 13.1 * GIB, mem_total_bytes: 32 * GIB, mem_cached_bytes: 9 * GIB },
    ...{
      load1: cpu / 20,
      load5: 1,
      load15: 0.9,
      processes: 312,
      processes_running: 2,
      uptime_s: (t / 1000) % 1e6,
    },
    ...{
      net_rx: 2e6 * wave(t, 41),
      net_tx: 8e5 * wave(t, 53),
      disk_read: 3e6 * wave(t, 37),
      disk_write: 1e6,
    },
  };
}

/** About thirty fields: what a small machine sends. */
export const small: ValuesAt = (t) => ({
  ...plain(t, 9000),
  ...each(4, (i) => ({ [`core:${i}:cpu`]: 10 + 60 * wave(t, 30, i) })),
  ...{ 'mount:/:used': 60, 'mount:/:used_bytes': 30 * GIB, 'mount:/:total_bytes': 50 * GIB },
  ...{ 'interface:eth0:rx': 2e6 * wave(t, 41), 'interface:eth0:tx': 8e5 * wave(t, 53) },
  'sensor:CPU:celsius': 44 + 6 * wave(t, 90),
});

/** 4,000 fields. */
export const wide: ValuesAt = (t) => ({
  ...plain(t),
  ...each(384, (i) => ({ [`core:${i}:cpu`]: 100 * wave(t, 40 + (i % 7), i) })),
  ...each(120, (i) => ({ [`sensor:chip ${i}:celsius`]: 35 + 20 * wave(t, 200, i) })),
  ...each(200, (i) => ({
    [`disk:sd${i}:read`]: 1e6 * wave(t, 30, i),
    [`disk:sd${i}:write`]: 4e5,
    [`disk:sd${i}:busy`]: 30 * wave(t, 50, i),
  })),
  ...each(200, (i) => ({
    [`mount:/srv/${i}:used`]: 20 + (i % 60),
    [`mount:/srv/${i}:used_bytes`]: 20 * GIB,
    [`mount:/srv/${i}:total_bytes`]: 100 * GIB,
  })),
  ...each(360, (i) => ({
    [`interface:eth${i}:rx`]: 1e5 * i * (0.999 + 0.001 * wave(t, 33, i)),
    [`interface:eth${i}:tx`]: 5e4,
  })),
  ...each(1500, (i) => ({ [`queue:${i}:length`]: i * wave(t, 60, i) })),
  ...each(40, (i) => ({ [`orders_${i}`]: i })),
});

/** 360 interfaces, of which a hundred are others every minute. */
export const restless: ValuesAt = (t) => ({
  ...plain(t),
  ...each(260, (i) => ({ [`interface:eth${i}:rx`]: 1e4 * i, [`interface:eth${i}:tx`]: 1e4 })),
  ...each(100, (i) => {
    const name = `veth${Math.floor(t / 60_000) % 1000}x${i}`;
    return { [`interface:${name}:rx`]: 2e4, [`interface:${name}:tx`]: 1e4 };
  }),
});

/** One of its forty filesystems is full, one interface is saturated, and one core is at 100 %. */
export const troubled: ValuesAt = (t) => ({
  ...plain(t, 25_000),
  disk: 99.2,
  ...each(32, (i) => ({ [`core:${i}:cpu`]: i === 19 ? 100 : 4 + 8 * wave(t, 20, i) })),
  ...each(40, (i) => ({
    [`mount:/srv/data-${i}:used`]: i === 27 ? 99.2 : 30 + (i % 9),
    [`mount:/srv/data-${i}:inodes`]: 4,
    [`mount:/srv/data-${i}:used_bytes`]: (i === 27 ? 99.2 : 30) * GIB,
    [`mount:/srv/data-${i}:total_bytes`]: 100 * GIB,
  })),
  ...each(24, (i) => ({
    [`interface:eth${i}:rx`]: i === 11 ? 1.17e8 : 3e5 * wave(t, 30, i),
    [`interface:eth${i}:tx`]: 1e5,
  })),
});

/** The values of some times in columns, as the agent sends them. */
function columns(times: readonly number[], valuesAt: ValuesAt) {
  const values = times.map(valuesAt);
  const fields = [...new Set(values.flatMap((row) => Object.keys(row)))];
  const rows = values.map((row, i) => [
    times[i],
    ...fields.map((field) => (row[field] === undefined ? null : Number(row[field].toFixed(2)))),
  ]);
  return { fields, rows };
}

/** Registers a machine and pushes its last five minutes. */
export async function addMachine(
  server: TestServer,
  name: string,
  valuesAt: ValuesAt,
): Promise<MadeUpMachine> {
  const identity = await register(server, name);
  const client = server.client();
  const send = async (times: readonly number[]) => {
    for (let from = 0; from < times.length; from += ROWS_PER_PUSH) {
      const part = times.slice(from, from + ROWS_PER_PUSH);
      const body = { device_id: identity.id, hostname: name, ip: '10.0.0.9', sent_at: Date.now() };
      const { status, text } = await client.ask('POST', '/metrics', {
        token: identity.token,
        body: { ...body, ...columns(part, valuesAt) },
      });
      if (status !== 200) throw new Error(`the push of ${name} was answered ${status}: ${text}`);
    }
  };
  const now = Date.now();
  await send(Array.from({ length: PAST_S }, (_, i) => now - (PAST_S - i) * 1000));
  return { ...identity, name, push: () => send([Date.now()]) };
}

/** Has the machines push every second until the returned function is called. */
export function keepPushing(machines: readonly MadeUpMachine[]): { close(): void } {
  const timer = setInterval(() => {
    for (const machine of machines) machine.push().catch((error: unknown) => console.error(error));
  }, 1000);
  return { close: () => clearInterval(timer) };
}
