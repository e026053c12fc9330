/** The thread of the history of processes. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ProcessReport } from '#protocol/processes.ts';
import type { Position } from '../history.ts';
import { serve, type ServedOptions } from '../serving.ts';
import type { Call } from '../thread.ts';
import {
  openProcessDatabase,
  type NewReport,
  type ProcessDatabase,
  type RangeOfProcesses,
} from './process-database.ts';

export interface ProcessSettings {
  /** Path of the database file. */
  readonly file: string;
  /** How long reports are kept. */
  readonly days: number;
}

/** Each call of the main thread: what it sends, and what the thread answers. */
export interface ProcessCalls {
  write: { args: { readonly reports: readonly NewReport[]; readonly upTo: Position }; result: Position };
  at: { args: { readonly deviceId: string; readonly at: number }; result: ProcessReport | null };
  range: {
    args: { readonly deviceId: string; readonly from: number; readonly to: number };
    result: RangeOfProcesses;
  };
  remove: { args: string; result: void };
  close: { args: null; result: void };
}

function answer(database: ProcessDatabase, call: Call<ProcessCalls>): unknown {
  switch (call.kind) {
    case 'write':
      return database.write(call.args.reports, call.args.upTo);
    case 'at':
      return database.at(call.args.deviceId, call.args.at);
    case 'range':
      return database.range(call.args.deviceId, call.args.from, call.args.to);
    case 'remove':
      return database.remove(call.args);
    case 'close':
      return database.close();
  }
}

if (parentPort !== null) {
  const settings: ProcessSettings = workerData;
  const open = (options: ServedOptions) => openProcessDatabase({ ...settings, ...options });
  serve<ProcessDatabase, ProcessCalls>({ port: parentPort, file: settings.file, open, answer });
}
