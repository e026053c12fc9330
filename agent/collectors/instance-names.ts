/** The names of instances (mounts, interfaces, disks, sensors), in a form that the server accepts. */
import { createHash } from 'node:crypto';
import { INSTANCE_CHARS } from '#protocol/fields.ts';
import { withoutUnshown } from '#protocol/text.ts';

/** What stands between the two ends of a shortened name. */
const CUT = '…';

/**
 * The name itself where the server accepts it. Any other name is cleaned and shortened, and ends in a hash of the
 * original: two names that differ stay different.
 *
 *     sendable('/var/lib')           // '/var/lib'
 *     sendable('/mnt/line\nbreak')   // '/mnt/line?break ~1c5c5b0e'
 */
export function sendable(name: string): string {
  const clean = withoutUnshown(name, '?');
  if (clean === name && name.length > 0 && name.length <= INSTANCE_CHARS) return name;
  const mark = ` ~${createHash('sha256').update(name, 'utf16le').digest('hex').slice(0, 8)}`;
  const room = INSTANCE_CHARS - mark.length;
  if (clean.length <= room) return `${clean}${mark}`;
  const half = Math.floor((room - CUT.length) / 2);
  // A cut may part the two halves of a character.
  return withoutUnshown(`${clean.slice(0, half)}${CUT}${clean.slice(-half)}${mark}`, '?');
}

/** With more instances than this, the kept names are built anew: interfaces may come and go for ever. */
const MOST_INSTANCES = 5000;

/**
 * Keeps the field names that `make` builds for an instance, because every sample needs them again. `make` is given the
 * instance's name in the form that can be sent.
 *
 *     const namesOf = keepNames((name) => ({ rx: instanceField('interface', name, 'rx') }));
 *     namesOf('eth0').rx // 'interface:eth0:rx'
 */
export function keepNames<Names>(make: (instance: string) => Names): (instance: string) => Names {
  const kept = new Map<string, Names>();
  return (instance) => {
    const found = kept.get(instance);
    if (found !== undefined) return found;
    if (kept.size >= MOST_INSTANCES) kept.clear();
    const names = make(sendable(instance));
    kept.set(instance, names);
    return names;
  };
}
