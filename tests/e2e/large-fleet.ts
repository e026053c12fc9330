/**
 * A server with many machines, which are put into its data folder before it starts and push lifelike numbers: for
 * pictures, and for tests of pages that show thousands.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newSecret, secretHash } from '../../server/auth/secrets.ts';
import type { DeviceRecord } from '../../server/state/records.ts';
import { startServer, temporaryFolder, type TestServer } from './product.ts';

export interface LargeFleet {
  readonly server: TestServer;
  /** Lets every machine push once; resolves when all have. */
  pushAll(): Promise<void>;
  dispose(): Promise<void>;
}

interface Machine {
  readonly record: DeviceRecord;
  readonly token: string;
  /** From 0 to 1: how busy it is. */
  readonly load: number;
}

const ROLES = ['web', 'db', 'cache', 'queue', 'build', 'edge'] as const;
const ENVIRONMENTS = ['prod', 'prod', 'prod', 'stage', 'test'] as const;
const SITES = ['fra', 'ber', 'sin', 'nyc'] as const;
const SYSTEMS = [
  'Debian GNU/Linux 13',
  'Ubuntu 24.04',
  'Windows Server 2025',
  'Debian GNU/Linux 12',
] as const;
/** Seconds between pushes: the machines stay online for some minutes after one. */
const INTERVAL_S = 60;
/** Each push holds the last minutes, so that sparklines have something to draw. */
const PAST = 20;
const PAST_STEP_MS = 12_000;
/** So many push at once. */
const AT_ONCE = 40;

const pick = <T>(list: readonly T[], i: number): T | undefined => list[i % list.length];

function machineOf(i: number, now: number): Machine {
  const role = pick(ROLES, i) ?? 'web';
  const token = newSecret('device');
  // The same machines have the same numbers in every run.
  const load = ((i * 2654435761) % 1000) / 1000;
  const record: DeviceRecord = {
    id: `machine-${i}`,
    name: null,
    hostname: `${role}-${Math.floor(i / ROLES.length) + 1}`,
    ip: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
    os: pick(SYSTEMS, Math.floor(i / 3)) ?? '',
    tags: [role, `env:${pick(ENVIRONMENTS, Math.floor(i / 2)) ?? ''}`, `site:${pick(SITES, i) ?? ''}`],
    inventory: {},
    registered_at: now,
    enrolled_with: 'test',
    token_hash: secretHash(token),
    token_issued_at: now,
    token_revoked_at: null,
    interval_s: INTERVAL_S,
    last_seen: i % 97 === 5 ? now - 3_600_000 : null,
    clock_skew_ms: null,
    dropped: 0,
  };
  return { record, token, load };
}

function metricsOf({ load }: Machine, at: number): Record<string, number> {
  const busy = load ** 3 * (0.85 + 0.15 * Math.sin(at / 45_000 + 40 * load));
  return {
    cpu: 2 + 95 * busy,
    ram: 20 + 70 * ((load * 7.3) % 1),
    disk: 10 + 80 * ((load * 3.7) % 1),
    net_rx: 2000 + 40_000_000 * busy ** 2,
    net_tx: 1000 + 9_000_000 * busy,
    load1: 16 * busy,
    swap: 30 * busy,
  };
}

/** `env`: settings of the server. Every 97th machine has been offline for an hour and never pushes. */
export async function startLargeFleet(
  count: number,
  env: Readonly<Record<string, string>> = {},
): Promise<LargeFleet> {
  const data = temporaryFolder();
  const now = Date.now();
  const machines = Array.from({ length: count }, (_, i) => machineOf(i, now));
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const records = JSON.stringify(machines.map(({ record }) => record));
  writeFileSync(join(data, 'devices.json'), records, { mode: 0o600 });
  const server = await startServer({ data, env: { WATCHFLOOR_LOG_LEVEL: 'warn', ...env } });
  const clients = Array.from({ length: AT_ONCE }, () => server.client());

  async function push(machine: Machine, client: (typeof clients)[number]): Promise<void> {
    const { id: device_id, hostname, ip } = machine.record;
    const at = Date.now();
    const times = Array.from({ length: PAST }, (_, i) => at - (PAST - 1 - i) * PAST_STEP_MS);
    const samples = times.map((timestamp) => ({ timestamp, metrics: metricsOf(machine, timestamp) }));
    const body = { device_id, hostname, ip, sent_at: at, samples };
    const { status, text } = await client.ask('POST', '/metrics', { token: machine.token, body });
    if (status !== 200) throw new Error(`${hostname}: a push was answered ${status}: ${text}`);
  }

  return {
    server,
    async pushAll() {
      const waiting = machines.filter(({ record }) => record.last_seen === null);
      await Promise.all(
        clients.map(async (client) => {
          for (let next = waiting.pop(); next; next = waiting.pop()) await push(next, client);
        }),
      );
    },
    async dispose() {
      await server.dispose();
      rmSync(data, { recursive: true, force: true });
    },
  };
}
