/**
 * The embedded history: samples in one SQLite database, which a thread of its own writes and reads. This is the main
 * thread's side; `sqlite-history.ts` is the synchronous part in the thread.
 */
import { join } from 'node:path';
import { DEFAULT_RETENTION, type History, type HistoryOptions } from '../history.ts';
import { startThread } from '../thread.ts';
import type { Calls, WorkerSettings } from './calls.ts';
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
  let packer = createPacker();
  const thread = await startThread<Calls>({
    module: new URL('./worker.ts', import.meta.url),
    file,
    settings,
    log,
    notice,
    onBegunAnew() {
      // The new database knows none of the shapes that were sent.
      packer = createPacker();
    },
  });
  const { call } = thread;

  return {
    storedTo: thread.storedTo,
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
      thread.ended === undefined
        ? call('health', null)
        : { kind: 'embedded', healthy: false, detail: thread.ended.message, bytes: null },
    close: () => thread.close(() => call('close', null)),
  };
}
