/** The embedded history: the store in a thread of its own, so that neither storing nor reading holds up a push. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { errorText } from '#protocol/errors.ts';
import { DEFAULT_RETENTION, type History, type HistoryOptions } from '../history.ts';
import type { Calls, Message, WorkerSettings } from './calls.ts';
import { createPacker } from './packed.ts';

export interface EmbeddedHistoryOptions extends HistoryOptions {
  /** Holds `history.db` and its companions. */
  readonly dir: string;
}

/** Rejects with what to do when the database cannot be opened. */
export async function openEmbeddedHistory({
  dir,
  log,
  retention = DEFAULT_RETENTION,
}: EmbeddedHistoryOptions): Promise<History> {
  const file = join(dir, 'history.db');
  const settings: WorkerSettings = { file, retention };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: settings,
    // node:sqlite is all it would warn of.
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  const packer = createPacker();
  let calls = 0;
  let ended: Error | undefined;
  let closing: Promise<void> | undefined;

  await new Promise<void>((resolve, reject) => {
    worker.on('message', (message: Message) => {
      switch (message.kind) {
        case 'opened':
          return resolve();
        case 'log':
          return log[message.line.level](message.line.fields, message.line.text);
        case 'failed':
          return settled(message.id)?.reject(new Error(message.message));
        case 'done':
          return settled(message.id)?.resolve(message.value);
      }
    });
    worker.on('error', (error) => {
      reject(error);
      end(error);
    });
    worker.on('exit', () => end(new Error('its thread ended')));
  });

  function settled(id: number) {
    const call = waiting.get(id);
    waiting.delete(id);
    return call;
  }

  function end(cause: unknown): void {
    if (ended !== undefined) return;
    const why = errorText(cause);
    ended = new Error(
      closing === undefined
        ? `the history database ${file} has failed (${why}): restart the server; samples stay in the journal`
        : `the history database ${file} is closed`,
      { cause },
    );
    if (closing === undefined) log.error({ err: cause, file }, ended.message);
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  }

  function call<K extends keyof Calls>(
    kind: K,
    args: Calls[K]['args'],
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<Calls[K]['result']> {
    if (ended !== undefined) return Promise.reject(ended);
    return new Promise((resolve, reject) => {
      const id = calls++;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, kind, args }, transfer);
    });
  }

  return {
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
      ended === undefined
        ? call('health', null)
        : { kind: 'embedded', healthy: false, detail: ended.message, bytes: null },
    close: () => (closing ??= call('close', null).finally(() => worker.terminate().then(() => undefined))),
  };
}
