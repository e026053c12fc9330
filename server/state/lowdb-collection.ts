/**
 * The State contract on lowdb. Each collection is one file, written only when a record really changes.
 * Changes made while a write runs are written together by the next one.
 */
import { isDeepStrictEqual } from 'node:util';
import { Low } from 'lowdb';
import type { z } from 'zod';
import { ApiError, errorCode, errorText } from '#protocol/errors.ts';
import type { Collection } from './collection.ts';
import { StateFile } from './state-file.ts';

export interface CollectionOptions<T extends { readonly id: string }> {
  readonly path: string;
  /** The shape of one record. */
  readonly schema: z.ZodType<T>;
  /** Called with a sentence for the administrator about damage that was found. */
  readonly notice: (text: string) => void;
  /** Called when the file cannot be written, with a sentence for the administrator, and with null when it can. */
  readonly onProblem: (text: string | null) => void;
  /** Whether the file must be there, because the collection has had one. */
  readonly isExpected: boolean;
  /** Called when the records are lost; `problem` says why. What it throws, opening rejects with. */
  readonly onLost: (problem: string) => void;
  /** Why the file must not be written now; undefined while it may. */
  readonly whyLost: () => string | undefined;
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

/** A change that somebody waits for. */
interface AwaitedChange {
  readonly undo: () => void;
  readonly resolve: () => void;
  readonly reject: (error: ApiError) => void;
}

function problemOf(path: string, error: unknown): string {
  const code = errorCode(error);
  const remedy =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'free some space there'
      : 'check that the disk works and the folder belongs to the server';
  return `${path} cannot be written (${code || errorText(error)}): ${remedy}. Until then changes are refused.`;
}

/**
 * [I8] After a write, changes that nobody waits for are written after this many times as long as it took: a file of
 * thousands of records that change all the time would otherwise be written without a pause.
 */
const REST = 9;

/** Opens a collection. Rejects when the file cannot be read, or with what `onLost` throws. */
export async function openCollection<T extends { readonly id: string }>({
  path,
  schema,
  notice,
  onProblem,
  isExpected,
  onLost,
  whyLost,
  now = Date.now,
  retryMs = 5000,
  soonMs = 60_000,
}: CollectionOptions<T>): Promise<OpenCollection<T>> {
  const low = new Low<T[]>(new StateFile<T>({ path, schema, notice, isExpected, onLost, now }), []);
  await low.read();
  const items = new Map(low.data.map((item) => [item.id, item]));
  /** The changes that somebody waits for and that no write has begun to include. */
  const awaited: AwaitedChange[] = [];
  let changed = false;
  let failed = false;
  let writing: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  /** Runs while a change waits that `putSoon` made. */
  let soon: NodeJS.Timeout | undefined;
  /** Runs after a write, until changes made by `keep` or `drop` may be written again. */
  let rest: NodeJS.Timeout | undefined;
  /** Whether such a change waits. */
  let kept = false;

  /** Writes until nobody waits for a change; after a failed write, undoes what somebody waits for and tries again later. */
  async function write(): Promise<void> {
    clearTimeout(retry);
    clearTimeout(soon);
    soon = undefined;
    clearTimeout(rest);
    do {
      const begun = performance.now();
      changed = false;
      kept = false;
      const included = awaited.splice(0);
      low.data = [...items.values()];
      try {
        const lost = whyLost();
        if (lost !== undefined) throw new Error(lost);
        await low.write();
        if (failed) onProblem(null);
        failed = false;
        rest = setTimeout(endRest, REST * (performance.now() - begun)).unref();
        for (const { resolve } of included) resolve();
      } catch (error) {
        changed = true;
        failed = true;
        onProblem(problemOf(path, error));
        // The changes made meanwhile may build on those that failed.
        const undone = [...included, ...awaited.splice(0)].toReversed();
        for (const { undo } of undone) undo();
        for (const { reject } of undone) reject(new ApiError('not_saved', { retryAfterS: 5 }));
        retry = setTimeout(save, retryMs);
        retry.unref();
        return;
      }
    } while (awaited.length > 0);
  }

  function endRest(): void {
    rest = undefined;
    if (kept && !failed) save();
  }

  function save(): void {
    writing ??= write().finally(() => {
      writing = undefined;
      // What was changed just as the write ended.
      if (awaited.length > 0) save();
    });
  }

  function set(id: string, item: T | undefined): void {
    if (item === undefined) items.delete(id);
    else items.set(id, item);
    changed = true;
  }

  /** Makes a change that somebody waits for. `item` undefined: removes the record. */
  function change(id: string, item: T | undefined): Promise<void> {
    const before = items.get(id);
    if (isDeepStrictEqual(before, item)) return Promise.resolve();
    set(id, item);
    return new Promise((resolve, reject) => {
      awaited.push({ undo: () => set(id, before), resolve, reject });
      save();
    });
  }

  /** Makes a change that nobody waits for. While writing fails, the next try takes it along. */
  function note(id: string, item: T | undefined): void {
    if (isDeepStrictEqual(items.get(id), item)) return;
    set(id, item);
    kept = true;
    if (!failed && rest === undefined) save();
  }

  return {
    all: () => [...items.values()],
    get: (id) => items.get(id),
    put: (item) => change(item.id, item),
    putAll(list) {
      const before = list.map(({ id }) => ({ id, item: items.get(id) }));
      for (const item of list) set(item.id, item);
      if (list.length === 0) return Promise.resolve();
      const undo = () => {
        for (const { id, item } of before.toReversed()) set(id, item);
      };
      return new Promise((resolve, reject) => {
        awaited.push({ undo, resolve, reject });
        save();
      });
    },
    remove: (id) => change(id, undefined),
    keep: (item) => note(item.id, item),
    putSoon(item) {
      if (isDeepStrictEqual(items.get(item.id), item)) return;
      set(item.id, item);
      soon ??= setTimeout(save, soonMs);
      soon.unref();
    },
    drop: (id) => note(id, undefined),
    saved() {
      if (!changed && writing === undefined) return Promise.resolve();
      return new Promise((resolve, reject) => {
        awaited.push({ undo: () => undefined, resolve, reject });
        save();
      });
    },
    async close() {
      do {
        if (changed) save();
        while (writing) await writing;
      } while (changed && !failed);
      clearTimeout(retry);
      clearTimeout(rest);
      if (changed) throw new Error(`${path} could not be written; its last changes are lost`);
    },
  };
}
