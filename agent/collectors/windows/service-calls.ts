/** Calls that tell of Windows' services. */
import { inBackground, type NativeLibrary } from '../../service/native-library.ts';
import type { Answer } from './system-calls.ts';

/** ENUM_SERVICE_STATUS_PROCESS of `count` services. */
export interface ServiceList extends Answer {
  readonly count: number;
}

export interface ServiceCalls {
  /** All services that are programs, in one list or in several. */
  services(): Promise<readonly ServiceList[]>;
}

const ENUMERATE = 0x4;
/** Services that are programs; no drivers. */
const PROGRAMS = 0x30;
const ALL_STATES = 3;
/** The longest answer that Windows gives at once. */
const LIST_BYTES = 256 * 1024;
/** So many such lists hold the services of any machine. */
const MOST_LISTS = 8;

type Handle = number | bigint;

export function openServices(koffi: NativeLibrary): ServiceCalls {
  const advapi = koffi.load('advapi32.dll');
  const openManager = advapi.func('intptr __stdcall OpenSCManagerW(void*, void*, uint32)');
  const close: (handle: Handle) => number = advapi.func('int32 __stdcall CloseServiceHandle(intptr)');
  const enumerate = advapi.func(
    'int32 __stdcall EnumServicesStatusExW(intptr, int32, uint32, uint32, void*, uint32, _Out_ uint32*, _Out_ uint32*, _Inout_ uint32*, void*)',
  );

  return {
    async services() {
      // The manager is another process: it may let callers wait.
      const manager = await inBackground<Handle>(openManager, null, null, ENUMERATE);
      if (BigInt(manager) === 0n) throw new Error('Windows does not let this account list its services');
      try {
        const lists: ServiceList[] = [];
        const [needed, count, resume] = [[0], [0], [0]];
        do {
          const bytes = Buffer.alloc(LIST_BYTES);
          const asked = [manager, 0, PROGRAMS, ALL_STATES, bytes, bytes.length, needed, count, resume, null];
          const isAll = (await inBackground<number>(enumerate, ...asked)) !== 0;
          // It says so, too, where there are more than the list has room for.
          if (!isAll && !(count[0] ?? 0)) throw new Error('Windows does not list its services');
          lists.push({ bytes, address: koffi.address(bytes), count: count[0] ?? 0 });
        } while ((resume[0] ?? 0) > 0 && lists.length < MOST_LISTS);
        return lists;
      } finally {
        close(manager);
      }
    },
  };
}
