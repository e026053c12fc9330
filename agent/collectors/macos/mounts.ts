/** How full the local filesystems of macOS are. Their list comes from the kernel, which asks none of them for it. */
import { untilNul } from '../bytes.ts';
import type { Collector } from '../collector.ts';
import { findFilesystems, type Place } from '../mountinfo.ts';
import { byStatfs, measureMounts, type Measuring } from '../mounts.ts';
import { STATFS_BYTES, type MacOs } from './macos.ts';

/** Places in `statfs` of <sys/mount.h>, with the texts of fixed size in it. */
const AT = { flags: 64, type: [72, 16], path: [88, 1024], source: [1112, 1024] } as const;
/** MNT_RDONLY. */
const READ_ONLY = 0x1;

/** `statfs` of each mount → the places. */
export function parseMounts(list: Buffer): Place[] {
  const found: Place[] = [];
  for (let start = 0; start + STATFS_BYTES <= list.length; start += STATFS_BYTES) {
    const text = ([place, bytes]: readonly [number, number]) =>
      untilNul(list.toString('utf8', start + place, start + place + bytes));
    const flags = list.readUInt32LE(start + AT.flags);
    const [path, source] = [text(AT.path), text(AT.source)];
    if (path === '') continue;
    found.push({
      ...{ path, type: text(AT.type), source, device: source, root: '/' },
      readOnly: (flags & READ_ONLY) !== 0,
    });
  }
  return found;
}

export function createMounts(
  { mounts }: Pick<MacOs, 'mounts'>,
  measuring: Measuring = byStatfs(),
): Collector {
  return {
    async collect() {
      const list = mounts();
      return list === undefined ? 'absent' : measureMounts(findFilesystems(parseMounts(list)), measuring);
    },
  };
}
