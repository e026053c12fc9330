/** Calls that tell of processors, memory and processes, and how they answer. */
import type { LibraryHandle } from 'koffi';
import type { NativeLibrary } from '../../service/native-library.ts';

/** What NtQuerySystemInformation answered, and the address at which it stood: it holds pointers into itself. */
export interface Answer {
  readonly bytes: Buffer;
  readonly address: bigint;
}

export interface SystemCalls {
  /** SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION of each core, of all processor groups. */
  coreTimes(): Buffer;
  /** SYSTEM_PERFORMANCE_INFORMATION. */
  systemPerformance(): Buffer;
  /** SYSTEM_PAGEFILE_INFORMATION of each page file; undefined where the system does not tell. */
  pageFiles(): Buffer | undefined;
  /** SYSTEM_PROCESS_INFORMATION of each process. The bytes are those of the next call, too. */
  processList(): Answer;
  /** PROCESSOR_POWER_INFORMATION of each core of one group; undefined where the system does not tell. */
  processorPower(): Buffer | undefined;
  /** SYSTEM_LOGICAL_PROCESSOR_INFORMATION of one group; undefined where the system does not tell. */
  processorRelations(): Buffer | undefined;
  /** MEMORYSTATUSEX. */
  memoryStatus(): Buffer;
  /** PERFORMANCE_INFORMATION. */
  performance(): Buffer;
  /** Milliseconds since the system started. */
  uptimeMs(): number;
}

export const CORE_BYTES = 48;
const CLASS = { performance: 2, processes: 5, cores: 8, pageFiles: 18 } as const;
const TOO_SHORT = 0xc0000004 | 0;
/** [G8] No list of processes, with all of their threads, is longer. */
const MOST_BYTES = 64 * 1024 * 1024;
const ALL_GROUPS = 0xffff;
const MOST_CORES = 256;
const PROCESSOR_POWER = 11;
/** Of one core. */
export const POWER_BYTES = 24;

/** @throws an error that names the call that failed */
export function succeed(call: string, isSuccess: boolean): void {
  if (!isSuccess) throw new Error(`Windows does not answer ${call}`);
}

type Query = (what: number, to: Buffer, size: number, length: number[]) => number;

/**
 * Asks for a list whose length nobody knows before, into a buffer that is kept and grows with it. Undefined where the
 * system has no such list.
 */
function growing(query: Query, what: number, first: number): () => Buffer | undefined {
  let to = Buffer.alloc(first);
  const length = [0];
  return () => {
    for (;;) {
      const status = query(what, to, to.length, length);
      if (status === 0) return to.subarray(0, length[0]);
      if (status !== TOO_SHORT || to.length >= MOST_BYTES) return undefined;
      // There may be more until it is asked again.
      to = Buffer.alloc(Math.min(MOST_BYTES, Math.max(to.length * 2, (length[0] ?? 0) + 16_384)));
    }
  };
}

export function openSystem(koffi: NativeLibrary): SystemCalls {
  const kernel = koffi.load('kernel32.dll');
  const ntdll = koffi.load('ntdll.dll');
  const query: Query = ntdll.func(
    'int32 __stdcall NtQuerySystemInformation(int32, void*, uint32, _Out_ uint32*)',
  );
  const processes = growing(query, CLASS.processes, 256 * 1024);
  const performance = growing(query, CLASS.performance, 512);
  const tickCount: () => number | bigint = kernel.func('uint64 __stdcall GetTickCount64()');
  return {
    ...openMemory(kernel),
    coreTimes: openCores(kernel, ntdll, query),
    processorPower: openProcessorPower(koffi, kernel),
    processorRelations: openRelations(kernel),
    pageFiles: growing(query, CLASS.pageFiles, 1024),
    systemPerformance() {
      const bytes = performance();
      if (bytes === undefined) throw new Error('Windows does not tell its performance');
      return bytes;
    },
    uptimeMs: () => Number(tickCount()),
    processList() {
      const bytes = processes();
      if (bytes === undefined) throw new Error('Windows does not tell its processes');
      return { bytes, address: koffi.address(bytes) };
    },
  };
}

