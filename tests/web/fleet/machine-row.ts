/** Rows of the fleet for tests. */
import type { Device } from '#protocol/api.ts';
import type { Row, RowFacts } from '../../../web/src/fleet/fleet-order.ts';
import type { State } from '../../../web/src/ui/state.ts';

export const device = (name: string, more: Partial<Device> = {}): Device => ({
  device_id: `id-${name}`,
  name,
  hostname: `${name}.lan`,
  ip: '10.0.0.7',
  os: 'Debian 13',
  tags: [],
  status: 'online',
  last_seen: 0,
  sampled_at: 0,
  interval_s: 5,
  clock_skew_ms: null,
  token_revoked_at: null,
  maintenance: null,
  metrics: {},
  ...more,
});

export const row = (name: string, cpu: number | null = 0, more: Partial<Device> = {}): Row => ({
  id: `id-${name}`,
  device: device(name, more),
  latest: { t: 0, cpu, ram: 0, disk: 0, net_rx: 1, net_tx: 2 },
});

export const names = (rows: readonly Row[]) => rows.map(({ device: { name } }) => name);

/** What is known of rows: their states by name, `good` for all others, and their values. */
export const factsOf = (states: Readonly<Record<string, State>> = {}): RowFacts<Row> => ({
  stateOf: ({ device: { name } }) => states[name] ?? 'good',
  valueOf: ({ latest }, field) => {
    if (field === 'cpu' || field === 'net_rx' || field === 'net_tx') return latest?.[field];
    return undefined;
  },
});
