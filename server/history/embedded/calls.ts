/** What the main thread asks of the store's thread, and what comes back. */
import type { Sample } from '#protocol/sample.ts';
import type { HistoryHealth, HistoryQuery, HistoryResult, Position, Retention } from '../history.ts';
import type { Packed } from './packed.ts';

export interface WorkerSettings {
  readonly file: string;
  readonly retention: Retention;
}

export interface Calls {
  write: { args: Packed; result: Position };
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

export type Call = {
  [K in keyof Calls]: { readonly id: number; readonly kind: K; readonly args: Calls[K]['args'] };
}[keyof Calls];

export type LogLine = {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly text: string;
};

/** `value` is what the call with this id is waiting for. */
export type Message =
  | { readonly kind: 'opened' }
  | { readonly kind: 'log'; readonly line: LogLine }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | { readonly kind: 'done'; readonly id: number; readonly value: never };
