/**
 * The History contract: what keeps samples and answers charts. The embedded history and InfluxDB both
 * implement it and pass one suite (`tests/contract/history.ts`). Times are epoch milliseconds.
 */
import type { ProcessReport } from '#protocol/processes.ts';
import type { Sample } from '#protocol/sample.ts';
import { MINUTE } from '#protocol/span.ts';
import type { Log } from '../types.ts';

/** Samples of one device, in ascending order of time. */
export interface SampleBatch {
  readonly deviceId: string;
  readonly samples: readonly Sample[];
  /** The reports on processes that came with them, which `processes/` stores beside every history. */
  readonly processes?: readonly ProcessReport[] | undefined;
}

/** The number of a journal record. Later records have larger numbers, and a number is never used again. */
export type Position = number;

export interface HistoryQuery {
  readonly deviceId: string;
  /** Start of the range, inclusive. */
  readonly from: number;
  /** End of the range, exclusive. */
  readonly to: number;
  /** Bucket width in milliseconds; buckets start at multiples of it since the epoch. */
  readonly step: number;
  /** Exact names of the fields to read. */
  readonly fields: readonly string[];
}

/**
 * Columns of equal length, in ascending order of `t`, the bucket's start. Buckets without data are left out.
 */
export interface Buckets {
  readonly t: readonly number[];
  readonly min: readonly number[];
  readonly mean: readonly number[];
  readonly max: readonly number[];
  /** How many samples each bucket was made of. */
  readonly count: readonly number[];
}

export interface HistoryResult {
  /**
   * Bucket width used, in milliseconds: the asked one, or wider where only a coarser tier still holds the
   * range.
   */
  readonly step: number;
  /** One entry for each asked field that has data in the range. */
  readonly series: ReadonlyMap<string, Buckets>;
}

/** A quarter of an hour, in milliseconds. */
export const QUARTER = 15 * MINUTE;

/** Per-second samples, minute buckets, quarter-hour buckets. */
export type TierName = 'raw' | 'minutes' | 'quarters';

/** Width of each tier's buckets, in milliseconds. A sample's time may be any millisecond, hence 1 for raw. */
const WIDTH: Readonly<Record<TierName, number>> = { raw: 1, minutes: MINUTE, quarters: QUARTER };

/**
 * Chooses the tier that a query reads: the coarsest tier that gives the asked step exactly, or a coarser one
 * where that tier no longer holds the start of the range.
 * @param tierStarts the time from which the raw and the minute tier hold their data, epoch milliseconds
 * @returns the tier, the width of its buckets, and the step of the answer (a multiple of that width), in
 *   milliseconds
 */
export function chooseTier(
  { from, step }: Pick<HistoryQuery, 'from' | 'step'>,
  tierStarts: Readonly<Record<'raw' | 'minutes', number>>,
): { readonly tier: TierName; readonly width: number; readonly step: number } {
  const rolledUpTier = from >= tierStarts.minutes ? 'minutes' : 'quarters';
  const finestNeeded = step % MINUTE === 0 || from < tierStarts.raw ? rolledUpTier : 'raw';
  const tier = step % QUARTER === 0 ? 'quarters' : finestNeeded;
  const width = WIDTH[tier];
  return { tier, width, step: Math.ceil(step / width) * width };
}

/** How long each tier is kept, in days. */
export interface Retention {
  /** Per-second samples. */
  readonly raw_days: number;
  /** Minute buckets. */
  readonly minute_days: number;
  /** Quarter-hour buckets. */
  readonly quarter_days: number;
}

export const DEFAULT_RETENTION: Retention = { raw_days: 3, minute_days: 90, quarter_days: 1100 };

/** The options that every implementation takes, beside its own. */
export interface HistoryOptions {
  readonly log: Log;
  /** Tells administrators of damage that was found: what is lost, and where. */
  readonly notice?: (text: string) => void;
  /** DEFAULT_RETENTION where it is left out. */
  readonly retention?: Retention;
}

export interface HistoryHealth {
  readonly kind: 'embedded' | 'influxdb';
  readonly healthy: boolean;
  /** A text for people: where the samples are, or what is wrong and what to do. */
  readonly detail: string;
  /** Size on disk, in bytes; null where it is not known. */
  readonly bytes: number | null;
  /**
   * Processor time that the history's own thread has used, in milliseconds; absent where it has no thread.
   */
  readonly cpu_ms?: number;
}

/**
 * `write` rejects with this when the history has lost samples that it had taken, because what it keeps them in
 * was damaged and it began anew. The caller then writes again everything that the journal still holds.
 */
export class HistoryBegunAnew extends Error {}

/** What a history rejects with. The message says what is wrong and what to do. */
export class HistoryError extends Error {
  /** How long the caller should wait before it tries again, in milliseconds; 0 where that is not known. */
  readonly retryAfterMs: number;

  constructor(message: string, { cause, retryAfterMs }: { cause: unknown; retryAfterMs: number }) {
    super(message, { cause });
    this.retryAfterMs = retryAfterMs;
  }
}

export interface History {
  /**
   * The position below which everything was stored when the history was opened: 0 where it was new, undefined
   * where it keeps none. A journal that begins after it has forgotten samples that this history does not have.
   */
  readonly storedTo: Position | undefined;

  /**
   * Takes samples that the journal already holds. MUST be idempotent per (device, timestamp) and MUST make
   * them visible to `query` before it resolves. Callers MUST NOT overlap writes. A write without batches only
   * asks for the position.
   * @param upTo the journal position after the last of these samples
   * @returns the position below which everything written is durable in the history itself; the journal may
   *   forget it
   * @throws when the history cannot take the samples now; the caller then retries the same batches, or, after
   *   HistoryBegunAnew, writes everything again from the journal's start
   */
  write(batches: readonly SampleBatch[], upTo: Position): Promise<Position>;

  /** Gives at most (to - from) / step + 1 buckets per field, and reads only the tier that the step needs. */
  query(query: HistoryQuery): Promise<HistoryResult>;

  /** The names of all fields that this device has data for, sorted. */
  fields(deviceId: string): Promise<readonly string[]>;

  /** The times of the stored per-second samples in [from, to), ascending. */
  timestamps(deviceId: string, from: number, to: number): Promise<readonly number[]>;

  /** The newest sample of every device that has one, by device id. */
  latest(): Promise<ReadonlyMap<string, Sample>>;

  /** Deletes everything stored of a device. */
  remove(deviceId: string): Promise<void>;

  health(): Promise<HistoryHealth>;

  /** Makes everything written durable, then closes files, timers and sockets. */
  close(): Promise<void>;
}
