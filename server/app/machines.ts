/**
 * Machines: how devices join, their tokens, which of them are online, what pages show of them, and their
 * removal.
 */
import type { IdentityConflict } from '#protocol/api.ts';
import { formatEnrollment } from '#protocol/enrollment.ts';
import type { Sample } from '#protocol/sample.ts';
import { createDeviceTokens } from '../auth/device-tokens.ts';
import { createEnrollmentKeys } from '../auth/enrollment-keys.ts';
import { createJoining } from '../auth/joining.ts';
import { createSeparations } from '../auth/separations.ts';
import { networkOf } from '../http/address.ts';
import { createDeviceList } from '../fleet/device-list.ts';
import { createFieldMeanings } from '../fleet/field-meanings.ts';
import { createFleet, wasOnlineAtEnd } from '../fleet/fleet.ts';
import { createViews } from '../fleet/views.ts';
import { createSharedIdentity } from '../ingest/shared-identity.ts';
import { deviceFieldsRoutes } from '../routes/device-fields.ts';
import { devicesBulkRoutes } from '../routes/devices-bulk.ts';
import { deviceRoutes } from '../routes/devices.ts';
import { enrollmentRoutes, reachedAt, type EnrollmentAddress } from '../routes/enrollment.ts';
import { fieldMeaningsRoutes } from '../routes/field-meanings.ts';
import { fleetViewRoutes, forgetViewsOf } from '../routes/fleet-views.ts';
import { separationRoutes } from '../routes/separation.ts';
import type { SeparationRecord } from '../state/records.ts';
import type { StatusChange } from '../types.ts';
import { createNotifier, type Base } from './base.ts';
import type { OpenHistory } from './history.ts';
import type { OpenPackages } from './packages.ts';
import type { People } from './people.ts';
import type { OpenSilences } from './silences.ts';

/** The capabilities and facts that machines use. */
export interface MachinesNeeds {
  readonly people: People;
  readonly history: OpenHistory;
  readonly silences: OpenSilences;
  /** The newest sample of each device; used at the start only, so that it need not stay in memory. */
  readonly latest: ReadonlyMap<string, Sample>;
  readonly packages: OpenPackages;
  /** How agents reach this server. */
  readonly address: EnrollmentAddress;
}

