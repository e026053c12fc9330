/** A device as lists, pages and scrapers show it: its record joined with what the fleet knows of it. */
import type { Device, DeviceDetail } from '#protocol/api.ts';
import type { DeviceSnapshot, FleetSnapshot } from '#protocol/live.ts';
import type { Values } from '#protocol/sample.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord } from '../state/records.ts';
import type { Fleet, FleetEntry } from './fleet.ts';

/** Points of sparklines in one snapshot of the fleet, over all devices, and in any case for each of them. */
const SNAPSHOT_POINTS = 12_000;
const LEAST_POINTS = 12;
const MOST_POINTS = 60;

export interface Views {
  /** A row of the lists: scalars only. */
  row(record: DeviceRecord): Device;
  /** One device with everything: instance fields (`core:0:cpu`), inventory, token. */
  detail(record: DeviceRecord): DeviceDetail;
  /** Every device with all its newest values. */
  everything(): { device: Device; values: Values }[];
  fleetSnapshot(): FleetSnapshot;
  /** Undefined for an unknown device. */
  deviceSnapshot(deviceId: string): DeviceSnapshot | undefined;
}

/** Numbers of single cores, mounts and the like have a colon in their name. */
function scalars(values: Values): Values {
  const found: Values = {};
  for (const name in values) {
    const value = values[name];
    if (value !== undefined && !name.includes(':')) found[name] = value;
  }
  return found;
}

function shown(record: DeviceRecord, entry: FleetEntry | undefined, metrics: Values): Device {
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

export function createViews(
  devices: Pick<Collection<DeviceRecord>, 'all' | 'get'>,
  fleet: Pick<Fleet, 'get' | 'recent'>,
): Views {
  const valuesOf = ({ id }: DeviceRecord) => fleet.get(id)?.values ?? {};
  const row = (record: DeviceRecord) => shown(record, fleet.get(record.id), scalars(valuesOf(record)));
  const detail = (record: DeviceRecord): DeviceDetail => ({
    ...shown(record, fleet.get(record.id), valuesOf(record)),
    registered_at: record.registered_at,
    inventory: record.inventory,
    token: { issued_at: record.token_issued_at, revoked_at: record.token_revoked_at },
    dropped: record.dropped,
  });
  return {
    row,
    detail,
    everything: () => devices.all().map((record) => ({ device: row(record), values: valuesOf(record) })),
    fleetSnapshot() {
      const all = devices.all();
      const share = Math.floor(SNAPSHOT_POINTS / Math.max(1, all.length));
      const points = Math.max(LEAST_POINTS, Math.min(MOST_POINTS, share));
      return {
        devices: all.map(row),
        recent: Object.fromEntries(all.map(({ id }) => [id, fleet.recent(id, points)])),
      };
    },
    deviceSnapshot(deviceId) {
      const record = devices.get(deviceId);
      return record && { device: detail(record) };
    },
  };
}
