/** The embedded history's thread: it answers calls, and in between calls `tick` for the work that is due. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { errorText } from '#protocol/errors.ts';
import type { Call, LogLine, WorkerSettings } from './calls.ts';
import { HistoryBegunAnew } from '../history.ts';
import { isDamage } from './database.ts';
import { openSqliteHistory, type SqliteHistory } from './sqlite-history.ts';

/** Pauses between two ticks, in which calls are answered: while more work is due, and while none is. */
const BUSY_MS = 20;
const IDLE_MS = 200;

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function answerOf(history: SqliteHistory, call: Call): unknown {
  switch (call.kind) {
    case 'write':
      return history.write(call.args);
    case 'query':
      return history.query(call.args);
    case 'fields':
      return history.fields(call.args);
    case 'timestamps':
      return history.timestamps(call.args.deviceId, call.args.from, call.args.to);
    case 'latest':
      return history.latest();
    case 'remove':
      return history.remove(call.args);
    case 'health':
      return { ...history.health(), cpu_ms: threadCpuMs() };
    case 'close':
      return history.close();
  }
}

function serve(port: MessagePort, { file, retention }: WorkerSettings): void {
  const sendLogLine =
    (level: LogLine['level']) =>
    (fields: unknown, text = '') =>
      port.postMessage({ kind: 'log', line: { level, fields: cloneable(fields), text } });
  const options = {
    file,
    retention,
    notice: (text: string) => port.postMessage({ kind: 'notice', text }),
    log: { info: sendLogLine('info'), warn: sendLogLine('warn'), error: sendLogLine('error') },
  };
  let history = openSqliteHistory(options);
  /** Whether samples of earlier writes are lost, which the next write is answered with. */
  let isBegunAnew = false;

  /** Does some work on the history. Where its file turns out to be damaged, a new one is begun first. */
  function use<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!isDamage(error)) throw error;
      options.log.error({ err: error, file }, 'the history database is damaged');
      abandon();
      history = openSqliteHistory({ ...options, isDamaged: true });
      isBegunAnew = true;
      return work();
    }
  }

  function abandon(): void {
    try {
      history.abandon();
    } catch (error) {
      options.log.warn({ err: error, file }, 'the damaged history database could not be closed');
    }
  }

  function answer(call: Call): unknown {
    if (call.kind !== 'write') return answerOf(history, call);
    if (isBegunAnew) throw new HistoryBegunAnew('the history database was damaged; a new one was begun');
    return history.write(call.args);
  }

  let timer = setTimeout(tick, IDLE_MS);
  function tick(): void {
    timer = setTimeout(tick, use(() => history.tick()) ? BUSY_MS : IDLE_MS);
  }
  port.on('message', (call: Call) => {
    if (call.kind === 'close') clearTimeout(timer);
    try {
      port.postMessage({ kind: 'done', id: call.id, value: use(() => answer(call)) });
    } catch (error) {
      const begunAnew = error instanceof HistoryBegunAnew;
      if (begunAnew) isBegunAnew = false;
      port.postMessage({ kind: 'failed', id: call.id, message: errorText(error), begunAnew });
    }
    if (call.kind === 'close') port.close();
  });
  port.postMessage({ kind: 'opened', storedTo: history.storedTo });
}

/** Replaces errors by their text, which would be lost when the log line is cloned for the main thread. */
function cloneable(fields: unknown): object {
  if (typeof fields !== 'object' || fields === null) return { detail: String(fields) };
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? value.message : value]),
  );
}

if (parentPort !== null) serve(parentPort, workerData);
