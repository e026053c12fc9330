/**
 * Which machines depend on which: while a machine's parent (its router, its hypervisor) is offline, nobody can say
 * whether the machine is, so that messages about it being offline are muted. [A6] The alert is raised all the same.
 */
import type { Alert, Mute } from '#protocol/alerts.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord } from '../state/records.ts';
import type { Clock, StatusChange } from '../types.ts';

/** Parents of parents are looked at up to so many levels up. */
export const MOST_LEVELS = 8;
/** After a parent is back, its children have so long to come back too, milliseconds. */
const GRACE_MS = 120_000;

export interface DependencyParts {
  readonly devices: Pick<Collection<DeviceRecord>, 'all' | 'get'>;
  /** Whether a device that was online before is offline now. */
  readonly isOffline: (deviceId: string) => boolean;
  /** Parents that muted an alert when the server stopped: their children get time to come back. */
  readonly mutedBefore: readonly string[];
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** Called when a parent went offline, or when the time for its children to come back is over. */
  readonly onChange: () => void;
}

export interface Dependencies {
  /** [A6] The parent machine that mutes an alert about this device; null where none does. */
  muteOf(deviceId: string, alert: Pick<Alert, 'metric'>): Mute | null;
  statusChanged(change: Pick<StatusChange, 'deviceId' | 'status'>): void;
  /** To be called when devices, their tags or their parents have changed. */
  edited(): void;
  stop(): void;
}

const nameOf = ({ name, hostname }: DeviceRecord) => name ?? hostname;

/** The ids of the device's parents: the one it names, and those that are the parents of one of its tags. */
function parentsOf(
  { id, parent, tags }: DeviceRecord,
  tagParents: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const named = parent === undefined || parent === null ? [] : [parent];
  return [...named, ...tags.flatMap((tag) => tagParents.get(tag) ?? [])].filter((each) => each !== id);
}

/** By tag: the devices that are the parents of all machines with it. */
function tagParentsOf(devices: readonly DeviceRecord[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { id, parent_of_tag: tag } of devices)
    if (tag !== undefined && tag !== null) found.set(tag, [...(found.get(tag) ?? []), id]);
  return found;
}

interface Family {
  readonly tagParents: ReadonlyMap<string, readonly string[]>;
  readonly get: (id: string) => DeviceRecord | undefined;
  /** Devices below which all is well, with how far up they are: each is looked at once. */
  readonly checked: Set<string>;
}

/** The devices from this one up to a parent that is met twice, or too far up; undefined where all is well. */
function findLoop(
  device: DeviceRecord,
  family: Family,
  path: readonly DeviceRecord[] = [],
): readonly DeviceRecord[] | undefined {
  const way = [...path, device];
  if (path.some(({ id }) => id === device.id) || way.length > MOST_LEVELS + 1) return way;
  const place = `${way.length} ${device.id}`;
  if (family.checked.has(place)) return undefined;
  for (const id of parentsOf(device, family.tagParents)) {
    const parent = family.get(id);
    const loop = parent && findLoop(parent, family, way);
    if (loop !== undefined) return loop;
  }
  family.checked.add(place);
  return undefined;
}

/** Why a device's parent or tags cannot be as in `record`, as a sentence; undefined where they can. */
export function dependencyProblem(
  record: DeviceRecord,
  devices: Pick<Collection<DeviceRecord>, 'all' | 'get'>,
): string | undefined {
  const { id, parent, parent_of_tag: tag } = record;
  if (parent === id) return 'A machine cannot depend on itself.';
  // One that was removed meanwhile stays, and does nothing.
  const isNew = devices.get(id)?.parent !== parent;
  if (isNew && parent !== undefined && parent !== null && devices.get(parent) === undefined)
    return `There is no machine with the id ${parent}.`;
  const all = [...devices.all().filter((device) => device.id !== id), record];
  const get = (each: string) => (each === id ? record : devices.get(each));
  const family = { tagParents: tagParentsOf(all), get, checked: new Set<string>() };
  // A machine that becomes the parent of a tag may close a circle for those that have it.
  const children = tag === undefined || tag === null ? [] : all.filter((device) => device.tags.includes(tag));
  for (const device of [record, ...children]) {
    const way = findLoop(device, family);
    if (way === undefined) continue;
    const names = way.map(nameOf).join(' → ');
    return way.length > MOST_LEVELS + 1
      ? `Machines may depend on one another over ${MOST_LEVELS} levels; this would be more: ${names}.`
      : `Machines cannot depend on one another in a circle: ${names}.`;
  }
  return undefined;
}

export function createDependencies({
  devices,
  isOffline,
  mutedBefore,
  clock,
  onChange,
}: DependencyParts): Dependencies {
  /** Undefined until it is needed again. */
  let known: { readonly tagParents: Map<string, string[]>; readonly parents: Set<string> } | undefined;
  /** Parents that came back a short time ago, and the function that cancels the timer of each. */
  const back = new Map<string, () => void>();

  function index() {
    if (known === undefined) {
      const all = devices.all();
      const tagParents = tagParentsOf(all);
      known = { tagParents, parents: new Set(all.flatMap((device) => parentsOf(device, tagParents))) };
    }
    return known;
  }

  /** The parent farthest up that is offline, or was a short time ago: the cause of all that is offline below it. */
  function causeFor(record: DeviceRecord): DeviceRecord | undefined {
    const { tagParents } = index();
    const seen = new Set([record.id]);
    let level = [record];
    let cause: DeviceRecord | undefined;
    for (let height = 0; height < MOST_LEVELS && level.length > 0; height++) {
      level = level
        .flatMap((device) => parentsOf(device, tagParents))
        .flatMap((id) => (seen.has(id) ? [] : (devices.get(id) ?? [])));
      for (const { id } of level) seen.add(id);
      cause = level.find(({ id }) => isOffline(id) || back.has(id)) ?? cause;
    }
    return cause;
  }

  function waitForChildren(parentId: string): void {
    back.get(parentId)?.();
    back.set(
      parentId,
      clock.after(GRACE_MS, () => {
        back.delete(parentId);
        onChange();
      }),
    );
  }

  for (const id of mutedBefore) waitForChildren(id);

  return {
    muteOf(deviceId, { metric }) {
      const record = devices.get(deviceId);
      if (metric !== 'offline' || record === undefined || index().parents.size === 0) return null;
      const cause = causeFor(record);
      return cause === undefined
        ? null
        : { by: 'dependency', id: cause.id, name: nameOf(cause), until: null };
    },
    statusChanged({ deviceId, status }) {
      if (!index().parents.has(deviceId)) return;
      if (status === 'online') waitForChildren(deviceId);
      else {
        back.get(deviceId)?.();
        back.delete(deviceId);
        onChange();
      }
    },
    edited() {
      known = undefined;
    },
    stop() {
      for (const cancel of back.values()) cancel();
    },
  };
}
