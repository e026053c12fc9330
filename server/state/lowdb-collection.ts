/** The State contract on lowdb: one file a collection, written only on real change, changes gathered while a write runs. */
import { isDeepStrictEqual } from 'node:util';
import { Low } from 'lowdb';
import { z } from 'zod';
import type { Log } from '../types.ts';
import type { Collection } from './collection.ts';
import { StateFile } from './state-file.ts';

export interface CollectionOptions<T extends { readonly id: string }> {
  readonly path: string;
  /** One item's shape. */
  readonly schema: z.ZodType<T>;
  readonly log: Log;
  readonly notice: (text: string) => void;
  readonly now?: () => number;
  /** How long after a failed write the next try is made. */
  readonly retryMs?: number;
}

export interface OpenCollection<T extends { readonly id: string }> extends Collection<T> {
  /** Everything on disk; rejects when it cannot be. */
  close(): Promise<void>;
}

/** Rejects when neither the file nor its copy can be read. */
export async function openCollection<T extends { readonly id: string }>({
  path,
  schema,
  log,
  notice,
  now = Date.now,
  retryMs = 5000,
}: CollectionOptions<T>): Promise<OpenCollection<T>> {
  const low = new Low<T[]>(new StateFile<T[]>({ path, schema: z.array(schema), notice, now }), []);
  await low.read();
  const items = new Map(low.data.map((item) => [item.id, item]));
  let writing: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;

  async function write(): Promise<void> {
    clearTimeout(retry);
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

  /** At most one write runs and one waits: a change joins the one that waits. */
  function save(): Promise<void> {
    // Between the end of a write and the start of the next, the next is still the one to join.
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
    remove(id) {
      return items.delete(id) ? save() : Promise.resolve();
    },
    async close() {
      const failed = retry !== undefined;
      clearTimeout(retry);
      await (next ?? writing ?? (failed ? save() : undefined));
    },
  };
}
