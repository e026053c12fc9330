/** The store's thread: answers calls, and gives the store time for what is due. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { errorText } from '#protocol/errors.ts';
import type { Call, LogLine, WorkerSettings } from './calls.ts';
import { openSqliteHistory, type SqliteHistory } from './sqlite-history.ts';

/** Between two ticks, so that calls get in: with more work due, and without. */
const BUSY_MS = 20;
const IDLE_MS = 200;

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function answer(store: SqliteHistory, call: Call): unknown {
  switch (call.kind) {
    case 'write':
      return store.write(call.args);
    case 'query':
      return store.query(call.args);
    case 'fields':
      return store.fields(call.args);
    case 'timestamps':
      return store.timestamps(call.args.deviceId, call.args.from, call.args.to);
    case 'latest':
      return store.latest();
    case 'remove':
      return store.remove(call.args);
    case 'health':
      return { ...store.health(), cpu_ms: threadCpuMs() };
    case 'close':
      return store.close();
  }
}

function serve(port: MessagePort, { file, retention }: WorkerSettings): void {
  const say =
    (level: LogLine['level']) =>
    (fields: unknown, text = '') =>
      port.postMessage({ kind: 'log', line: { level, fields: plain(fields), text } });
  const store = openSqliteHistory({
    file,
    retention,
    log: { info: say('info'), warn: say('warn'), error: say('error') },
  });
  let timer = setTimeout(tick, IDLE_MS);
  function tick(): void {
    timer = setTimeout(tick, store.tick() ? BUSY_MS : IDLE_MS);
  }
  port.on('message', (call: Call) => {
    if (call.kind === 'close') clearTimeout(timer);
    try {
      port.postMessage({ kind: 'done', id: call.id, value: answer(store, call) });
    } catch (error) {
      port.postMessage({
        kind: 'failed',
        id: call.id,
        message: errorText(error),
      });
    }
    if (call.kind === 'close') port.close();
  });
  port.postMessage({ kind: 'opened' });
}

/** Errors lose their text when cloned into a log line. */
function plain(fields: unknown): object {
  if (typeof fields !== 'object' || fields === null) return { detail: String(fields) };
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? value.message : value]),
  );
}

if (parentPort !== null) serve(parentPort, workerData);
