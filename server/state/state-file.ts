/**
 * One collection's file, as a lowdb adapter: written whole and atomically, mode 0600, with a copy beside it.
 * A damaged file is set aside, never deleted, and its last good copy is used; both damaged is an error to mend.
 */
import { readFile, rename } from 'node:fs/promises';
import type { Adapter } from 'lowdb';
import writeFileAtomic from 'write-file-atomic';
import type { z } from 'zod';
import { errorCode, errorText } from '#protocol/errors.ts';

export interface StateFileOptions<T> {
  readonly path: string;
  readonly schema: z.ZodType<T>;
  /** Told what a person should know. */
  readonly notice: (text: string) => void;
  readonly now: () => number;
}

type Found<T> =
  | { readonly kind: 'missing' }
  | { readonly kind: 'good'; readonly items: T }
  | { readonly kind: 'bad'; readonly why: string };

async function readOne<T>(path: string, schema: z.ZodType<T>): Promise<Found<T>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { kind: 'missing' };
    throw error;
  }
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    if (parsed.success) return { kind: 'good', items: parsed.data };
    const issue = parsed.error.issues[0];
    return { kind: 'bad', why: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'wrong shape'}` };
  } catch (error) {
    return { kind: 'bad', why: errorText(error) };
  }
}

export class StateFile<T> implements Adapter<T> {
  readonly #options: StateFileOptions<T>;

  constructor(options: StateFileOptions<T>) {
    this.#options = options;
  }

  async read(): Promise<T | null> {
    const { path, schema, notice, now } = this.#options;
    const backup = `${path}.bak`;
    const [main, copy] = await Promise.all([readOne(path, schema), readOne(backup, schema)]);
    if (main.kind === 'good') return main.items;
    if (main.kind === 'missing' && copy.kind === 'missing') return null;
    const why = main.kind === 'bad' ? `is damaged (${main.why})` : 'is missing';
    if (copy.kind !== 'good')
      throw new Error(
        `${path} ${why}, and there is no good copy in ${backup}. Restore one of them from a backup; to start without it, move both away.`,
      );
    if (main.kind === 'bad') await rename(path, `${path}.damaged-${now()}`);
    await writeFileAtomic(path, JSON.stringify(copy.items, null, 1), { mode: 0o600 });
    notice(
      `${path} ${why}; its last good copy is used.${main.kind === 'bad' ? ' The damaged file was set aside beside it.' : ''}`,
    );
    return copy.items;
  }

  async write(items: T): Promise<void> {
    const { path } = this.#options;
    const text = JSON.stringify(items, null, 1);
    await writeFileAtomic(path, text, { mode: 0o600 });
    await writeFileAtomic(`${path}.bak`, text, { mode: 0o600 });
  }
}
