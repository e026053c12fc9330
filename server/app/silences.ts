/** Silences and maintenance windows: which of them are now, and which machines are in maintenance. */
import { isDeepStrictEqual } from 'node:util';
import type { Device } from '#protocol/api.ts';
import { createSilences, type Machine } from '../alerts/silences.ts';
import type { DeviceRecord } from '../state/records.ts';
import { createNotifier, type Base } from './base.ts';

/** The machine under the name that pages show. */
export function machineOf({ id, name, hostname, tags }: DeviceRecord): Machine {
  return { id, name: name ?? hostname, tags };
}

export function openSilences({ state, clock }: Pick<Base, 'state' | 'clock'>) {
  const { devices } = state;
  const changed = createNotifier<void>();
  const maintenanceChanged = createNotifier<string>();
  /** The maintenance of each device as pages show it; devices in none are absent. */
  const shown = new Map<string, Device['maintenance']>();
  const silences = createSilences({ silences: state.silences, clock, onChange: changed.notify });
  const maintenanceOf = (record: DeviceRecord) => silences.maintenanceOf(machineOf(record));

  function notice(record: DeviceRecord): boolean {
    const maintenance = maintenanceOf(record);
    const before = shown.get(record.id) ?? null;
    if (maintenance === null) shown.delete(record.id);
    else shown.set(record.id, maintenance);
    return !isDeepStrictEqual(maintenance, before);
  }

  for (const record of devices.all()) notice(record);
  changed.listen(() => {
    for (const record of devices.all()) if (notice(record)) maintenanceChanged.notify(record.id);
  });

  return {
    silences,
    /** Notified when a window has begun or ended, and when a silence was changed. */
    changed,
    /** Notified with the id of a device that is in another maintenance now, or in none. */
    maintenanceChanged,
    maintenanceOf,
    routes: [],
    stop: silences.stop,
  };
}

export type OpenSilences = ReturnType<typeof openSilences>;
