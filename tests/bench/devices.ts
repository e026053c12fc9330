/** Registered devices by the thousand, put into a data folder before its server starts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newSecret, secretHash } from '../../server/auth/secrets.ts';
import type { DeviceRecord } from '../../server/state/records.ts';
import type { RoundDevice } from './push-round.ts';

/** Writes `devices.json` with `count` devices that push every `intervalS` seconds; returns their ids and tokens. */
export function writeDevices(data: string, count: number, intervalS: number): RoundDevice[] {
  const now = Date.now();
  const devices = Array.from({ length: count }, (_, i) => ({
    id: `bench-${i}`,
    token: newSecret('device'),
  }));
  const records: DeviceRecord[] = devices.map(({ id, token }) => ({
    id,
    name: null,
    hostname: `bench-${id}`,
    ip: '10.0.0.1',
    os: 'Linux',
    tags: [],
    inventory: {},
    registered_at: now,
    enrolled_with: 'bench',
    token_hash: secretHash(token),
    token_issued_at: now,
    token_revoked_at: null,
    interval_s: intervalS,
    last_seen: null,
    clock_skew_ms: null,
    dropped: 0,
  }));
  mkdirSync(data, { recursive: true, mode: 0o700 });
  writeFileSync(join(data, 'devices.json'), JSON.stringify(records), { mode: 0o600 });
  return devices;
}
