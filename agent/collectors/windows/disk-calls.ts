/** Calls that tell of disks and drives. */
import type { NativeLibrary } from '../../service/native-library.ts';

export interface DiskCalls {
  /** DISK_PERFORMANCE of the disk of this number; undefined where there is none, or it does not count. */
  diskPerformance(disk: number): Buffer | undefined;
  /** STORAGE_DEVICE_DESCRIPTOR of the disk of this number; undefined where there is none, or it does not tell. */
  diskDescriptor(disk: number): Buffer | undefined;
  /** Roots of the fixed drives: `C:\`. */
  fixedDrives(): string[];
}

const PERFORMANCE = { code: 0x70020, bytes: 88 } as const;
const PROPERTY = { code: 0x2d1400, bytes: 1024 } as const;
/** STORAGE_PROPERTY_QUERY for what a device says of itself. */
const ABOUT_DEVICE = Buffer.alloc(12);
const FIXED = 3;
const SHARE_READ_WRITE = 3;
const OPEN_EXISTING = 3;
const INVALID_HANDLE = 2n ** 64n - 1n;

type Handle = number | bigint | null;

export function openDisks(koffi: NativeLibrary): DiskCalls {
  const kernel = koffi.load('kernel32.dll');
  const drives: () => number = kernel.func('uint32 __stdcall GetLogicalDrives()');
  const typeOf: (root: string) => number = kernel.func('uint32 __stdcall GetDriveTypeW(str16)');
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
    from: Buffer | null,
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

  /** Neither question reaches the disk itself, so one that hangs lets nobody wait. */
  function ask(disk: number, { code, bytes }: { code: number; bytes: number }, from: Buffer | null) {
    // Without any access it may be asked by everybody.
    const handle = open(`\\\\.\\PhysicalDrive${disk}`, 0, SHARE_READ_WRITE, null, OPEN_EXISTING, 0, null);
    if (handle === null || BigInt.asUintN(64, BigInt(handle)) === INVALID_HANDLE) return undefined;
    const to = Buffer.alloc(bytes);
    const isAnswered = control(handle, code, from, from?.length ?? 0, to, to.length, length, null);
    close(handle);
    return isAnswered === 0 ? undefined : to;
  }

  return {
    diskPerformance: (disk) => ask(disk, PERFORMANCE, null),
    diskDescriptor: (disk) => ask(disk, PROPERTY, ABOUT_DEVICE),
    fixedDrives() {
      const there = drives();
      const letters = Array.from({ length: 26 }, (_, index) => index).filter((index) => there & (1 << index));
      const roots = letters.map((index) => `${String.fromCharCode(65 + index)}:\\`);
      return roots.filter((root) => typeOf(root) === FIXED);
    },
  };
}
