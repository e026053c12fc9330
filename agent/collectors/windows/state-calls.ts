/** Calls that tell of sessions, power and what the registry holds. */
import { inBackground, type NativeLibrary } from '../../service/native-library.ts';
import { untilNul } from '../bytes.ts';

export interface StateCalls {
  /** The sessions of people, and of nobody; undefined where the system does not tell. */
  sessions(): Promise<readonly Session[] | undefined>;
  /** SYSTEM_BATTERY_STATE; undefined where the system does not tell. */
  batteryState(): Buffer | undefined;
  /** Whether HKEY_LOCAL_MACHINE has this key. */
  hasKey(key: string): boolean;
  /** A number or a text there; undefined where it is not, or is something else. */
  registryNumber(key: string, name: string): number | undefined;
  registryText(key: string, name: string): string | undefined;
}

export interface Session {
  readonly id: number;
  /** WTS_CONNECTSTATE_CLASS. */
  readonly state: number;
  /** Undefined where this account may not know it. */
  readonly user: string | undefined;
}

const BATTERY = { what: 5, bytes: 32 } as const;
const SESSION_BYTES = 24;
const MOST_SESSIONS = 1000;
const USER_NAME = 5;
/** HKEY_LOCAL_MACHINE, as Windows extends it to 64 bits. */
const LOCAL_MACHINE = -0x7ffffffe;
/** To read, in the registry of 64-bit programs. */
const READ = 0x20019 | 0x100;
const [TEXT, NUMBER] = [0x2, 0x10];

/** WTS_SESSION_INFO of each session → its number and state. */
export function parseSessions(bytes: Buffer): Pick<Session, 'id' | 'state'>[] {
  const found: Pick<Session, 'id' | 'state'>[] = [];
  for (let at = 0; at + SESSION_BYTES <= bytes.length; at += SESSION_BYTES)
    found.push({ id: bytes.readUInt32LE(at), state: bytes.readUInt32LE(at + 16) });
  return found;
}

export function openState(koffi: NativeLibrary): StateCalls {
  return { ...openSessions(koffi), ...openRegistry(koffi), batteryState: openBattery(koffi) };
}

function openSessions(koffi: NativeLibrary): Pick<StateCalls, 'sessions'> {
  const library = koffi.load('wtsapi32.dll');
  const enumerate = library.func(
    'int32 __stdcall WTSEnumerateSessionsW(void*, uint32, uint32, _Out_ void**, _Out_ uint32*)',
  );
  const ask = library.func(
    'int32 __stdcall WTSQuerySessionInformationW(void*, uint32, int32, _Out_ void**, _Out_ uint32*)',
  );
  const free: (memory: unknown) => void = library.func('void __stdcall WTSFreeMemory(void*)');

  /** What Windows wrote into memory of its own, which is given back. */
  const taken = (memory: unknown, bytes: number): Buffer => {
    try {
      return Buffer.copyBytesFrom(new Uint8Array(koffi.view(memory, bytes)));
    } finally {
      free(memory);
    }
  };
  const userOf = async (id: number): Promise<string | undefined> => {
    const [name, bytes]: [unknown[], number[]] = [[null], [0]];
    const isTold = await inBackground<number>(ask, null, id, USER_NAME, name, bytes);
    if (isTold === 0 || name[0] === null) return undefined;
    return untilNul(taken(name[0], bytes[0] ?? 0).toString('utf16le'));
  };
  return {
    async sessions() {
      const [list, count]: [unknown[], number[]] = [[null], [0]];
      // The service behind it may let callers wait.
      const isTold = await inBackground<number>(enumerate, null, 0, 1, list, count);
      if (isTold === 0 || list[0] === null) return undefined;
      const found: Session[] = [];
      const bytes = Math.min(MOST_SESSIONS, count[0] ?? 0) * SESSION_BYTES;
      for (const one of parseSessions(taken(list[0], bytes)))
        found.push({ ...one, user: await userOf(one.id) });
      return found;
    },
  };
}

function openRegistry(koffi: NativeLibrary): Pick<StateCalls, 'hasKey' | 'registryNumber' | 'registryText'> {
  const library = koffi.load('advapi32.dll');
  type Handle = number | bigint;
  type Open = (root: number, key: string, options: number, access: number, opened: Handle[]) => number;
  const open: Open = library.func(
    'int32 __stdcall RegOpenKeyExW(intptr, str16, uint32, uint32, _Out_ intptr*)',
  );
  const close: (key: Handle | undefined) => number = library.func('int32 __stdcall RegCloseKey(intptr)');
  type Get = (
    key: Handle | undefined,
    below: null,
    name: string,
    kinds: number,
    kind: null,
    to: Buffer,
    bytes: number[],
  ) => number;
  const get: Get = library.func(
    'int32 __stdcall RegGetValueW(intptr, str16, str16, uint32, void*, void*, _Inout_ uint32*)',
  );
  const inKey = <Found>(key: string, read: (handle: Handle | undefined) => Found): Found | undefined => {
    const opened: Handle[] = [0];
    if (open(LOCAL_MACHINE, key, 0, READ, opened) !== 0) return undefined;
    try {
      return read(opened[0]);
    } finally {
      close(opened[0]);
    }
  };
  const value = (key: string, name: string, kinds: number): Buffer | undefined =>
    inKey(key, (handle) => {
      const to = Buffer.alloc(1024);
      const bytes = [to.length];
      return get(handle, null, name, kinds, null, to, bytes) === 0 ? to.subarray(0, bytes[0]) : undefined;
    });
  return {
    hasKey: (key) => inKey(key, () => true) ?? false,
    registryNumber: (key, name) => value(key, name, NUMBER)?.readUInt32LE(0),
    registryText(key, name) {
      const text = value(key, name, TEXT)?.toString('utf16le');
      return text === undefined ? undefined : untilNul(text);
    },
  };
}

function openBattery(koffi: NativeLibrary): StateCalls['batteryState'] {
  type Ask = (what: number, from: null, fromSize: number, to: Buffer, size: number) => number;
  const ask: Ask = koffi
    .load('powrprof.dll')
    .func('int32 __stdcall CallNtPowerInformation(int32, void*, uint32, void*, uint32)');
  return () => {
    const to = Buffer.alloc(BATTERY.bytes);
    return ask(BATTERY.what, null, 0, to, to.length) === 0 ? to : undefined;
  };
}
