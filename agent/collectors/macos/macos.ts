/**
 * What the collectors for macOS ask the system for, by direct calls of its libraries: no process is started. Only calls
 * that write into a buffer that they are given, and its size with it, so that what a structure lacks is cut, and nothing
 * else is written. Each answer is the bytes as the system wrote them; the collectors' files take them apart.
 */
import { loadNativeLibrary, type NativeLibrary } from '../../service/native-library.ts';

export interface MacOs {
  /** A value of sysctl by its name; undefined where there is none. */
  sysctl(name: string): Buffer | undefined;
  /** `vm_statistics64` of <mach/vm_statistics.h>; undefined where the system does not tell. */
  vmStatistics(): Buffer | undefined;
  /** `if_msghdr2` of <net/if.h> for each interface, as sysctl gives it; undefined where the system does not tell. */
  interfaces(): Buffer | undefined;
  /** `statfs` of <sys/mount.h> for each mount, as the kernel remembers it; undefined where the system does not tell. */
  mounts(): Buffer | undefined;
}

export const STATFS_BYTES = 2168;
const VM_INFO = { flavor: 4, words: 38 } as const;
/** CTL_NET, PF_ROUTE, and NET_RT_IFLIST2. */
const INTERFACE_LIST = [4, 17, 0, 0, 6, 0] as const;
const NO_WAIT = 2;
/** [G8] No answer is longer. */
const MOST_BYTES = 8 * 1024 * 1024;
const VALUE_BYTES = 256;

export async function openMacOs(): Promise<MacOs> {
  const koffi = await loadNativeLibrary();
  const system = koffi.load('/usr/lib/libSystem.B.dylib');
  return { ...openSysctl(system), mounts: openMounts(system), vmStatistics: openVm(system) };
}

type Library = ReturnType<NativeLibrary['load']>;

function openSysctl(system: Library): Pick<MacOs, 'sysctl' | 'interfaces'> {
  type Size = (number | bigint)[];
  const byName: (name: string, to: Buffer, size: Size, from: null, fromSize: number) => number = system.func(
    'int sysctlbyname(const char*, void*, _Inout_ size_t*, void*, size_t)',
  );
  type ByNumber = (
    path: Buffer,
    parts: number,
    to: Buffer | null,
    size: Size,
    from: null,
    fromSize: number,
  ) => number;
  const byNumber: ByNumber = system.func('int sysctl(void*, uint32, void*, _Inout_ size_t*, void*, size_t)');
  const path = Buffer.alloc(INTERFACE_LIST.length * 4);
  for (const [index, part] of INTERFACE_LIST.entries()) path.writeInt32LE(part, index * 4);
  let list = Buffer.alloc(16_384);
  return {
    sysctl(name) {
      const to = Buffer.alloc(VALUE_BYTES);
      const size = [to.length];
      return byName(name, to, size, null, 0) === 0 ? to.subarray(0, size[0]) : undefined;
    },
    interfaces() {
      const needed = [0];
      if (byNumber(path, INTERFACE_LIST.length, null, needed, null, 0) !== 0) return undefined;
      const most = Math.min(MOST_BYTES, (needed[0] ?? 0) + 4096);
      if (list.length < most) list = Buffer.alloc(most);
      const size = [list.length];
      if (byNumber(path, INTERFACE_LIST.length, list, size, null, 0) !== 0) return undefined;
      return list.subarray(0, size[0]);
    },
  };
}

function openVm(system: Library): MacOs['vmStatistics'] {
  const itself: () => number = system.func('uint32 mach_host_self()');
  const ask: (host: number, flavor: number, to: Buffer, words: number[]) => number = system.func(
    'int host_statistics64(uint32, int, void*, _Inout_ uint32*)',
  );
  // Each call of it takes a right that has to be given back.
  const host = itself();
  const to = Buffer.alloc(VM_INFO.words * 4);
  return () => (ask(host, VM_INFO.flavor, to, [VM_INFO.words]) === 0 ? to : undefined);
}

function openMounts(system: Library): MacOs['mounts'] {
  // On x64 the plain name is that of an older structure.
  const name = process.arch === 'x64' ? 'getfsstat$INODE64' : 'getfsstat';
  const ask = system.func(name, 'int', ['void*', 'int', 'int']);
  const list = (to: Buffer | null, bytes: number): number => Number(ask(to, bytes, NO_WAIT));
  return () => {
    const count = list(null, 0);
    if (!(count > 0)) return undefined;
    // There may be more until it is asked again.
    const to = Buffer.alloc(Math.min(MOST_BYTES, (count + 4) * STATFS_BYTES));
    const found = list(to, to.length);
    return found > 0 ? to.subarray(0, found * STATFS_BYTES) : undefined;
  };
}
