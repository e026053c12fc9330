/**
 * The State contract: small collections of records that change rarely, never with each push. Reads come from
 * memory, and every change is visible at once.
 */
export interface Collection<T extends { readonly id: string }> {
  /** All records, in the order in which they were first put; one whose removal was undone comes last. */
  all(): readonly T[];
  get(id: string): T | undefined;
  /**
   * Adds a record, or replaces the one with the same id, for somebody who waits for it. Resolves when the change
   * is on disk. When it cannot be written, it is undone, and the promise rejects with the ApiError `not_saved`.
   * Writes nothing when an equal record is there.
   */
  put(item: T): Promise<void>;
  /** Puts several records, with the same promise as `put`: all of them, or none. */
  putAll(items: readonly T[]): Promise<void>;
  /** Removes a record, with the same promise as `put`. */
  remove(id: string): Promise<void>;
  /**
   * Puts a record that nobody waits for. It stays in effect, and is written as soon as that is possible, but no write
   * for such records follows at once on another: in between is nine times as long as the last one took.
   */
  keep(item: T): void;
  /**
   * [I8] As `keep`, for a change that comes with pushes: it is on disk within a minute, or with the next other change.
   * However often a device changes, the file is written once a minute for it.
   */
  putSoon(item: T): void;
  /** Removes a record in the manner of `keep`. */
  drop(id: string): void;
  /** Resolves when all changes made so far are on disk; rejects as `put` does when they cannot be written. */
  saved(): Promise<void>;
}
