/** Machines: how they join, their tokens, who is online, how they are shown, and how they are removed. */
import { errorText } from '#protocol/errors.ts';
import { createDeviceTokens } from '../auth/device-tokens.ts';
import { createEnrollmentKeys } from '../auth/enrollment-keys.ts';
import { createFleet } from '../fleet/fleet.ts';
import { createViews } from '../fleet/views.ts';
import { deviceRoutes } from '../routes/devices.ts';
import { enrollmentRoutes, enrollmentString } from '../routes/enrollment.ts';
import type { StatusChange } from '../types.ts';
import { createHappening, type Base } from './base.ts';
import type { OpenHistory } from './history.ts';
import type { People } from './people.ts';

export interface MachinesNeeds {
  readonly people: People;
  readonly history: OpenHistory;
  readonly isTls: boolean;
  /** Of the authority that agents pin, lower-case hex; null where they use their system's trust. */
  readonly fingerprint: string | null;
}

export function openMachines(base: Base, { people, history, isTls, fingerprint }: MachinesNeeds) {
  const { config, state, notice, notSaved } = base;
  const { devices, keys } = state;
  const { now, every } = base.clock;
  const { audit } = people;
  const statusChanged = createHappening<StatusChange>();
  const shownAnew = createHappening<string>();
  const edited = createHappening<string>();
  const removed = createHappening<string>();

  const tokens = createDeviceTokens(devices, now);
  const enrollment = createEnrollmentKeys(keys, now);
  const fleet = createFleet({
    now,
    every,
    devices: devices.all().map(({ id, interval_s, last_seen }) => ({
      deviceId: id,
      intervalS: interval_s,
      // After a crash the record is old; the journal knows when its pushes arrived.
      lastSeen: history.arrivals.get(id) ?? last_seen,
    })),
    latest: history.latest,
    onStatusChange(change) {
      const record = devices.get(change.deviceId);
      if (!record) return;
      if (change.status === 'offline') devices.put({ ...record, last_seen: change.lastSeen }).catch(notSaved);
      shownAnew.tell(record.id);
      statusChanged.tell(change);
    },
  });
  const views = createViews(devices, fleet);
  edited.listen(shownAnew.tell);
  removed.listen(fleet.remove);

  /** Its token ends at once, then its record, what every part knows of it, and its history. */
  async function remove(deviceId: string): Promise<void> {
    tokens.forget(deviceId);
    await devices.remove(deviceId);
    removed.tell(deviceId);
    try {
      await history.remove(deviceId);
    } catch (error) {
      notice(`The history of the removed device ${deviceId} could not be deleted: ${errorText(error)}`);
    }
  }

  const address = { publicUrl: config.publicUrl, tls: isTls, fingerprint };
  return {
    tokens,
    fleet,
    views,
    statusChanged,
    /** The id of a device whose row is to be shown anew. */
    shownAnew,
    /** The id of a device that was added, or that a person gave another name, tags or token. */
    edited,
    /** The id of a device that is gone: every part forgets it. */
    removed,
    /** An enrollment string for an agent on this machine; it works once, for ten minutes. */
    async enrollThisMachine(port: number): Promise<string> {
      const local = { ...address, publicUrl: undefined };
      return enrollmentString(await enrollment.createForThisMachine(), `localhost:${port}`, local);
    },
    routes: [
      ...enrollmentRoutes({
        keys,
        enrollment,
        devices,
        tokens,
        audit,
        hasPushed: (id) => (fleet.get(id)?.lastSeen ?? null) !== null,
        added(record) {
          fleet.add(record.id, { intervalS: record.interval_s });
          edited.tell(record.id);
        },
        address,
        intervalS: config.intervalS,
        now,
      }),
      ...deviceRoutes({
        devices,
        view: views.row,
        detail: views.detail,
        tokens,
        audit,
        changed: edited.tell,
        remove,
      }),
    ],
    stop() {
      fleet.stop();
      for (const record of devices.all()) {
        const seen = fleet.get(record.id)?.lastSeen ?? record.last_seen;
        devices.put({ ...record, last_seen: seen }).catch(notSaved);
      }
    },
  };
}

export type Machines = ReturnType<typeof openMachines>;
