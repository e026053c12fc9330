/**
 * Devices with made-up but lifelike numbers. They push their last five minutes at once, then a sample every
 * second.
 */
import type { TestServer } from './product.ts';
import { register } from './pushing-device.ts';

const NAMES = ['web-1', 'web-2', 'db-primary', 'db-replica', 'build', 'backup', 'edge-fra', 'edge-sin'];

/** Seconds of samples before now: the range of a live chart. */
const PAST_S = 300;

interface Machine {
  readonly id: string;
  readonly token: string;
  readonly name: string;
  readonly ip: string;
  /** Shifts the machine's curves against those of the others, in radians. */
  readonly phase: number;
}

function metrics({ phase }: Machine, now: number): Record<string, number> {
  const t = now / 1000;
  const wave = (period: number) => 0.5 + 0.5 * Math.sin((2 * Math.PI * t) / period + phase);
  const noise = Math.random();
  return {
    cpu: 8 + 55 * wave(97) * wave(31) + 8 * noise,
    ram: 35 + 6 * phase + 3 * wave(300),
    disk: 25 + 8 * phase,
    net_rx: 40_000 + 900_000 * wave(61) * noise,
    net_tx: 20_000 + 400_000 * wave(43) * noise,
  };
}

export async function startMadeUpFleet(server: TestServer): Promise<{ close(): void }> {
  const machines: Machine[] = [];
  for (const [phase, name] of NAMES.entries())
    machines.push({ ...(await register(server, name)), name, ip: `10.0.0.${10 + phase}`, phase });
  const client = server.client();
  const push = async (machine: Machine, times: readonly number[]) => {
    const { id: device_id, name: hostname, ip, token } = machine;
    const samples = times.map((timestamp) => ({ timestamp, metrics: metrics(machine, timestamp) }));
    const body = { device_id, hostname, ip, sent_at: Date.now(), samples };
    const { status, text } = await client.ask('POST', '/metrics', { token, body });
    if (status !== 200) console.error(`${hostname}: ${status} ${text}`);
  };
  const began = Date.now();
  const past = Array.from({ length: PAST_S }, (_, i) => began - (PAST_S - i) * 1000);
  await Promise.all(machines.map((machine) => push(machine, past)));
  const timer = setInterval(() => {
    for (const machine of machines)
      push(machine, [Date.now()]).catch((error: unknown) => console.error(error));
  }, 1000);
  return {
    close: () => {
      clearInterval(timer);
    },
  };
}
