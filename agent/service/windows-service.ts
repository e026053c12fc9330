/**
 * The agent as a process of Windows' service manager, which starts it, tells it when to stop, and is told how far it is.
 * https://learn.microsoft.com/windows/win32/services/service-control-manager describes the functions.
 */
import { errorText } from '#protocol/errors.ts';
import { loadNativeLibrary } from './native-library.ts';

const OWN_PROCESS = 0x10;
const STATE = { stopped: 1, starting: 2, stopping: 3, running: 4 } as const;
/** The controls that a running service takes: stop, and the end of Windows. */
const ACCEPTED = 0x1 | 0x4;
const CONTROL = { stop: 1, interrogate: 4, shutdown: 5 } as const;
/** Answers to a control. */
const DONE = 0;
const NOT_IMPLEMENTED = 120;
/** An exit code of the service's own, so that Windows counts the end as a failure. */
const OWN_EXIT_CODE = 1066;
/** How long starting and stopping may take before Windows loses patience, in milliseconds. */
const PATIENCE = 20_000;
/** The manager did not start this process. */
const NOT_A_SERVICE = 1063;

/** What runs in the service; `stop` resolves when it has ended. */
export interface ServiceWork {
  stop(): Promise<void>;
  /** Resolves with the reason where it ended by itself. */
  readonly failed?: Promise<unknown>;
}

/** SERVICE_STATUS. */
function statusBytes(state: number, exitCode: number): Buffer {
  const isSettled = state === STATE.stopped || state === STATE.running;
  const words = [
    OWN_PROCESS,
    state,
    state === STATE.running ? ACCEPTED : 0,
    exitCode === 0 ? 0 : OWN_EXIT_CODE,
    exitCode,
    isSettled ? 0 : 1,
    isSettled ? 0 : PATIENCE,
  ];
  const bytes = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) bytes.writeUInt32LE(word, index * 4);
  return bytes;
}

/**
 * Runs `start` as the service of this name. Resolves when Windows has let the service end.
 * @param failed is told why the work could not start or stop; the service then ends as one that failed
 * @throws an error when Windows did not start this process as a service
 */
export async function runAsService(
  name: string,
  start: () => Promise<ServiceWork>,
  failed: (error: unknown) => void,
): Promise<void> {
  const koffi = await loadNativeLibrary();
  const advapi = koffi.load('advapi32.dll');
  const lastError: () => number = koffi.load('kernel32.dll').func('uint32 __stdcall GetLastError()');
  const mainType = koffi.proto('void __stdcall WatchfloorServiceMain(uint32, void*)');
  const handlerType = koffi.proto('uint32 __stdcall WatchfloorHandler(uint32, uint32, void*, void*)');
  const entryType = koffi.struct({ name: 'str16', main: koffi.pointer(mainType) });
  const registerHandler: (name: string, handler: unknown, context: null) => unknown = advapi.func(
    '__stdcall',
    'RegisterServiceCtrlHandlerExW',
    'void*',
    ['str16', koffi.pointer(handlerType), 'void*'],
  );
  const setStatus: (handle: unknown, status: Buffer) => number = advapi.func(
    'int32 __stdcall SetServiceStatus(void*, void*)',
  );
  const dispatch = advapi.func('__stdcall', 'StartServiceCtrlDispatcherW', 'int32', [
    koffi.pointer(entryType),
  ]);

  let handle: unknown;
  let work: ServiceWork | undefined;
  let isEnding = false;
  const tell = (state: number, exitCode = 0) => setStatus(handle, statusBytes(state, exitCode));

  const end = async () => {
    if (isEnding) return;
    isEnding = true;
    tell(STATE.stopping);
    try {
      await work?.stop();
      tell(STATE.stopped);
    } catch (error) {
      failed(error);
      tell(STATE.stopped, 1);
    }
  };
  /** The service ends as one that failed, and Windows starts it again. */
  const endFailed = (error: unknown) => {
    failed(error);
    isEnding = true;
    tell(STATE.stopped, 1);
  };
  const begin = async () => {
    tell(STATE.starting);
    try {
      work = await start();
      if (!isEnding) tell(STATE.running);
      void work.failed?.then((error) => (isEnding ? undefined : endFailed(error)));
    } catch (error) {
      endFailed(error);
    }
  };

  // Windows calls both in threads of its own; the library has them run here.
  const handler = koffi.register((control: number) => {
    if (control === CONTROL.stop || control === CONTROL.shutdown) void end();
    return control in { [CONTROL.stop]: 0, [CONTROL.shutdown]: 0, [CONTROL.interrogate]: 0 }
      ? DONE
      : NOT_IMPLEMENTED;
  }, koffi.pointer(handlerType));
  const main = koffi.register(() => {
    handle = registerHandler(name, handler, null);
    void begin();
  }, koffi.pointer(mainType));

  const table = [
    { name, main },
    { name: null, main: null },
  ];
  await new Promise<void>((resolve, reject) => {
    dispatch.async(table, (error: unknown, isDone: number) => {
      if (error === null && isDone !== 0) return resolve();
      const code = error === null ? lastError() : undefined;
      reject(
        new Error(
          code === NOT_A_SERVICE
            ? 'Windows did not start this as a service: "watchfloor-agent run" runs the agent here'
            : `Windows does not take this process as a service: ${error === null ? `error ${code}` : errorText(error)}`,
        ),
      );
    });
  });
}
