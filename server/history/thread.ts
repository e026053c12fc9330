/**
 * A thread that has a database file to itself, so that neither writing nor reading it holds up a push: this is the main
 * thread's side, `serving.ts` the thread's.
 */
import { Worker } from 'node:worker_threads';
import { errorText } from '#protocol/errors.ts';
import { HistoryBegunAnew, type HistoryOptions, type Position } from './history.ts';

/** Calls by name: what the main thread sends, and what the thread answers. */
export type CallTypes<Calls> = {
  readonly [K in keyof Calls]: { readonly args: unknown; readonly result: unknown };
};

/** A call as it is sent; the answer carries the same `id`. */
export type Call<Calls extends CallTypes<Calls>> = {
  [K in keyof Calls]: { readonly id: number; readonly kind: K; readonly args: Calls[K]['args'] };
}[keyof Calls];

/** A line that the main thread writes to the log for the thread. */
export type LogLine = {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly text: string;
};

/** What the thread sends: that the database is open, a log line, a notice, or the answer to the call with this id. */
export type ThreadMessage =
  | { readonly kind: 'opened'; readonly storedTo: Position }
  | { readonly kind: 'log'; readonly line: LogLine }
  | { readonly kind: 'notice'; readonly text: string }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly message: string;
      /** Whether the call was a write, and was refused because a new database was begun. */
      readonly begunAnew: boolean;
    }
  | { readonly kind: 'done'; readonly id: number; readonly value: never };

interface ThreadOptions extends Pick<HistoryOptions, 'log' | 'notice'> {
  /** The module that the thread runs. */
  readonly module: URL;
  /** Path of the database file. */
  readonly file: string;
  /** What the module finds in `workerData`. */
  readonly settings: object;
  /** Called when a new database was begun. */
  readonly onBegunAnew?: () => void;
}

export interface DatabaseThread<Calls extends CallTypes<Calls>> {
  /** The position below which everything was stored when the database was opened. */
  readonly storedTo: Position;
  call<K extends keyof Calls>(
    kind: K,
    args: Calls[K]['args'],
    transfer?: readonly ArrayBuffer[],
  ): Promise<Calls[K]['result']>;
  /** Why the thread has ended; undefined while it runs. */
  readonly ended: Error | undefined;
  /** Makes the thread close its file with `work`, then ends it. */
  close(work: () => Promise<void>): Promise<void>;
}

/** @throws where the database cannot be opened, with what to do */
export async function startThread<Calls extends CallTypes<Calls>>({
  module,
  file,
  settings,
  log,
  notice = () => undefined,
  onBegunAnew = () => undefined,
}: ThreadOptions): Promise<DatabaseThread<Calls>> {
  const worker = new Worker(module, {
    workerData: settings,
    // Node warns that node:sqlite is experimental; the thread uses nothing else that is.
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  /** The promises of calls that have no answer yet, by the call's id. */
  const unanswered = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let nextId = 0;
  /** What every further call is rejected with, once the thread has ended. */
  let ended: Error | undefined;
  let closing: Promise<void> | undefined;

  const storedTo = await new Promise<Position>((resolve, reject) => {
    worker.on('message', (message: ThreadMessage) => {
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
    onBegunAnew();
    return new HistoryBegunAnew(message);
  }

  function rejectAll(cause: unknown): void {
    if (ended !== undefined) return;
    const reason = errorText(cause);
    ended = new Error(
      closing === undefined
        ? `the history database ${file} has failed (${reason}): restart the server; samples stay in the journal`
        : `the history database ${file} is closed`,
      { cause },
    );
    if (closing === undefined) log.error({ err: cause, file }, ended.message);
    for (const { reject } of unanswered.values()) reject(ended);
    unanswered.clear();
  }

  return {
    storedTo,
    call(kind, args, transfer = []) {
      if (ended !== undefined) return Promise.reject(ended);
      return new Promise((resolve, reject) => {
        const id = nextId++;
        unanswered.set(id, { resolve, reject });
        worker.postMessage({ id, kind, args }, transfer);
      });
    },
    get ended() {
      return ended;
    },
    close: (work) => (closing ??= work().finally(() => worker.terminate().then(() => undefined))),
  };
}
