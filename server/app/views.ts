/** Devices as lists, pages and scrapers see them: each record joined with what the fleet knows of it. */
import type { Device, DeviceDetail } from '#protocol/api.ts';
import type { DeviceSnapshot, FleetSnapshot } from '#protocol/live.ts';
import type { Values } from '#protocol/sample.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { deviceDetailView, deviceView } from '../fleet/view.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord } from '../state/records.ts';

/** Points of sparklines in one snapshot, over all devices. */
const SNAPSHOT_POINTS = 12_000;

export interface Views {
  row(record: DeviceRecord): Device;
  detail(record: DeviceRecord): DeviceDetail;
  /** Every device with all its newest values. */
  everything(): { device: Device; values: Values }[];
  fleetSnapshot(): FleetSnapshot;
  /** Undefined for an unknown device. */
  deviceSnapshot(deviceId: string): DeviceSnapshot | undefined;
}

/** `fleet` is asked when a view is, since it begins after those who show it. */
export function createViews(
  devices: Pick<Collection<DeviceRecord>, 'all' | 'get'>,
  fleet: () => Pick<Fleet, 'get' | 'recent'>,
): Views {
  const row = (record: DeviceRecord) => deviceView(record, fleet().get(record.id));
  const detail = (record: DeviceRecord) => deviceDetailView(record, fleet().get(record.id));
  return {
    row,
    detail,
    deviceSnapshot(deviceId) {
      const record = devices.get(deviceId);
      return record && { device: detail(record) };
    },
    everything: () =>
      devices.all().map((record) => ({ device: row(record), values: fleet().get(record.id)?.values ?? {} })),
    fleetSnapshot() {
      const all = devices.all();
      const points = Math.max(12, Math.min(60, Math.floor(SNAPSHOT_POINTS / Math.max(1, all.length))));
      return {
        devices: all.map(row),
        recent: Object.fromEntries(all.map(({ id }) => [id, fleet().recent(id, points)])),
      };
    },
  };
}
