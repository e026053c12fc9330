/**
 * [W1] What display links may see: the machines that the pages and tiles of each one are about, as they are now. They
 * are worked out when somebody asks for the first time, and again only where what a link shows, or a machine's name or
 * tags have changed; never with a push.
 */
import { isDeepStrictEqual } from 'node:util';
import { inScope, type Machine, type MachineScope } from '#protocol/machine-scope.ts';
import type { Clock, Sight } from '../types.ts';

export interface Sights {
  /** The sight of a link; it stays right while the link, its boards and the machines change. */
  of(linkId: string): Sight;
  /** To be called after a link, a playlist or a board was added, changed or removed. */
  shownChanged(): void;
  /** To be called after a machine joined, or has another name or other tags, or anything else about it changed. */
  machineChanged(machine: Machine): void;
  machineRemoved(deviceId: string): void;
  linkRemoved(linkId: string): void;
  stop(): void;
}

export interface SightsParts {
  /** The scopes of what a link shows now; none of a link that is gone. */
  readonly scopesOf: (linkId: string) => readonly MachineScope[];
  readonly machines: () => readonly Machine[];
  /** Called with the id of a link whose displays may see other machines than before. */
  readonly onChange: (linkId: string) => void;
  readonly after: Clock['after'];
}

/** What is known of the sight of a link that a display has used. */
interface Known {
  readonly scopes: readonly MachineScope[];
  readonly devices: Set<string>;
}

/** Changes within so many milliseconds, as of the tags of a hundred machines, are told together. */
const TOLD_AFTER_MS = 100;

export function createSights({ scopesOf, machines, onChange, after }: SightsParts): Sights {
  const known = new Map<string, Known>();
  const untold = new Set<string>();
  let cancelTelling: (() => void) | undefined;

  function tell(): void {
    cancelTelling = undefined;
    for (const linkId of untold) onChange(linkId);
    untold.clear();
  }

  function tellSoon(linkId: string): void {
    untold.add(linkId);
    cancelTelling ??= after(TOLD_AFTER_MS, tell);
  }

  const isSeen = (scopes: readonly MachineScope[], machine: Machine) =>
    scopes.some((scope) => inScope(scope, machine));

  function workOut(scopes: readonly MachineScope[]): Known {
    const seen = machines().filter((machine) => isSeen(scopes, machine));
    return { scopes, devices: new Set(seen.map(({ id }) => id)) };
  }

  function knownOf(linkId: string): Known {
    const before = known.get(linkId);
    if (before !== undefined) return before;
    const made = workOut(scopesOf(linkId));
    known.set(linkId, made);
    return made;
  }

  return {
    of: (linkId) => ({ key: linkId, has: (deviceId) => knownOf(linkId).devices.has(deviceId) }),
    shownChanged() {
      for (const [linkId, { scopes, devices }] of known) {
        const next = scopesOf(linkId);
        // Most changes of a board leave its scopes as they are.
        if (isDeepStrictEqual(next, scopes)) continue;
        const changed = workOut(next);
        known.set(linkId, changed);
        if (isDeepStrictEqual(changed.devices, devices)) continue;
        tellSoon(linkId);
      }
    },
    machineChanged(machine) {
      for (const [linkId, { scopes, devices }] of known) {
        const seen = isSeen(scopes, machine);
        if (seen === devices.has(machine.id)) continue;
        if (seen) devices.add(machine.id);
        else devices.delete(machine.id);
        tellSoon(linkId);
      }
    },
    machineRemoved(deviceId) {
      for (const [linkId, { devices }] of known) if (devices.delete(deviceId)) tellSoon(linkId);
    },
    linkRemoved: (linkId) => void known.delete(linkId),
    stop: () => cancelTelling?.(),
  };
}
