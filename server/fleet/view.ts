/** A device as the API and the live rooms show it: its record joined with what the fleet knows. */
import type { Device, DeviceDetail } from '#protocol/api.ts';
import type { Values } from '#protocol/sample.ts';
import type { DeviceRecord } from '../state/records.ts';
import type { FleetEntry } from './fleet.ts';

/** Numbers of single cores, mounts and the like have a colon in their name. */
function scalars(values: Values): Values {
  const found: Values = {};
  for (const name in values) {
    const value = values[name];
    if (value !== undefined && !name.includes(':')) found[name] = value;
  }
  return found;
}

function view(record: DeviceRecord, entry: FleetEntry | undefined, metrics: Values): Device {
  return {
    device_id: record.id,
    name: record.name ?? record.hostname,
    hostname: record.hostname,
    ip: record.ip,
    os: record.os,
    tags: record.tags,
    status: entry?.status ?? 'offline',
    last_seen: entry?.lastSeen ?? record.last_seen,
    sampled_at: entry?.sampledAt ?? null,
    interval_s: entry?.intervalS ?? record.interval_s,
    clock_skew_ms: record.clock_skew_ms,
    token_revoked_at: record.token_revoked_at,
    metrics,
  };
}

/** A row of the lists: scalars only. */
export function deviceView(record: DeviceRecord, entry: FleetEntry | undefined): Device {
  return view(record, entry, scalars(entry?.values ?? {}));
}

/** One device with everything: instance fields (`core:0:cpu`), inventory, token. */
export function deviceDetailView(record: DeviceRecord, entry: FleetEntry | undefined): DeviceDetail {
  return {
    ...view(record, entry, entry?.values ?? {}),
    registered_at: record.registered_at,
    inventory: record.inventory,
    token: { issued_at: record.token_issued_at, revoked_at: record.token_revoked_at },
    dropped: record.dropped,
  };
}
