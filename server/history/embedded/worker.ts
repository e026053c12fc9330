/** The embedded history's thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { serve, type ServedOptions } from '../serving.ts';
import type { Call } from '../thread.ts';
import type { Calls, WorkerSettings } from './calls.ts';
import { openSqliteHistory, type SqliteHistory } from './sqlite-history.ts';

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function answer(history: SqliteHistory, call: Call<Calls>): unknown {
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

if (parentPort !== null) {
  const settings: WorkerSettings = workerData;
  const open = (options: ServedOptions) => openSqliteHistory({ ...settings, ...options });
  serve<SqliteHistory, Calls>({ port: parentPort, file: settings.file, open, answer });
}
