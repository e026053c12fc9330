/** Silences and maintenance windows: which of them are now, and which machines are in maintenance. */
import { isDeepStrictEqual } from 'node:util';
import type { Device } from '#protocol/api.ts';
import type { SilenceRecord } from '#protocol/silences.ts';
import { createSilences } from '../alerts/silences.ts';
import type { Machine } from '#protocol/machine-scope.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord } from '../state/records.ts';
import { createNotifier, type Base } from './base.ts';

/** The machine under the name that pages show. */
export function machineOf({ id, name, hostname, tags }: DeviceRecord): Machine {
  return { id, name: name ?? hostname, tags };
}

/** Rows of so many devices are made at once. */
const TOLD_AT_ONCE = 200;

/** The part of the server that silences use. */
interface SilencesBase {
  readonly state: {
    readonly devices: Pick<Collection<DeviceRecord>, 'all'>;
    readonly silences: Collection<SilenceRecord>;
  };
  readonly clock: Base['clock'];
}

export function openSilences({ state, clock }: SilencesBase) {
  const { devices } = state;
  const changed = createNotifier<void>();
  const maintenanceChanged = createNotifier<string>();
  /** The devices that are yet to be told of, as a window may be about thousands. */
  const untold = new Set<string>();
  let cancelTelling: () => void = () => undefined;
  /** The maintenance of each device as it was shown last; devices in none are absent. */
  let shown = new Map<string, Device['maintenance']>();
  const silences = createSilences({ silences: state.silences, clock, onChange: changed.notify });

  function maintenanceOf(record: DeviceRecord): Device['maintenance'] {
    const maintenance = silences.maintenanceOf(machineOf(record));
    if (maintenance === null) shown.delete(record.id);
    else shown.set(record.id, maintenance);
    return maintenance;
  }

  for (const record of devices.all()) maintenanceOf(record);
  changed.listen(() => {
    const before = shown;
    shown = new Map();
    for (const record of devices.all())
      if (!isDeepStrictEqual(maintenanceOf(record), before.get(record.id) ?? null)) untold.add(record.id);
    tell();
  });

  /** Notifies of some devices now, and of the others in the next turns of the event loop. */
  function tell(): void {
    cancelTelling();
    let told = 0;
    for (const id of untold) {
      if (told++ === TOLD_AT_ONCE) {
        cancelTelling = clock.after(0, tell);
        return;
      }
      untold.delete(id);
      maintenanceChanged.notify(id);
    }
  }

  return {
    silences,
    /** Notified when a window has begun or ended, and when a silence was changed. */
    changed,
    /** Notified with the id of a device that is in another maintenance now, or in none. */
    maintenanceChanged,
    maintenanceOf,
    routes: [],
    stop() {
      cancelTelling();
      silences.stop();
    },
  };
}

export type OpenSilences = ReturnType<typeof openSilences>;
