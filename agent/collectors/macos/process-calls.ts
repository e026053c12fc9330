/** Calls that tell of the processes of macOS. */
import { loadNativeLibrary } from '../../service/native-library.ts';

export interface ProcessCalls {
  /** The pids of all processes, as 32-bit numbers. */
  pids(): Buffer;
  /** `proc_taskallinfo` of <sys/proc_info.h>; undefined where the agent may not know, or it has ended. */
  all(pid: number): Buffer | undefined;
  /** `proc_bsdshortinfo`, which anybody may know. */
  short(pid: number): Buffer | undefined;
  /** `rusage_info_v2` of <sys/resource.h>, likewise as `all`. */
  usage(pid: number): Buffer | undefined;
  /** Nanoseconds in a unit of the times in them. */
  readonly unit: number;
}

const ALL = { flavor: 2, bytes: 232 } as const;
const SHORT = { flavor: 13, bytes: 64 } as const;
const USAGE = { flavor: 2, bytes: 160 } as const;
const MOST_PROCESSES = 20_000;

export async function openProcessCalls(): Promise<ProcessCalls> {
  const koffi = await loadNativeLibrary();
  const system = koffi.load('/usr/lib/libSystem.B.dylib');
  const list: (to: Buffer | null, bytes: number) => number = system.func('int proc_listallpids(void*, int)');
  const info: (pid: number, flavor: number, more: number, to: Buffer, bytes: number) => number = system.func(
    'int proc_pidinfo(int, int, uint64, void*, int)',
  );
  const usage: (pid: number, flavor: number, to: Buffer) => number = system.func(
    'int proc_pid_rusage(int, int, void*)',
  );
  const timebase: (to: Buffer) => number = system.func('int mach_timebase_info(void*)');
  const base = Buffer.alloc(8);
  const isTold = timebase(base) === 0 && base.readUInt32LE(4) > 0;
  // Each is taken apart before the next one is asked for.
  const [allBytes, shortBytes] = [Buffer.alloc(ALL.bytes), Buffer.alloc(SHORT.bytes)];
  // Newer systems write no more than this version has; some room is left for them.
  const usageBytes = Buffer.alloc(USAGE.bytes * 4);
  const ask = (pid: number, { flavor, bytes }: { flavor: number; bytes: number }, to: Buffer) =>
    info(pid, flavor, 0, to, bytes) === bytes ? to : undefined;
  return {
    unit: isTold ? base.readUInt32LE(0) / base.readUInt32LE(4) : 1,
    pids() {
      const to = Buffer.alloc(Math.min(MOST_PROCESSES, list(null, 0) + 64) * 4);
      const count = list(to, to.length);
      if (!(count > 0)) throw new Error('macOS does not list its processes');
      return to.subarray(0, Math.min(to.length, count * 4));
    },
    all: (pid) => ask(pid, ALL, allBytes),
    short: (pid) => ask(pid, SHORT, shortBytes),
    usage: (pid) => (usage(pid, USAGE.flavor, usageBytes) === 0 ? usageBytes : undefined),
  };
}
