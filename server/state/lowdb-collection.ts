/**
 * The State contract on lowdb. Each collection is one file, written only when a record really changes.
 * Changes made while a write runs are written together by the next one.
 */
import { isDeepStrictEqual } from 'node:util';
import { Low } from 'lowdb';
import { z } from 'zod';
import type { Log } from '../types.ts';
import type { Collection } from './collection.ts';
import { StateFile } from './state-file.ts';

export interface CollectionOptions<T extends { readonly id: string }> {
  readonly path: string;
  /** The shape of one record. */
  readonly schema: z.ZodType<T>;
  readonly log: Log;
  /** Called with a sentence for the administrator when a damaged file was replaced. */
  readonly notice: (text: string) => void;
  readonly now?: () => number;
  /** Milliseconds from a failed write to the next try. */
  readonly retryMs?: number;
  /** Milliseconds until a change made by `putSoon` is written. */
  readonly soonMs?: number;
}

export interface OpenCollection<T extends { readonly id: string }> extends Collection<T> {
  /** Resolves when all changes are on disk; rejects when they cannot be written. */
  close(): Promise<void>;
}

/**
 * Opens a collection; a missing file is an empty one. Rejects when neither the file nor its copy can be read.
 */
export async function openCollection<T extends { readonly id: string }>({
  path,
  schema,
  log,
  notice,
  now = Date.now,
  retryMs = 5000,
  soonMs = 60_000,
}: CollectionOptions<T>): Promise<OpenCollection<T>> {
  const low = new Low<T[]>(new StateFile<T[]>({ path, schema: z.array(schema), notice, now }), []);
  await low.read();
  const items = new Map(low.data.map((item) => [item.id, item]));
  let writing: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  /** Runs while a change waits that `putSoon` made. */
  let soon: NodeJS.Timeout | undefined;

  async function write(): Promise<void> {
    clearTimeout(retry);
    clearTimeout(soon);
    soon = undefined;
    low.data = [...items.values()];
    try {
      await low.write();
    } catch (error) {
      log.error(
        { err: error, path },
        'the state could not be written; the change is in effect and will be written later',
      );
      retry = setTimeout(() => void save().catch(() => undefined), retryMs);
      retry.unref();
      throw new Error(
        `${path} could not be written: check that the disk is not full and the folder belongs to the server`,
        { cause: error },
      );
    } finally {
      writing = undefined;
    }
  }

  /** At most one write runs and one waits. A change made meanwhile is written by the waiting one. */
  function save(): Promise<void> {
    // `next` is checked first: between the end of a write and the start of the next, `writing` is already
    // unset.
    if (next) return next;
    if (!writing) return (writing = write());
    next = writing
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return (writing = write());
      });
    return next;
  }

  return {
    all: () => [...items.values()],
    get: (id) => items.get(id),
    put(item) {
      if (isDeepStrictEqual(items.get(item.id), item)) return Promise.resolve();
      items.set(item.id, item);
      return save();
    },
    putSoon(item) {
      if (isDeepStrictEqual(items.get(item.id), item)) return;
      items.set(item.id, item);
      // A failed write is logged and retried by `write`.
      soon ??= setTimeout(() => void save().catch(() => undefined), soonMs);
      soon.unref();
    },
    remove(id) {
      return items.delete(id) ? save() : Promise.resolve();
    },
    async close() {
      const failed = retry !== undefined;
      clearTimeout(retry);
      if (soon !== undefined) await save();
      else await (next ?? writing ?? (failed ? save() : undefined));
    },
  };
}
