/**
 * The embedded history: samples in one SQLite database, which a thread of its own writes and reads, so that
 * neither holds up a push. This is the main thread's side; `sqlite-history.ts` is the synchronous part in the
 * thread.
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { errorText } from '#protocol/errors.ts';
import {
  DEFAULT_RETENTION,
  HistoryBegunAnew,
  type History,
  type HistoryOptions,
  type Position,
} from '../history.ts';
import type { Calls, WorkerMessage, WorkerSettings } from './calls.ts';
import { createPacker } from './packed.ts';

export interface EmbeddedHistoryOptions extends HistoryOptions {
  /** The folder of `history.db` and of the files that SQLite keeps beside it. */
  readonly dir: string;
}

/** @throws where the database cannot be opened, with what to do */
export async function openEmbeddedHistory({
  dir,
  log,
  notice = () => undefined,
  retention = DEFAULT_RETENTION,
}: EmbeddedHistoryOptions): Promise<History> {
  const file = join(dir, 'history.db');
  const settings: WorkerSettings = { file, retention };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: settings,
    // Node warns that node:sqlite is experimental; the thread uses nothing else that is.
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  /** The promises of calls that have no answer yet, by the call's id. */
  const unanswered = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let packer = createPacker();
  let nextId = 0;
  /** What every further call is rejected with, once the thread has ended. */
  let endError: Error | undefined;
  let closing: Promise<void> | undefined;

  const storedTo = await new Promise<Position>((resolve, reject) => {
    worker.on('message', (message: WorkerMessage) => {
      switch (message.kind) {
        case 'opened':
          return resolve(message.storedTo);
        case 'log':
          return log[message.line.level](message.line.fields, message.line.text);
        case 'notice':
          return notice(message.text);
        case 'failed':
          return removeUnanswered(message.id)?.reject(failure(message));
        case 'done':
          return removeUnanswered(message.id)?.resolve(message.value);
      }
    });
    worker.on('error', (error) => {
      reject(error);
      rejectAll(error);
    });
    worker.on('exit', () => rejectAll(new Error('its thread ended')));
  });

  function removeUnanswered(id: number) {
    const call = unanswered.get(id);
    unanswered.delete(id);
    return call;
  }

  function failure({ message, begunAnew }: { message: string; begunAnew: boolean }): Error {
    if (!begunAnew) return new Error(message);
    // The new database knows none of the shapes that were sent.
    packer = createPacker();
    return new HistoryBegunAnew(message);
  }

  function rejectAll(cause: unknown): void {
    if (endError !== undefined) return;
    const reason = errorText(cause);
    endError = new Error(
      closing === undefined
        ? `the history database ${file} has failed (${reason}): restart the server; samples stay in the journal`
        : `the history database ${file} is closed`,
      { cause },
    );
    if (closing === undefined) log.error({ err: cause, file }, endError.message);
    for (const { reject } of unanswered.values()) reject(endError);
    unanswered.clear();
  }

  function call<K extends keyof Calls>(
    kind: K,
    args: Calls[K]['args'],
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<Calls[K]['result']> {
    if (endError !== undefined) return Promise.reject(endError);
    return new Promise((resolve, reject) => {
      const id = nextId++;
      unanswered.set(id, { resolve, reject });
      worker.postMessage({ id, kind, args }, transfer);
    });
  }

  return {
    storedTo,
    write(batches, upTo) {
      const packed = packer.pack(batches, upTo);
      return call('write', packed, [packed.data.buffer]);
    },
    query: (query) => call('query', query),
    fields: (deviceId) => call('fields', deviceId),
    timestamps: (deviceId, from, to) => call('timestamps', { deviceId, from, to }),
    latest: () => call('latest', null),
    remove: (deviceId) => call('remove', deviceId),
    health: async () =>
      endError === undefined
        ? call('health', null)
        : { kind: 'embedded', healthy: false, detail: endError.message, bytes: null },
    close: () => (closing ??= call('close', null).finally(() => worker.terminate().then(() => undefined))),
  };
}
