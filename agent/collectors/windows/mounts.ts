/** How full the fixed drives of Windows are. */
import type { Collector } from '../collector.ts';
import { mountFields, type MountUse } from '../mounts.ts';
import { hundredth, percent } from '../rates.ts';
import type { Win32 } from './win32.ts';

/** `C:\` → `C:`, as people call it. */
const nameOf = (root: string) => root.replace(/\\$/, '');

function useOf(root: string, space: ReturnType<Win32['space']>): MountUse[] {
  if (space === undefined || !(space.total > 0)) return [];
  const { total, available, free } = space;
  const used = Math.max(0, total - free);
  return [
    {
      path: nameOf(root),
      readOnly: false,
      // A quota leaves less room than there is.
      used: hundredth(percent(used, used + available)),
      usedBytes: used,
      totalBytes: total,
    },
  ];
}

export function createMounts({ fixedDrives, space }: Pick<Win32, 'fixedDrives' | 'space'>): Collector {
  return { collect: () => mountFields(fixedDrives().flatMap((root) => useOf(root, space(root)))) };
}
