/** From where a probe is tried, and what each of those machines says of it now. */
import type { DeviceStatus } from '#protocol/api.ts';
import { instanceField } from '#protocol/fields.ts';
import { scopeMatcher, type Machine } from '#protocol/machine-scope.ts';
import type { ProbeReport } from '#protocol/probe-reports.ts';
import {
  PLACES_SHOWN,
  placeState,
  type PlaceState,
  type Probe,
  type ProbePlace,
  type ProbeView,
} from '#protocol/probes.ts';
import { fieldValue, type Sample } from '#protocol/sample.ts';

export interface PlacesParts {
  readonly machines: () => readonly Machine[];
  /** What the machine last said of its probes. */
  readonly reports: (deviceId: string) => readonly ProbeReport[];
  readonly fleetOf: (
    deviceId: string,
  ) => { readonly status: DeviceStatus; readonly newest: Sample | undefined } | undefined;
  readonly isLeftOut: (probe: Probe, machine: Machine) => boolean;
  readonly askedAt: (probeId: string) => number;
  readonly now: () => number;
}

/** An order to try at once that no machine has answered for this long, in milliseconds, is no longer waited for. */
const ASKED_MS = 60_000;

/** Those in trouble come first. */
const ORDER: readonly PlaceState[] = ['down', 'failing', 'refused', 'left_out', 'waits', 'offline', 'up'];

const isAsking = (probe: Probe, places: readonly ProbePlace[], answered: ReadonlySet<string>) =>
  probe.on && places.some(({ state, device_id }) => state !== 'offline' && !answered.has(device_id));

/** Makes the function that says how a probe does. */
export function createPlaces(parts: PlacesParts): (probe: Probe) => ProbeView {
  const { fleetOf, reports, isLeftOut } = parts;

  function stateOf(probe: Probe, machine: Machine, report: ProbeReport | undefined): PlaceState {
    if (fleetOf(machine.id)?.status !== 'online') return 'offline';
    if (report !== undefined) return report.state;
    return isLeftOut(probe, machine) ? 'left_out' : 'waits';
  }

  function placeOf(probe: Probe, machine: Machine, report: ProbeReport | undefined): ProbePlace {
    const state = stateOf(probe, machine, report);
    const newest = state === 'offline' ? undefined : fleetOf(machine.id)?.newest;
    const value = (field: string) =>
      newest === undefined ? null : (fieldValue(newest, instanceField('probe', probe.name, field)) ?? null);
    return {
      device_id: machine.id,
      name: machine.name,
      state,
      since: report?.since ?? null,
      reason: report?.reason ?? '',
      remedy: report?.remedy ?? '',
      ms: value('ms'),
      certificate_days: value('certificate_days'),
    };
  }

  return (probe) => {
    const counts: Record<string, number> = {};
    for (const state of placeState.options) counts[state] = 0;
    const answered = new Set<string>();
    const asked = parts.askedAt(probe.id);
    const places: ProbePlace[] = [];
    for (const machine of probe.on ? parts.machines().filter(scopeMatcher(probe.scope)) : []) {
      const report = reports(machine.id).find(({ id }) => id === probe.id);
      if (report !== undefined && report.asked_at >= asked) answered.add(machine.id);
      const place = placeOf(probe, machine, report);
      counts[place.state] = (counts[place.state] ?? 0) + 1;
      places.push(place);
    }
    places.sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.name.localeCompare(b.name));
    const isRecent = asked > 0 && parts.now() - asked < ASKED_MS;
    return {
      ...probe,
      counts,
      places: places.slice(0, PLACES_SHOWN),
      is_asked: isRecent && isAsking(probe, places, answered),
    };
  };
}
