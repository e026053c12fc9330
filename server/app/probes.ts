/** Probes: what agents check of other things, and what they say of it. */
import { parseInstanceField } from '#protocol/fields.ts';
import { NO_PROBES, type ProbeReport } from '#protocol/probe-reports.ts';
import { createPlaces } from '../probes/places.ts';
import { createProbes } from '../probes/probes.ts';
import { probeRoutes } from '../routes/probes.ts';
import type { AcceptedPush } from '../types.ts';
import type { Base } from './base.ts';
import type { Machines } from './machines.ts';
import type { People } from './people.ts';
import { machineOf } from './silences.ts';

export interface ProbesNeeds {
  readonly people: People;
  readonly machines: Machines;
}

export function openProbes({ state, clock }: Base, { people, machines }: ProbesNeeds) {
  const { devices } = state;
  const machine = (deviceId: string) => {
    const record = devices.get(deviceId);
    return record && machineOf(record);
  };
  const allMachines = () => devices.all().map(machineOf);
  const probes = createProbes({ probes: state.probes, machines: allMachines, machine, now: clock.now });
  machines.viewChanged.listen(probes.machineChanged);
  machines.removed.listen(probes.machineChanged);

  /** By device: what came with the push that is being taken in, whose record is not written yet. */
  const arriving = new Map<string, readonly ProbeReport[]>();
  const reports = (deviceId: string): readonly ProbeReport[] =>
    arriving.get(deviceId) ?? devices.get(deviceId)?.inventory.probes ?? [];
  machines.viewChanged.listen((deviceId) => arriving.delete(deviceId));
  machines.removed.listen((deviceId) => arriving.delete(deviceId));

  const places = createPlaces({
    machines: allMachines,
    reports,
    fleetOf: machines.fleet.get,
    leftOutOf: probes.leftOutOf,
    askedAt: probes.askedAt,
    now: clock.now,
  });
  return {
    versionOf: probes.versionOf,
    pushAccepted({ deviceId, inventory }: AcceptedPush): void {
      if (inventory !== undefined) arriving.set(deviceId, inventory.probes ?? []);
    },
    /** Why the field `probe:<name>:up` says that something is down; undefined for another field, and where it is not known. */
    reasonOf(deviceId: string, field: string): string | undefined {
      const parts = parseInstanceField(field);
      if (parts?.kind !== 'probe' || parts.field !== 'up') return undefined;
      return reports(deviceId).find(({ name }) => name === parts.instance)?.reason || undefined;
    },
    routes: probeRoutes({
      probes,
      places,
      authenticate: machines.tokens.authenticate,
      listOf(deviceId) {
        const found = machine(deviceId);
        return found === undefined ? { version: NO_PROBES, probes: [] } : probes.listOf(found);
      },
      audit: people.audit,
    }),
  };
}

export type OpenProbes = ReturnType<typeof openProbes>;
