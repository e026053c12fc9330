/**
 * A collector measures one subject (processors, memory, disks, …). The sampler calls it, measures how long it
 * takes, and keeps its failures away from the other collectors.
 *
 * - `collect` MUST return the subject's fields under their names in `#protocol/fields.ts`, or `absent` when this
 *   machine has no such thing. A field whose value is not known this time is left out.
 * - It MAY return a promise. The sampler does not wait for it, and does not call `collect` again before it settles.
 * - It MUST NOT start a process on Linux. It reads text files with `context.read`, or with `context.readAside` where a
 *   driver may let it wait; for anything else (a folder's names, statfs) it may call the file system itself.
 */
import type { Declarations } from '#protocol/declarations.ts';
import type { Inventory } from '#protocol/sample.ts';

/** Flat field name (`cpu`, `core:0:cpu`) to its value. */
export type Fields = Record<string, number>;

export interface Context {
  /** When this sample is taken, in milliseconds of a clock that never steps. */
  readonly at: number;
  /** The current text of a file, or undefined when it cannot be read. */
  readonly read: (path: string) => string | undefined;
  /** The same for a file whose driver may let the reader wait: it is read beside the sampling, by another thread. */
  readonly readAside: (path: string) => Promise<string | undefined>;
}

/** What a collector finds that is text, and part of the inventory. */
export type Described = Pick<Inventory, 'containers' | 'probes' | 'probes_allowed'>;

export interface Collector {
  collect(context: Context): Fields | 'absent' | Promise<Fields | 'absent'>;
  /** The same object until something in it has changed. */
  described?(): Described | undefined;
  /** What its own fields mean, where they are none of Watchfloor's: the same object until something in it has changed. */
  declared?(): Declarations;
  /** What is wrong with what it measures, though it measures: the same text for the same problem. */
  trouble?(): string | undefined;
  /** Ends what the collector holds open between its calls. */
  stop?(): void;
}

/** A failure of which something is known all the same: that what was asked is down. */
export class CollectFailure extends Error {
  override readonly name = 'CollectFailure';
  readonly fields: Fields;
  constructor(message: string, fields: Fields) {
    super(message);
    this.fields = fields;
  }
}

/** One entry of the list of collectors. */
export interface CollectorEntry {
  readonly name: string;
  /**
   * Milliseconds between two calls; the samples in between repeat the last fields. Default: called for every sample.
   */
  readonly every?: number;
  /** Makes a collector with its own memory of earlier readings. */
  readonly create: () => Collector;
}
