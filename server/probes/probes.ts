/**
 * The probes of the server: their list, and what each machine is to probe. What a machine's list is now is worked out
 * once and remembered until a probe or that machine changes, since every push asks for its version.
 */
import { createHash, randomUUID } from 'node:crypto';
import { ApiError } from '#protocol/errors.ts';
import { invalidBody } from '#protocol/body.ts';
import { inScope, scopeMatcher, type Machine } from '#protocol/machine-scope.ts';
import { MOST_PER_MACHINE, NO_PROBES } from '#protocol/probe-reports.ts';
import {
  MOST_PROBES,
  probeCreate,
  type ListedProbe,
  type Probe,
  type ProbeCreate,
  type ProbeList,
} from '#protocol/probes.ts';
import type { Collection } from '../state/collection.ts';

export interface Probes {
  /** In the order in which they were added. */
  list(): readonly Probe[];
  /** Rejects with ApiError too_many_items or probe_exists. */
  create(by: string, wanted: ProbeCreate): Promise<Probe>;
  /** Rejects with ApiError unknown_item, invalid_body, too_many_items or probe_exists. */
  change(probeId: string, patch: Readonly<Record<string, unknown>>): Promise<Probe>;
  /** Rejects with ApiError unknown_item. */
  remove(probeId: string): Promise<Probe>;
  /** Asks the machines of a probe to try it at once. @throws ApiError unknown_item */
  ask(probeId: string): Probe;
  /** When a person last asked for that, epoch milliseconds; 0: never since the start. */
  askedAt(probeId: string): number;
  /** What the machine probes. */
  listOf(machine: Machine): ProbeList;
  /** The version of that list; undefined where it is empty. */
  versionOf(deviceId: string): string | undefined;
  /** The ids of the probes that are not on the machine's list, as it has too many. */
  leftOutOf(machine: Machine): ReadonlySet<string>;
  /** To be called when the name or the tags of a machine changed, or it was removed. */
  machineChanged(deviceId: string): void;
}

export interface ProbesParts {
  readonly probes: Collection<Probe>;
  readonly machines: () => readonly Machine[];
  readonly machine: (deviceId: string) => Machine | undefined;
  readonly now: () => number;
}

function listed({ scope: _, on: __, created_at: ___, created_by: ____, ...work }: Probe, asked_at: number) {
  return { ...work, asked_at } satisfies ListedProbe;
}

/** The name as others are compared with it: two that look nearly the same would be mistaken for one another. */
const comparable = (name: string) => name.normalize('NFKC').toLowerCase();

export function createProbes({ probes, machines, machine: machineOf, now }: ProbesParts): Probes {
  const asked = new Map<string, number>();
  /** By device; NO_PROBES where its list is empty. */
  const versions = new Map<string, string>();

  function get(probeId: string): Probe {
    const probe = probes.get(probeId);
    if (probe === undefined) throw new ApiError('unknown_item');
    return probe;
  }

  const allOf = (machine: Machine) => probes.all().filter(({ on, scope }) => on && inScope(scope, machine));

  function workOf(machine: Machine): ListedProbe[] {
    return allOf(machine)
      .slice(0, MOST_PER_MACHINE)
      .map((probe) => listed(probe, asked.get(probe.id) ?? 0));
  }

  function listOf(machine: Machine): ProbeList {
    const work = workOf(machine);
    const version = createHash('sha256').update(JSON.stringify(work)).digest('hex').slice(0, 16);
    versions.set(machine.id, work.length === 0 ? NO_PROBES : version);
    return { version: work.length === 0 ? NO_PROBES : version, probes: work };
  }

  function refuseTaken(name: string, probeId: string | undefined): void {
    const taken = probes.all().find((one) => one.id !== probeId && comparable(one.name) === comparable(name));
    if (taken !== undefined)
      throw new ApiError('probe_exists', {
        message: `There is a probe “${taken.name}” already, and a probe's name is part of its fields' names.`,
        details: [{ path: 'name', message: 'another probe has this name' }],
      });
  }

  /** Refuses a probe with which a machine would have more of them than it takes. */
  function refuseCrowd(wanted: Pick<Probe, 'on' | 'scope'>, probeId: string | undefined): void {
    if (!wanted.on) return;
    const matches = scopeMatcher(wanted.scope);
    const full = machines().find((machine) => {
      if (!matches(machine)) return false;
      return allOf(machine).filter(({ id }) => id !== probeId).length >= MOST_PER_MACHINE;
    });
    if (full !== undefined)
      throw new ApiError('too_many_items', {
        message: `${full.name} has ${MOST_PER_MACHINE} probes already, the most that a machine takes. Choose other machines, or switch one of its probes off.`,
      });
  }

  return {
    list: () => probes.all(),
    async create(by, wanted) {
      if (probes.all().length >= MOST_PROBES)
        throw new ApiError('too_many_items', {
          message: `There are ${MOST_PROBES} probes, the most that the server keeps. Remove one first.`,
        });
      refuseTaken(wanted.name, undefined);
      refuseCrowd(wanted, undefined);
      const probe: Probe = { ...wanted, id: randomUUID(), created_at: now(), created_by: by };
      await probes.put(probe);
      versions.clear();
      return probe;
    },
    async change(probeId, patch) {
      const { id, created_at, created_by, ...before } = get(probeId);
      const parsed = probeCreate.safeParse({ ...before, ...patch });
      if (!parsed.success) throw invalidBody(parsed.error);
      refuseTaken(parsed.data.name, id);
      refuseCrowd(parsed.data, id);
      const changed: Probe = { ...parsed.data, id, created_at, created_by };
      await probes.put(changed);
      versions.clear();
      return changed;
    },
    async remove(probeId) {
      const probe = get(probeId);
      await probes.remove(probeId);
      asked.delete(probeId);
      versions.clear();
      return probe;
    },
    ask(probeId) {
      const probe = get(probeId);
      asked.set(probeId, now());
      versions.clear();
      return probe;
    },
    askedAt: (probeId) => asked.get(probeId) ?? 0,
    listOf,
    versionOf(deviceId) {
      let version = versions.get(deviceId);
      if (version === undefined) {
        const machine = machineOf(deviceId);
        version = machine === undefined ? NO_PROBES : listOf(machine).version;
      }
      return version === NO_PROBES ? undefined : version;
    },
    leftOutOf: (machine) =>
      new Set(
        allOf(machine)
          .slice(MOST_PER_MACHINE)
          .map(({ id }) => id),
      ),
    machineChanged: (deviceId) => versions.delete(deviceId),
  };
}
