/** Calls that tell whose a process is, and its arguments. */
import { inBackground, type NativeLibrary } from '../../service/native-library.ts';

export interface ProcessCalls {
  /** SID of the user whose rights it has; undefined where this account may not know it, or it has ended. */
  userOf(pid: number): Buffer | undefined;
  /** `SYSTEM`, or `EXAMPLE\ada`; undefined where nobody knows the SID. A domain may take long to answer. */
  nameOf(sid: Buffer): Promise<string | undefined>;
  /** The command with its arguments, likewise. */
  commandOf(pid: number): string | undefined;
}

/** The least right with which a process tells of itself. */
const QUERY_LIMITED = 0x1000;
const [TOKEN_QUERY, TOKEN_USER] = [8, 1] as const;
/** TOKEN_USER: a pointer to the SID and its attributes, before the SID itself. */
const SID_AT = 16;
const MOST_SID_BYTES = 68;
const COMMAND_LINE = 60;
/** UNICODE_STRING, before its text. */
const COMMAND_AT = 16;
const COMMAND_BYTES = 66_000;
const NAME_CHARS = 256;

type Handle = number | bigint;

export function openProcesses(koffi: NativeLibrary): ProcessCalls {
  const kernel = koffi.load('kernel32.dll');
  const advapi = koffi.load('advapi32.dll');
  const open: (access: number, inherit: number, pid: number) => Handle = kernel.func(
    'intptr __stdcall OpenProcess(uint32, int32, uint32)',
  );
  const close: (handle: Handle) => number = kernel.func('int32 __stdcall CloseHandle(intptr)');
  const openToken: (process: Handle, access: number, token: Handle[]) => number = advapi.func(
    'int32 __stdcall OpenProcessToken(intptr, uint32, _Out_ intptr*)',
  );
  type TokenFacts = (token: Handle, what: number, to: Buffer, size: number, length: number[]) => number;
  const tokenFacts: TokenFacts = advapi.func(
    'int32 __stdcall GetTokenInformation(intptr, int32, void*, uint32, _Out_ uint32*)',
  );
  const lookUp = advapi.func(
    'int32 __stdcall LookupAccountSidW(void*, void*, void*, _Inout_ uint32*, void*, _Inout_ uint32*, _Out_ uint32*)',
  );
  const processFacts: TokenFacts = koffi
    .load('ntdll.dll')
    .func('int32 __stdcall NtQueryInformationProcess(intptr, int32, void*, uint32, _Out_ uint32*)');
  const length = [0];

  const withProcess = <Found>(pid: number, ask: (process: Handle) => Found): Found | undefined => {
    const process = open(QUERY_LIMITED, 0, pid);
    if (BigInt(process) === 0n) return undefined;
    try {
      return ask(process);
    } finally {
      close(process);
    }
  };
  const sidIn = (token: Handle): Buffer | undefined => {
    const to = Buffer.alloc(SID_AT + MOST_SID_BYTES);
    return tokenFacts(token, TOKEN_USER, to, to.length, length) === 0
      ? undefined
      : to.subarray(SID_AT, length[0]);
  };

  return {
    userOf: (pid) =>
      withProcess(pid, (process) => {
        const token: Handle[] = [0];
        if (openToken(process, TOKEN_QUERY, token) === 0) return undefined;
        const [handle = 0] = token;
        try {
          return sidIn(handle);
        } finally {
          close(handle);
        }
      }),
    commandOf: (pid) =>
      withProcess(pid, (process) => {
        const to = Buffer.alloc(COMMAND_BYTES);
        if (processFacts(process, COMMAND_LINE, to, to.length, length) !== 0) return undefined;
        return to.toString('utf16le', COMMAND_AT, COMMAND_AT + to.readUInt16LE(0));
      }),
    async nameOf(sid) {
      const [name, domain] = [Buffer.alloc(NAME_CHARS * 2), Buffer.alloc(NAME_CHARS * 2)];
      const [nameChars, domainChars, kind] = [[NAME_CHARS], [NAME_CHARS], [0]];
      const found = await inBackground<number>(
        ...([lookUp, null, sid, name, nameChars, domain, domainChars, kind] as const),
      );
      if (found === 0) return undefined;
      const user = name.toString('utf16le', 0, (nameChars[0] ?? 0) * 2);
      const of = domain.toString('utf16le', 0, (domainChars[0] ?? 0) * 2);
      // What Windows itself has needs no place.
      return of === '' || of === 'NT AUTHORITY' ? user : `${of}\\${user}`;
    },
  };
}
