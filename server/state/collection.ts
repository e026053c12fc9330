/**
 * The State contract: small collections of things that seldom change (never per push). Reads are from memory.
 * A change is visible at once; the returned promise resolves when it is on disk and rejects when it cannot be.
 */
export interface Collection<T extends { readonly id: string }> {
  /** In the order they were first put. */
  all(): readonly T[];
  get(id: string): T | undefined;
  /** Adds, or replaces the one with the same id. Putting an equal item writes nothing. */
  put(item: T): Promise<void>;
  remove(id: string): Promise<void>;
}
