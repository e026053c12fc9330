/**
 * A lowdb adapter for the file of one collection. Every write replaces the whole file atomically (mode 0600)
 * and then its copy `.bak`. A damaged file is renamed, never deleted, and its copy is used; if the copy is
 * damaged as well, a person has to restore one of them.
 */
import { readFile, rename } from 'node:fs/promises';
import type { Adapter } from 'lowdb';
import writeFileAtomic from 'write-file-atomic';
import type { z } from 'zod';
import { errorCode, errorText } from '#protocol/errors.ts';

export interface StateFileOptions<T> {
  readonly path: string;
  readonly schema: z.ZodType<T>;
  /** Called with a sentence for the administrator when the copy was used. */
  readonly notice: (text: string) => void;
  readonly now: () => number;
}

type FileContent<T> =
  | { readonly kind: 'missing' }
  | { readonly kind: 'valid'; readonly items: T }
  | { readonly kind: 'damaged'; readonly reason: string };

async function readAndCheck<T>(path: string, schema: z.ZodType<T>): Promise<FileContent<T>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { kind: 'missing' };
    throw error;
  }
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    if (parsed.success) return { kind: 'valid', items: parsed.data };
    const issue = parsed.error.issues[0];
    return { kind: 'damaged', reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'wrong shape'}` };
  } catch (error) {
    return { kind: 'damaged', reason: errorText(error) };
  }
}

export class StateFile<T> implements Adapter<T> {
  readonly #options: StateFileOptions<T>;

  constructor(options: StateFileOptions<T>) {
    this.#options = options;
  }

  /** Resolves with null when there is neither file nor copy; rejects when no valid one is left. */
  async read(): Promise<T | null> {
    const { path, schema, notice, now } = this.#options;
    const backup = `${path}.bak`;
    const [main, copy] = await Promise.all([readAndCheck(path, schema), readAndCheck(backup, schema)]);
    if (main.kind === 'valid') return main.items;
    if (main.kind === 'missing' && copy.kind === 'missing') return null;
    const problem = main.kind === 'damaged' ? `is damaged (${main.reason})` : 'is missing';
    if (copy.kind !== 'valid')
      throw new Error(
        `${path} ${problem}, and there is no good copy in ${backup}. Restore one of them from a backup; to start without it, move both away.`,
      );
    if (main.kind === 'damaged') await rename(path, `${path}.damaged-${now()}`);
    await writeFileAtomic(path, JSON.stringify(copy.items, null, 1), { mode: 0o600 });
    notice(
      `${path} ${problem}; its last good copy is used.${main.kind === 'damaged' ? ' The damaged file was renamed and lies beside it.' : ''}`,
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
