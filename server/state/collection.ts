/**
 * The State contract: small collections of records that change rarely, never with each push. Reads come from
 * memory. A change is visible at once. The promise of `put` and `remove` resolves when the change is on disk
 * and rejects when it cannot be written; the change then stays in effect.
 */
export interface Collection<T extends { readonly id: string }> {
  /** All records, in the order in which they were first put. */
  all(): readonly T[];
  get(id: string): T | undefined;
  /** Adds a record, or replaces the one with the same id. Writes nothing when an equal record is there. */
  put(item: T): Promise<void>;
  /**
   * [I8] As `put`, for a change that comes with pushes: it is on disk within a minute, or with the next other change.
   * However often a device changes, the file is written once a minute for it.
   */
  putSoon(item: T): void;
  remove(id: string): Promise<void>;
}
