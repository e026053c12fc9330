/** The messages between the main thread and the embedded history's thread. */
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

/** A call as it is sent; the answer carries the same `id`. */
export type Call = {
  [K in keyof Calls]: { readonly id: number; readonly kind: K; readonly args: Calls[K]['args'] };
}[keyof Calls];

/** A line that the main thread writes to the log for the thread. */
export type LogLine = {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly text: string;
};

/** What the thread sends: that the database is open, a log line, a notice, or the answer to the call with this id. */
export type WorkerMessage =
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
