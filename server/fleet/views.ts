/** Devices as lists, pages and Prometheus get them: each record joined with what the fleet knows of it. */
import type { Device, DeviceDetail } from '#protocol/api.ts';
import type { MachineFields } from '#protocol/device-fields.ts';
import type { DeviceSnapshot, Recent } from '#protocol/live.ts';
import { fieldNames, type Layout, type Sample, type Values } from '#protocol/sample.ts';
import type { ValuesDevice } from '#protocol/values.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord } from '../state/records.ts';
import { summarizeFields } from './field-list.ts';
import type { Fleet, FleetEntry } from './fleet.ts';
import { RING_POINTS } from './recent-ring.ts';

/** Sparkline points in one fleet snapshot, shared among the devices within the limits for each of them. */
const SNAPSHOT_POINTS = 12_000;
const MIN_DEVICE_POINTS = 12;

export interface Views {
  /** A device in a list, without the values of its instance fields (`core:0:cpu`). */
  row(record: DeviceRecord): Device;
  /** [L6] A device as the room `fleet` has it: with the values that the fleet page shows, and no others. */
  fleetRow(record: DeviceRecord): Device;
  /** One device with all values, its inventory and the times of its token. */
  detail(record: DeviceRecord): DeviceDetail;
  /** Every device as in a list, and with all values of its newest sample. */
  devicesWithValues(): { device: Device; values: Values }[];
  /** All devices, each with its row of the fleet page and its sparklines, which are made when they are asked for. */
  fleetRows(): {
    readonly ids: readonly string[];
    /** Undefined for an unknown device. */
    row(deviceId: string): { device: Device; recent: Recent } | undefined;
  };
  /** [L6] A device as its room has it: without values. Undefined for an unknown device. */
  deviceSnapshot(deviceId: string): DeviceSnapshot | undefined;
  /** The devices as values queries have them. */
  readonly machines: {
    ids(): readonly string[];
    /** Undefined for an unknown device. */
    get(deviceId: string): ValuesDevice | undefined;
    /** The current sample; undefined where there is none. */
    newest(deviceId: string): Sample | undefined;
  };
}

/** Summaries of fields, each made once for all samples of a layout. */
function createSummaries(): (sample: Sample | undefined) => MachineFields {
  const known = new WeakMap<Layout, MachineFields>();
  return (sample) => {
    if (sample === undefined) return summarizeFields([]);
    const layout = sample.row?.layout;
    const summary = (layout && known.get(layout)) ?? summarizeFields(fieldNames(sample));
    if (layout !== undefined) known.set(layout, summary);
    return summary;
  };
}

/** The values without those of single cores, mounts and other instances, whose field names have a colon. */
function withoutInstances(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !name.includes(':')));
}

/** What other parts know of a device. */
interface ViewFacts {
  readonly maintenance: Device['maintenance'];
  /** [F4] */
  readonly conflict?: Device['conflict'];
}

function deviceView(
  record: DeviceRecord,
  entry: FleetEntry | undefined,
  metrics: Values,
  { maintenance, conflict }: ViewFacts,
): Device {
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
    maintenance,
    ...(conflict !== undefined && { conflict }),
    metrics,
  };
}

export function createViews(
  devices: Pick<Collection<DeviceRecord>, 'all' | 'get'>,
  fleet: Pick<Fleet, 'get' | 'recent'>,
  maintenanceOf: (record: DeviceRecord) => Device['maintenance'],
  conflictOf: (deviceId: string) => Device['conflict'] = () => undefined,
): Views {
  const valuesOf = ({ id }: DeviceRecord) => fleet.get(id)?.values ?? {};
  const view = (record: DeviceRecord, metrics: Values) =>
    deviceView(record, fleet.get(record.id), metrics, {
      maintenance: maintenanceOf(record),
      conflict: conflictOf(record.id),
    });
  const row = (record: DeviceRecord) => view(record, withoutInstances(valuesOf(record)));
  const fleetRow = (record: DeviceRecord) => view(record, fleet.get(record.id)?.fleetValues ?? {});
  const summary = createSummaries();
  const detailWith = (record: DeviceRecord, metrics: Values): DeviceDetail => ({
    ...view(record, metrics),
    registered_at: record.registered_at,
    inventory: record.inventory,
    token: { issued_at: record.token_issued_at, revoked_at: record.token_revoked_at },
    dropped: record.dropped,
    parent: record.parent ?? null,
    parent_of_tag: record.parent_of_tag ?? null,
    ignored: fleet.get(record.id)?.ignored ?? null,
  });
  return {
    row,
    fleetRow,
    detail: (record) => detailWith(record, valuesOf(record)),
    devicesWithValues: () =>
      devices.all().map((record) => ({ device: row(record), values: valuesOf(record) })),
    fleetRows() {
      const ids = devices.all().map(({ id }) => id);
      const share = Math.floor(SNAPSHOT_POINTS / Math.max(1, ids.length));
      const points = Math.max(MIN_DEVICE_POINTS, Math.min(RING_POINTS, share));
      return {
        ids,
        row(deviceId) {
          const record = devices.get(deviceId);
          return record && { device: fleetRow(record), recent: fleet.recent(deviceId, points) };
        },
      };
    },
    deviceSnapshot(deviceId) {
      const record = devices.get(deviceId);
      return record && { device: detailWith(record, {}), fields: summary(fleet.get(deviceId)?.newest) };
    },
    machines: {
      ids: () => devices.all().map(({ id }) => id),
      get(deviceId) {
        const record = devices.get(deviceId);
        if (record === undefined) return undefined;
        const { device_id, name, tags, status, last_seen, interval_s } = deviceView(
          record,
          fleet.get(deviceId),
          {},
          { maintenance: null },
        );
        return { device_id, name, tags, status, last_seen, interval_s };
      },
      newest: (deviceId) => fleet.get(deviceId)?.newest,
    },
  };
}
