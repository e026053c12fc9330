/**
 * What the collectors for Windows ask the system for, by direct calls of its libraries: no process is started. Each
 * answer is the bytes as the system wrote them; the collectors' files take them apart.
 */
import type { LibraryHandle } from 'koffi';
import { loadNativeLibrary, type NativeLibrary } from '../../service/native-library.ts';

export interface Win32 {
  /** SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION of each core, of all processor groups. */
  coreTimes(): Buffer;
  /** MEMORYSTATUSEX. */
  memoryStatus(): Buffer;
  /** PERFORMANCE_INFORMATION. */
  performance(): Buffer;
  /** MIB_IF_ROW2 of each interface and filter. */
  interfaces(): Buffer;
  /** DISK_PERFORMANCE of the disk of this number; undefined where there is none, or it does not count. */
  diskPerformance(disk: number): Buffer | undefined;
  /** Roots of the fixed drives: `C:\`. */
  fixedDrives(): string[];
  /** Bytes of the drive with this root; undefined where it does not tell. */
  space(
    root: string,
  ): { readonly available: number; readonly total: number; readonly free: number } | undefined;
  /** Milliseconds since the system started. */
  uptimeMs(): number;
}

export const CORE_BYTES = 48;
export const INTERFACE_BYTES = 1352;
const DISK_PERFORMANCE_BYTES = 88;
const IOCTL_DISK_PERFORMANCE = 0x70020;
const PROCESSOR_PERFORMANCE = 8;
const ALL_GROUPS = 0xffff;
const MOST_CORES = 256;
const FIXED = 3;
const SHARE_READ_WRITE = 3;
const OPEN_EXISTING = 3;
const INVALID_HANDLE = 2n ** 64n - 1n;

/** @throws an error that names the call that failed */
function succeed(call: string, isSuccess: boolean): void {
  if (!isSuccess) throw new Error(`Windows does not answer ${call}`);
}

/** Opens the system's libraries. @throws an error where they, or the means to call them, are not there */
export async function openWin32(): Promise<Win32> {
  const koffi = await loadNativeLibrary();
  const kernel = koffi.load('kernel32.dll');
  return {
    ...openProcessors(kernel, koffi.load('ntdll.dll')),
    ...openMemory(kernel),
    ...openDisks(kernel),
    ...openInterfaces(koffi),
  };
}

function openProcessors(kernel: LibraryHandle, ntdll: LibraryHandle): Pick<Win32, 'coreTimes' | 'uptimeMs'> {
  const tickCount: () => number | bigint = kernel.func('uint64 __stdcall GetTickCount64()');
  const activeCount: (group: number) => number = kernel.func(
    'uint32 __stdcall GetActiveProcessorCount(uint16)',
  );
  const groupCount: () => number = kernel.func('uint16 __stdcall GetActiveProcessorGroupCount()');
  const query: (what: number, to: Buffer, size: number, length: number[]) => number = ntdll.func(
    'int32 __stdcall NtQuerySystemInformation(int32, void*, uint32, _Out_ uint32*)',
  );
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
    const status = queryGroup(PROCESSOR_PERFORMANCE, named, 2, rest, rest.length, length);
    succeed('NtQuerySystemInformationEx', status === 0);
    return start + (length[0] ?? 0);
  };

  return {
    uptimeMs: () => Number(tickCount()),
    coreTimes() {
      if (groups <= 1) {
        succeed('NtQuerySystemInformation', query(PROCESSOR_PERFORMANCE, bytes, bytes.length, length) === 0);
        return bytes.subarray(0, length[0]);
      }
      let end = 0;
      for (let group = 0; group < groups; group++) end = readGroup(group, end);
      return bytes.subarray(0, end);
    },
  };
}

function openMemory(kernel: LibraryHandle): Pick<Win32, 'memoryStatus' | 'performance'> {
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

function openDisks(kernel: LibraryHandle): Pick<Win32, 'diskPerformance' | 'fixedDrives' | 'space'> {
  const drives: () => number = kernel.func('uint32 __stdcall GetLogicalDrives()');
  const typeOf: (root: string) => number = kernel.func('uint32 __stdcall GetDriveTypeW(str16)');
  type Numbers = (number | bigint)[];
  const freeSpace: (root: string, available: Numbers, total: Numbers, free: Numbers) => number = kernel.func(
    'int32 __stdcall GetDiskFreeSpaceExW(str16, _Out_ uint64*, _Out_ uint64*, _Out_ uint64*)',
  );
  type Handle = number | bigint | null;
  type Open = (
    path: string,
    access: number,
    share: number,
    security: null,
    disposition: number,
    flags: number,
    template: null,
  ) => Handle;
  const open: Open = kernel.func(
    'intptr __stdcall CreateFileW(str16, uint32, uint32, void*, uint32, uint32, void*)',
  );
  const close: (handle: Handle) => number = kernel.func('int32 __stdcall CloseHandle(intptr)');
  type Control = (
    handle: Handle,
    code: number,
    from: null,
    fromSize: number,
    to: Buffer,
    toSize: number,
    length: number[],
    overlapped: null,
  ) => number;
  const control: Control = kernel.func(
    'int32 __stdcall DeviceIoControl(intptr, uint32, void*, uint32, void*, uint32, _Out_ uint32*, void*)',
  );
  const length = [0];

  return {
    diskPerformance(disk) {
      // Without any access it may be asked by everybody.
      const handle = open(`\\\\.\\PhysicalDrive${disk}`, 0, SHARE_READ_WRITE, null, OPEN_EXISTING, 0, null);
      if (handle === null || BigInt.asUintN(64, BigInt(handle)) === INVALID_HANDLE) return undefined;
      const to = Buffer.alloc(DISK_PERFORMANCE_BYTES);
      const isAnswered = control(handle, IOCTL_DISK_PERFORMANCE, null, 0, to, to.length, length, null);
      close(handle);
      return isAnswered === 0 ? undefined : to;
    },
    fixedDrives() {
      const there = drives();
      const letters = Array.from({ length: 26 }, (_, index) => index).filter((index) => there & (1 << index));
      const roots = letters.map((index) => `${String.fromCharCode(65 + index)}:\\`);
      return roots.filter((root) => typeOf(root) === FIXED);
    },
    space(root) {
      const [available, total, free]: Numbers[] = [[0], [0], [0]];
      if (available === undefined || total === undefined || free === undefined) return undefined;
      if (freeSpace(root, available, total, free) === 0) return undefined;
      const first = (numbers: Numbers) => Number(numbers[0]);
      return { available: first(available), total: first(total), free: first(free) };
    },
  };
}

function openInterfaces(koffi: NativeLibrary): Pick<Win32, 'interfaces'> {
  const helper = koffi.load('iphlpapi.dll');
  const getTable: (table: unknown[]) => number = helper.func('uint32 __stdcall GetIfTable2(_Out_ void**)');
  const freeTable: (table: unknown) => void = helper.func('void __stdcall FreeMibTable(void*)');
  /** The count, and the padding behind it. */
  const head = 8;
  return {
    interfaces() {
      const table: unknown[] = [null];
      succeed('GetIfTable2', getTable(table) === 0);
      try {
        const count = new DataView(koffi.view(table[0], 4)).getUint32(0, true);
        // What the view shows is given back below.
        return Buffer.copyBytesFrom(
          new Uint8Array(koffi.view(table[0], head + count * INTERFACE_BYTES)),
          head,
        );
      } finally {
        freeTable(table[0]);
      }
    },
  };
}
