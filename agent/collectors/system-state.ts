/**
 * What an administrator would have to do: a pending reboot, package updates; and who is logged in. From files that other
 * programs keep, without a network and without asking the package manager.
 */
import { existsSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import type { Collector, Fields } from './collector.ts';
import { namesIn, textOf } from './system-files.ts';

/** `6.1.0-31-amd64` → its numbers, and what follows them: kernels of another flavour are no newer ones. */
function parseKernel(version: string): { readonly numbers: readonly number[]; readonly flavour: string } {
  const [, digits = '', flavour = ''] = /^([\d.]+(?:-[\d.]+)*)(.*)$/.exec(version) ?? [];
  return { numbers: digits.split(/[.-]/).map(Number), flavour: flavour.replace(/\.\w+$|[\d_]+/g, '') };
}

function isNewer(one: readonly number[], other: readonly number[]): boolean {
  for (let place = 0; place < Math.max(one.length, other.length); place++) {
    const difference = (one[place] ?? 0) - (other[place] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/**
 * Whether a newer kernel is installed than runs, by the names in /boot; undefined where the running one is not among
 * them: then they are not what this machine boots.
 */
export function hasNewerKernel(names: readonly string[], running: string): boolean | undefined {
  const installed = names.flatMap((name) => /^vmlinu[xz]-(\d.*)$/.exec(name)?.[1] ?? []);
  if (!installed.includes(running)) return undefined;
  const own = parseKernel(running);
  return installed
    .map(parseKernel)
    .some(({ numbers, flavour }) => flavour === own.flavour && isNewer(numbers, own.numbers));
}

/**
 * Ubuntu's own count, which it writes after each update of its lists:
 *
 *     12 updates can be applied immediately.
 *     3 of these updates are standard security updates.
 */
export function parseUpdates(text: string): Fields {
  const fields: Fields = {};
  const [, all] = /^(\d+) (?:updates?|packages?) can be /m.exec(text) ?? [];
  const [, security] =
    /^(\d+) (?:of these updates|updates?) (?:is a|are) (?:standard )?security updates?/m.exec(text) ?? [];
  if (all === undefined) return fields;
  fields['updates'] = Number(all);
  fields['updates_security'] = Number(security ?? 0);
  return fields;
}

/** Files of /run/systemd/sessions → how many people are logged in; background sessions and services are none. */
export function countUsers(sessions: readonly string[]): number {
  const people = sessions.filter((text) => /^CLASS=user$/m.test(text) && !/^STATE=closing$/m.test(text));
  return people.length;
}

export interface SystemPaths {
  readonly sessions: string;
  readonly boot: string;
  readonly rebootRequired: string;
  readonly updates: string;
}

const PATHS: SystemPaths = {
  sessions: '/run/systemd/sessions',
  boot: '/boot',
  rebootRequired: '/run/reboot-required',
  updates: '/var/lib/update-notifier/updates-available',
};

export function createSystemState(paths = PATHS, running = release()): Collector {
  return {
    collect() {
      const fields: Fields = {};
      // Beside each session lies a pipe, `3.ref`, which must not be opened.
      const sessions = namesIn(paths.sessions)?.filter((name) => /^c?\d+$/.test(name));
      if (sessions !== undefined)
        fields['users'] = countUsers(sessions.flatMap((name) => textOf(join(paths.sessions, name)) ?? []));
      const newer = hasNewerKernel(namesIn(paths.boot) ?? [], running);
      const asked = existsSync(paths.rebootRequired);
      if (asked || newer !== undefined) fields['reboot_required'] = asked || newer === true ? 1 : 0;
      const updates = textOf(paths.updates);
      if (updates !== undefined) Object.assign(fields, parseUpdates(updates));
      return Object.keys(fields).length > 0 ? fields : 'absent';
    },
  };
}
