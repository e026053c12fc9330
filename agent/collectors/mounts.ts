/** How full the local filesystems are. */
import { statfs } from 'node:fs/promises';
import { hundredth, percent } from './rates.ts';
import type { Collector, Fields, Instances } from './collector.ts';
import { parseMountinfo, type Mount } from './mountinfo.ts';

/** What statfs says, in blocks of `bsize` bytes. */
export interface Space {
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}

/** One filesystem's fields, counted as df does (blocks kept for root are no free space); undefined without size. */
export function spaceFields(space: Space): Record<string, number> | undefined {
  if (!(space.blocks > 0)) return undefined;
  const used = Math.max(0, space.blocks - space.bfree);
  const fields: Record<string, number> = {
    used: hundredth(percent(used, used + space.bavail)),
    used_bytes: used * space.bsize,
    total_bytes: space.blocks * space.bsize,
  };
  if (space.files > 0) fields['inodes'] = hundredth(percent(space.files - space.ffree, space.files));
  return fields;
}

/** The fields of every mount, and `disk`: the fullest that can be written, else the fullest. */
export function mountFields(measured: readonly (readonly [Mount, Space])[]): Fields | 'absent' {
  const mount: Instances = {};
  let [writable, any]: [number, number] = [-1, -1];
  for (const [{ path, readOnly }, space] of measured) {
    const fields = spaceFields(space);
    if (fields === undefined) continue;
    mount[path] = fields;
    any = Math.max(any, fields['used'] ?? 0);
    if (!readOnly) writable = Math.max(writable, fields['used'] ?? 0);
  }
  if (any < 0) return 'absent';
  return { disk: writable >= 0 ? writable : any, mount };
}

export function createMounts(ask: (path: string) => Promise<Space> = (path) => statfs(path)): Collector {
  let last = '';
  let mounts: Mount[] = [];
  const measure = async (mount: Mount): Promise<[Mount, Space][]> => {
    try {
      return [[mount, await ask(mount.path)]];
    } catch {
      // Unmounted since, or closed to this user: the other filesystems still count.
      return [];
    }
  };
  return {
    async collect({ read }) {
      const text = read('/proc/self/mountinfo');
      if (text === undefined) return 'absent';
      if (text !== last) [last, mounts] = [text, parseMountinfo(text)];
      return mountFields((await Promise.all(mounts.map(measure))).flat());
    },
  };
}
