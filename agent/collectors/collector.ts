/**
 * A collector measures one subject. The runner calls it, times it and shields the others from it.
 *
 * - `collect` MUST return the subject's fields by their names in `#protocol/fields.ts`, or `absent` where this
 *   machine has no such thing. A field whose value is not known this time is left out.
 * - It MAY return a promise; the runner does not wait for it and does not start it again until it ended.
 * - It MUST NOT start a process on Linux, and MUST NOT read anything but through `context.read` or, for what is
 *   no text file, the file system's own calls.
 */

/** Instances of one kind by name, each with its fields: `{"0": {cpu: 3}}`. */
export type Instances = Record<string, Record<string, number>>;

/** Scalars by field name, instances by kind; `disk:sda:read` flat where a scalar has the kind's name. */
export type Fields = Record<string, number | Instances>;

export interface Context {
  /** When this sample is taken, in milliseconds of a clock that never steps. */
  readonly at: number;
  /** A text file's contents now, or undefined where there is none. */
  readonly read: (path: string) => string | undefined;
}

export interface Collector {
  collect(context: Context): Fields | 'absent' | Promise<Fields | 'absent'>;
}

/** How the list names a collector: `create` makes one with a memory of its own. */
export interface CollectorEntry {
  readonly name: string;
  /** Milliseconds between two calls; every sample without. Samples in between repeat its last fields. */
  readonly every?: number;
  readonly create: () => Collector;
}
