/** The thread's side of `thread.ts`: answers calls, and in between calls `tick` for the work that is due. */
import type { MessagePort } from 'node:worker_threads';
import { errorText } from '#protocol/errors.ts';
import type { Log } from '../types.ts';
import { isDamage } from './embedded/database.ts';
import { HistoryBegunAnew, type Position } from './history.ts';
import type { Call, CallTypes, LogLine } from './thread.ts';

/** A database as a thread serves it. Where a method throws an error for which `isDamage` is true, it is begun anew. */
export interface Served {
  readonly storedTo: Position;
  /** Does some of the work that is due; returns whether more is. */
  tick(): boolean;
  /** Closes the file and stores nothing more in it. */
  abandon(): void;
}

/** What a database is opened with, besides its settings. */
export interface ServedOptions {
  readonly notice: (text: string) => void;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  /** Whether the file is known to be damaged, so that it is set aside unread and a new one begun. */
  readonly isDamaged: boolean;
}

interface Serving<Database extends Served, Calls extends CallTypes<Calls>> {
  readonly port: MessagePort;
  /** Path of the database file. */
  readonly file: string;
  readonly open: (options: ServedOptions) => Database;
  readonly answer: (database: Database, call: Call<Calls>) => unknown;
}

/** Pauses between two ticks, in which calls are answered: while more work is due, and while none is. */
const BUSY_MS = 20;
const IDLE_MS = 200;

export function serve<Database extends Served, Calls extends CallTypes<Calls>>({
  port,
  file,
  open,
  answer,
}: Serving<Database, Calls>): void {
  const sendLogLine =
    (level: LogLine['level']) =>
    (fields: unknown, text = '') =>
      port.postMessage({ kind: 'log', line: { level, fields: cloneable(fields), text } });
  const options = {
    notice: (text: string) => port.postMessage({ kind: 'notice', text }),
    log: { info: sendLogLine('info'), warn: sendLogLine('warn'), error: sendLogLine('error') },
  };
  let database = open({ ...options, isDamaged: false });
  /** Whether samples of earlier writes are lost, which the next write is answered with. */
  let isBegunAnew = false;

  /** Does some work on the database. Where its file turns out to be damaged, a new one is begun first. */
  function use<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!isDamage(error)) throw error;
      options.log.error({ err: error, file }, 'the history database is damaged');
      abandon();
      database = open({ ...options, isDamaged: true });
      isBegunAnew = true;
      return work();
    }
  }

  function abandon(): void {
    try {
      database.abandon();
    } catch (error) {
      options.log.warn({ err: error, file }, 'the damaged history database could not be closed');
    }
  }

  function answerTo(call: Call<Calls>): unknown {
    if (call.kind === 'write' && isBegunAnew)
      throw new HistoryBegunAnew('the history database was damaged; a new one was begun');
    return answer(database, call);
  }

  let timer = setTimeout(tick, IDLE_MS);
  function tick(): void {
    timer = setTimeout(tick, use(() => database.tick()) ? BUSY_MS : IDLE_MS);
  }
  port.on('message', (call: Call<Calls>) => {
    if (call.kind === 'close') clearTimeout(timer);
    try {
      port.postMessage({ kind: 'done', id: call.id, value: use(() => answerTo(call)) });
    } catch (error) {
      const begunAnew = error instanceof HistoryBegunAnew;
      if (begunAnew) isBegunAnew = false;
      port.postMessage({ kind: 'failed', id: call.id, message: errorText(error), begunAnew });
    }
    if (call.kind === 'close') port.close();
  });
  port.postMessage({ kind: 'opened', storedTo: database.storedTo });
}

/** Replaces errors by their text, which would be lost when the log line is cloned for the main thread. */
function cloneable(fields: unknown): object {
  if (typeof fields !== 'object' || fields === null) return { detail: String(fields) };
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? value.message : value]),
  );
}
