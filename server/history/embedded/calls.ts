/** The calls of the main thread to the embedded history's thread. */
import type { Sample } from '#protocol/sample.ts';
import type { HistoryHealth, HistoryQuery, HistoryResult, Position, Retention } from '../history.ts';
import type { PackedWrite } from './packed.ts';

export interface WorkerSettings {
  /** Path of the database file. */
  readonly file: string;
  readonly retention: Retention;
}

/** Each call of the main thread: what it sends, and what the thread answers. */
export interface Calls {
  write: { args: PackedWrite; result: Position };
  query: { args: HistoryQuery; result: HistoryResult };
  fields: { args: string; result: readonly string[] };
  timestamps: {
    args: { readonly deviceId: string; readonly from: number; readonly to: number };
    result: readonly number[];
  };
  latest: { args: null; result: ReadonlyMap<string, Sample> };
  remove: { args: string; result: void };
  health: { args: null; result: HistoryHealth };
  close: { args: null; result: void };
}
