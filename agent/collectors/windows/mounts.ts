/** How full the fixed drives of Windows are. */
import type { Collector } from '../collector.ts';
import type { Filesystem } from '../mountinfo.ts';
import { byStatfs, measureMounts, type Measuring } from '../mounts.ts';
import type { Win32 } from './win32.ts';

/** `C:\` → `C:`, as people call it. */
const nameOf = (root: string) => root.replace(/\\$/, '');

/** Drives are asked by Node, in other threads: one that hangs lets only itself wait. */
export function createMounts(
  { fixedDrives }: Pick<Win32, 'fixedDrives'>,
  { statfs, asker }: Measuring = byStatfs(),
): Collector {
  const measuring = { asker, statfs: (name: string) => statfs(`${name}\\`) };
  return {
    collect() {
      const drives = fixedDrives().map((root): Filesystem => {
        const path = nameOf(root);
        return { path, places: [path], readOnly: false };
      });
      return measureMounts(drives, measuring);
    },
  };
}
