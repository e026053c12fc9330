/**
 * A fleet of any size for walls: machines that push every five seconds, a few of them in trouble. Of every hundred
 * machines about three are critical, four have a warning, and two are offline.
 */
import { enrollmentKeyCreated } from '#protocol/api.ts';
import { z } from 'zod';
import type { TestServer } from './product.ts';

const ROLES = ['web', 'db', 'cache', 'queue', 'build', 'edge', 'store', 'auth'];
const PUSH_EVERY_S = 5;
/** Requests under way at a time while the machines register. */
const AT_ONCE = 32;

const registration = z.object({ device_id: z.string(), token: z.string() });

interface Machine {
  readonly name: string;
  readonly id: string;
  readonly token: string;
  readonly phase: number;
  readonly trouble: 'none' | 'warning' | 'critical' | 'offline';
}

function troubleOf(i: number): Machine['trouble'] {
  if (i % 31 === 7) return 'critical';
  if (i % 23 === 4) return 'warning';
  return i % 47 === 9 ? 'offline' : 'none';
}

function metrics({ phase, trouble }: Machine, at: number): Record<string, number> {
  const t = at / 1000;
  const wave = (period: number) => 0.5 + 0.5 * Math.sin((2 * Math.PI * t) / period + phase * 1.7);
  const noise = Math.random();
  const calm = 8 + 45 * wave(97) * wave(31) + 8 * noise;
  return {
    cpu: trouble === 'critical' ? 95 + 4 * noise : trouble === 'warning' ? 84 + 4 * noise : calm,
    ram: 30 + ((phase * 13) % 55) + 3 * wave(300),
    disk: 20 + ((phase * 29) % 60),
    net_rx: 40_000 + 900_000 * wave(61) * noise,
    net_tx: 20_000 + 400_000 * wave(43) * noise,
  };
}

async function inBatches<T>(jobs: readonly (() => Promise<T>)[]): Promise<T[]> {
  const done: T[] = [];
  for (let i = 0; i < jobs.length; i += AT_ONCE)
    done.push(...(await Promise.all(jobs.slice(i, i + AT_ONCE).map((job) => job()))));
  return done;
}

export interface MadeUpWall {
  /** Makes a machine critical, or well again, with its next push. */
  trouble(name: string, isCritical: boolean): void;
  close(): void;
}

/**
 * Registers `count` machines, which push their last minutes at once and then every five seconds, spread over those.
 * With `calm`, none of them is in trouble.
 */
export async function startMadeUpWall(
  server: TestServer,
  count: number,
  { calm = false } = {},
): Promise<MadeUpWall> {
  const rule = (name: string, severity: string, threshold: number) => ({
    ...{ name, severity },
    condition: { kind: 'threshold', metric: 'cpu', threshold, clear: threshold - 2, for_s: 5 },
  });
  await server.admin.ask('POST', '/alert-rules', { body: rule('CPU very busy', 'critical', 92) });
  await server.admin.ask('POST', '/alert-rules', { body: rule('CPU busy', 'warning', 80) });
  const made = await server.admin.ask('POST', '/enrollment-keys', { body: { name: 'wall' } });
  const { key } = made.as(enrollmentKeyCreated);
  const client = server.client();
  const critical = new Set<string>();

  const machines = await inBatches(
    Array.from({ length: count }, (_, i) => async (): Promise<Machine> => {
      const name = `${ROLES[i % ROLES.length]}-${String(Math.floor(i / ROLES.length) + 1).padStart(2, '0')}`;
      const body = { enrollment_key: key, hostname: name, ip: '10.0.0.9', os: 'Linux' };
      const { device_id, token } = (await client.ask('POST', '/devices/register', { body })).as(registration);
      return { name, id: device_id, token, phase: i, trouble: calm ? 'none' : troubleOf(i) };
    }),
  );
  const push = async (machine: Machine, times: readonly number[]) => {
    const { id, name, token } = machine;
    const now = critical.has(name) ? { ...machine, trouble: 'critical' as const } : machine;
    const samples = times.map((timestamp) => ({ timestamp, metrics: metrics(now, timestamp) }));
    const body = { device_id: id, hostname: name, ip: '10.0.0.9', sent_at: Date.now(), samples };
    const { status, text } = await client.ask('POST', '/metrics', { token, body });
    if (status !== 200) console.error(name, status, text);
  };
  const began = Date.now();
  const past = Array.from({ length: 55 }, (_, i) => began - (55 - i) * PUSH_EVERY_S * 1000);
  await inBatches(machines.map((machine) => () => push(machine, past)));
  let turn = 0;
  const timer = setInterval(() => {
    turn++;
    for (const [i, machine] of machines.entries()) {
      if (i % PUSH_EVERY_S !== turn % PUSH_EVERY_S || machine.trouble === 'offline') continue;
      // A push that is lost, as while the server is stopped, is not sent again.
      push(machine, [Date.now()]).catch(() => undefined);
    }
  }, 1000);
  return {
    trouble: (name, isCritical) => {
      if (isCritical) critical.add(name);
      else critical.delete(name);
    },
    close: () => clearInterval(timer),
  };
}