function openCores(kernel: LibraryHandle, ntdll: LibraryHandle, query: Query): SystemCalls['coreTimes'] {
  const activeCount: (group: number) => number = kernel.func(
    'uint32 __stdcall GetActiveProcessorCount(uint16)',
  );
  const groupCount: () => number = kernel.func('uint16 __stdcall GetActiveProcessorGroupCount()');
  type QueryGroup = (
    what: number,
    group: Buffer,
    groupSize: number,
    to: Buffer,
    size: number,
    length: number[],
  ) => number;
  const queryGroup: QueryGroup = ntdll.func(
    'int32 __stdcall NtQuerySystemInformationEx(int32, void*, uint32, void*, uint32, _Out_ uint32*)',
  );
  const groups = groupCount();
  const cores = Math.min(Math.max(1, activeCount(ALL_GROUPS)), groups * MOST_CORES);
  const bytes = Buffer.alloc(Math.max(cores, MOST_CORES) * CORE_BYTES);
  const length = [0];

  /** The times of one group's cores, from `start` on; returns where they end. */
  const readGroup = (group: number, start: number): number => {
    const rest = bytes.subarray(start);
    const named = Buffer.alloc(2);
    named.writeUInt16LE(group);
    const status = queryGroup(CLASS.cores, named, 2, rest, rest.length, length);
    succeed('NtQuerySystemInformationEx', status === 0);
    return start + (length[0] ?? 0);
  };

  return () => {
    if (groups <= 1) {
      succeed('NtQuerySystemInformation', query(CLASS.cores, bytes, bytes.length, length) === 0);
      return bytes.subarray(0, length[0]);
    }
    let end = 0;
    for (let group = 0; group < groups; group++) end = readGroup(group, end);
    return bytes.subarray(0, end);
  };
}

function openMemory(kernel: LibraryHandle): Pick<SystemCalls, 'memoryStatus' | 'performance'> {
  const status: (to: Buffer) => number = kernel.func('int32 __stdcall GlobalMemoryStatusEx(void*)');
  const information: (to: Buffer, size: number) => number = kernel.func(
    'int32 __stdcall K32GetPerformanceInfo(void*, uint32)',
  );
  const memory = Buffer.alloc(64);
  const performance = Buffer.alloc(104);
  return {
    memoryStatus() {
      // The structure begins with its own size.
      memory.writeUInt32LE(memory.length, 0);
      succeed('GlobalMemoryStatusEx', status(memory) !== 0);
      return memory;
    },
    performance() {
      succeed('GetPerformanceInfo', information(performance, performance.length) !== 0);
      return performance;
    },
  };
}

function openProcessorPower(koffi: NativeLibrary, kernel: LibraryHandle): SystemCalls['processorPower'] {
  const activeCount: (group: number) => number = kernel.func(
    'uint32 __stdcall GetActiveProcessorCount(uint16)',
  );
  type Ask = (what: number, from: null, fromSize: number, to: Buffer, size: number) => number;
  const ask: Ask = koffi
    .load('powrprof.dll')
    .func('int32 __stdcall CallNtPowerInformation(int32, void*, uint32, void*, uint32)');
  return () => {
    // It answers for the cores of the group in which it is called.
    const to = Buffer.alloc(Math.min(MOST_CORES, Math.max(1, activeCount(0))) * POWER_BYTES);
    return ask(PROCESSOR_POWER, null, 0, to, to.length) === 0 ? to : undefined;
  };
}

function openRelations(kernel: LibraryHandle): SystemCalls['processorRelations'] {
  const ask: (to: Buffer, size: number[]) => number = kernel.func(
    'int32 __stdcall GetLogicalProcessorInformation(void*, _Inout_ uint32*)',
  );
  return () => {
    const to = Buffer.alloc(64 * 1024);
    const size = [to.length];
    return ask(to, size) === 0 ? undefined : to.subarray(0, size[0]);
  };
}