export function openMachines(base: Base, needs: MachinesNeeds) {
  const { people, history, silences, latest, packages, address } = needs;
  const { config, state } = base;
  const { devices, removed: removedDevices, keys, fleetViews } = state;
  const { now, every } = base.clock;
  const { audit } = people;
  const statusChanged = createNotifier<StatusChange>();
  const viewChanged = createNotifier<string>();
  const edited = createNotifier<readonly string[]>();
  const removed = createNotifier<string>();
  const separated = createNotifier<Pick<SeparationRecord, 'device_id' | 'origin'>>();

  const tokens = createDeviceTokens(devices, now);
  const enrollment = createEnrollmentKeys(keys, now);
  const joining = createJoining({
    devices,
    removed: removedDevices,
    keys: enrollment,
    tokens,
    audit,
    intervalS: config.intervalS,
    now,
    networkOf,
  });
  const sharedIdentity = createSharedIdentity();
  const separations = createSeparations({
    separations: state.separations,
    keys,
    enrollment,
    deviceOf(deviceId) {
      const record = devices.get(deviceId);
      return { name: record?.name ?? record?.hostname ?? deviceId, tags: record?.tags ?? [] };
    },
    now,
  });
  /** [F4] The machines that push as the device, and which of them are to leave it. */
  function conflictOf(deviceId: string): IdentityConflict | undefined {
    const conflict = sharedIdentity.of(deviceId);
    if (conflict === undefined) return undefined;
    const machines = conflict.origins.map(({ id, hostname, ip, machine = null, since, hasRunId }) => {
      const asked_at = separations.askedAt(deviceId, id);
      return { id, hostname, ip, machine, since, separable: hasRunId, asked_at };
    });
    return { since: conflict.since, machines };
  }
  const fleet = createFleet({
    now,
    every,
    devices: devices.all().map(({ id, interval_s, last_seen, online }) => ({
      deviceId: id,
      intervalS: interval_s,
      // After a crash, the record's last_seen is old; the journal has the arrival of the last push.
      lastSeen: history.arrivals.get(id) ?? last_seen,
      wasOnline: wasOnlineAtEnd({ online, last_seen }, history.arrivals.get(id)),
    })),
    latest,
    onStatusChange(change) {
      const record = devices.get(change.deviceId);
      if (!record) return;
      devices.keep({ ...record, online: change.status === 'online', last_seen: change.lastSeen });
      viewChanged.notify(record.id);
      statusChanged.notify(change);
    },
  });
  const meanings = createFieldMeanings({ devices, sets: state.declarations, now });
  removed.listen(meanings.forget);
  const views = createViews(devices, fleet, silences.maintenanceOf, conflictOf);
  edited.listen((ids) => ids.forEach(viewChanged.notify));
  silences.maintenanceChanged.listen(viewChanged.notify);
  removed.listen(fleet.remove);
  removed.listen(separations.forget);
  people.userRemoved.listen((username) => forgetViewsOf(username, fleetViews));

  /** Removes a device: its record, and with it its token, then its data in every part, and its history. */
  async function removeDevice(deviceId: string): Promise<void> {
    const takeBack = await history.noteRemoval(deviceId);
    try {
      await Promise.all([devices.remove(deviceId), joining.deviceRemoved(deviceId)]);
    } catch (error) {
      takeBack();
      throw error;
    }
    removed.notify(deviceId);
    await history.remove(deviceId);
  }

  return {
    tokens,
    fleet,
    views,
    /** What devices have declared of their own fields. */
    meanings,
    statusChanged,
    /** [F4] Which agents push as which device; the ingest notes it. */
    sharedIdentity,
    separations,
    /** Notified of an agent that is a device of its own now. */
    separated,
    /** Notified with the id of a device whose row has changed. */
    viewChanged,
    /** Notified with the ids of devices that joined, or that a person gave another name, tags or token. */
    edited,
    /** Notified with the id of a removed device; every part then removes its data. */
    removed,
    /** Makes an enrollment string for an agent on this machine, valid once, for ten minutes. */
    enrollThisMachine(port: number): string {
      const { tls, fingerprint } = address;
      const local = { publicUrl: undefined, tls, fingerprint };
      const key = enrollment.createForThisMachine();
      return formatEnrollment({ key, ...reachedAt(`localhost:${port}`, local) });
    },
    routes: [
      ...enrollmentRoutes({
        keys,
        enrollment,
        joining,
        tokens,
        audit,
        joined(record) {
          fleet.add(record.id, { intervalS: record.interval_s });
          edited.notify([record.id]);
          const separation = separations.joinedWith(record.enrolled_with);
          if (separation === undefined) return undefined;
          separated.notify(separation);
          return devices.get(separation.device_id);
        },
        address,
        installTexts: packages.installTexts,
      }),
      ...deviceRoutes({
        devices,
        list: createDeviceList(devices, views),
        detail: views.detail,
        tokens,
        audit,
        changed: (id) => edited.notify([id]),
        remove: removeDevice,
      }),
      ...separationRoutes({
        devices,
        detail: views.detail,
        ask: separations.ask,
        audit,
        changed: viewChanged.notify,
      }),
      ...deviceFieldsRoutes({ current: fleet.get, stored: history.inTime.fields }),
      ...fieldMeaningsRoutes(meanings),
      ...devicesBulkRoutes({ devices, audit, changed: edited.notify, remove: removeDevice }),
      ...fleetViewRoutes({ views: fleetViews, audit, now }),
    ],
    stop() {
      fleet.stop();
      for (const record of devices.all()) {
        const lastSeen = fleet.get(record.id)?.lastSeen ?? record.last_seen;
        devices.keep({ ...record, last_seen: lastSeen });
      }
    },
  };
}

export type Machines = ReturnType<typeof openMachines>;
