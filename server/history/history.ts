/**
 * The History contract: where samples stay. The embedded store and InfluxDB both implement it and pass
 * one suite (`tests/contract/history.ts`). Times are epoch milliseconds.
 */
import type { Sample } from '#protocol/sample.ts';
import type { Log } from '../types.ts';

/** Samples of one device, in ascending time. */
export interface SampleBatch {
  readonly deviceId: string;
  readonly samples: readonly Sample[];
}

/** A place in the journal; only ever grows. */
export type Position = number;

export interface HistoryQuery {
  readonly deviceId: string;
  /** Inclusive. */
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  /** Bucket width in milliseconds; buckets start at multiples of it since the epoch. */
  readonly step: number;
  /** Exact field names. */
  readonly fields: readonly string[];
}

/** Parallel columns, ascending, holding only buckets that have data; `t` is the bucket's start. */
export interface Buckets {
  readonly t: readonly number[];
  readonly min: readonly number[];
  readonly mean: readonly number[];
  readonly max: readonly number[];
}

export interface HistoryResult {
  /** The width used: the asked one, or wider where only a coarser tier still holds the range. */
  readonly step: number;
  /** One entry for each asked field that has data in the range. */
  readonly series: ReadonlyMap<string, Buckets>;
}

/** Milliseconds. */
export const MINUTE = 60_000;
export const QUARTER = 15 * MINUTE;
export const HOUR = 60 * MINUTE;

/** Per-second samples, minute buckets, quarter-hour buckets. */
export type TierName = 'raw' | 'minutes' | 'quarters';

/** Width of each tier's buckets in milliseconds; a sample may have any time. */
const WIDTH: Readonly<Record<TierName, number>> = { raw: 1, minutes: MINUTE, quarters: QUARTER };

/**
 * The tier that answers a question, and the width of the buckets it gives: the coarsest tier that gives the asked
 * step exactly, or a coarser one where that no longer holds the range's start.
 * @param since from when on the finer tiers hold their data, epoch milliseconds
 */
export function chooseTier(
  { from, step }: Pick<HistoryQuery, 'from' | 'step'>,
  since: Readonly<Record<'raw' | 'minutes', number>>,
): { readonly tier: TierName; readonly width: number; readonly step: number } {
  const coarser = from >= since.minutes ? 'minutes' : 'quarters';
  const fine = step % MINUTE === 0 || from < since.raw ? coarser : 'raw';
  const tier = step % QUARTER === 0 ? 'quarters' : fine;
  const width = WIDTH[tier];
  return { tier, width, step: Math.ceil(step / width) * width };
}

/** How long each tier is kept. */
export interface Retention {
  /** Per-second samples. */
  readonly raw_days: number;
  /** Minute buckets. */
  readonly minute_days: number;
  /** Quarter-hour buckets. */
  readonly quarter_days: number;
}

export const DEFAULT_RETENTION: Retention = { raw_days: 3, minute_days: 90, quarter_days: 1100 };

/** What every implementation is opened with, beside what is its own. */
export interface HistoryOptions {
  readonly log: Log;
  /** Without it, DEFAULT_RETENTION. */
  readonly retention?: Retention;
}

export interface HistoryHealth {
  readonly kind: 'embedded' | 'influxdb';
  readonly healthy: boolean;
  /** For a person: what is wrong and what to do; or where the samples are. */
  readonly detail: string;
  readonly bytes: number | null;
  /** Processor time of the store's own thread, milliseconds; absent where it has none. */
  readonly cpu_ms?: number;
}

export interface History {
  /**
   * Takes samples that the journal already holds. MUST be idempotent per (device, timestamp), MUST make them
   * visible to `query` before it resolves, and resolves with the position below which everything written is
   * durable in the store itself (the journal may forget it). Rejects when the store cannot take them now;
   * the caller retries the same batches. Callers MUST NOT overlap writes.
   */
  write(batches: readonly SampleBatch[], upTo: Position): Promise<Position>;

  /** At most (to - from) / step + 1 buckets a field; reads only the tier that the step needs. */
  query(query: HistoryQuery): Promise<HistoryResult>;

  /** Every field this device has data for, sorted. */
  fields(deviceId: string): Promise<readonly string[]>;

  /** Times of the stored per-second samples in [from, to), ascending. */
  timestamps(deviceId: string, from: number, to: number): Promise<readonly number[]>;

  /** The newest sample of every device that has one. */
  latest(): Promise<ReadonlyMap<string, Sample>>;

  /** Forgets all of a device. */
  remove(deviceId: string): Promise<void>;

  health(): Promise<HistoryHealth>;

  /** Makes everything written durable, then lets go of files, timers and sockets. */
  close(): Promise<void>;
}
