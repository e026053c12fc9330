/**
 * A lowdb adapter for the file of one collection. Every write replaces the copy `.bak` and then the file, each
 * whole and atomically (mode 0600). What is damaged is renamed or set aside, never deleted: a damaged file is
 * replaced by its copy, and a damaged record by the copy's.
 */
import { readFile, rename } from 'node:fs/promises';
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Adapter } from 'lowdb';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { errorCode, errorText } from '#protocol/errors.ts';

export interface StateFileOptions<T extends { readonly id: string }> {
  readonly path: string;
  /** The shape of one record. */
  readonly schema: z.ZodType<T>;
  /** Called with a sentence for the administrator about damage that was found. */
  readonly notice: (text: string) => void;
  /** Whether the file must be there, because the collection has had one. */
  readonly isExpected: boolean;
  /** Called when the records are lost; `problem` says why. What it throws, `read` rejects with. */
  readonly onLost: (problem: string) => void;
  readonly now: () => number;
}

interface Damaged {
  readonly value: unknown;
  /** What is wrong with it, as `role: Invalid option`. */
  readonly reason: string;
}

type FileContent<T> =
  | { readonly kind: 'missing' }
  | { readonly kind: 'read'; readonly items: T[]; readonly damaged: readonly Damaged[] }
  | { readonly kind: 'damaged'; readonly reason: string };

const anyRecords = z.array(z.unknown());
const anyId = z.object({ id: z.string() });

/** Sorts the values of a file into records and damaged ones; with no good record left, the file is damaged. */
function sortOut<T>(values: readonly unknown[], schema: z.ZodType<T>): FileContent<T> {
  const items: T[] = [];
  const damaged: Damaged[] = [];
  for (const value of values) {
    const parsed = schema.safeParse(value);
    const issue = parsed.error?.issues[0];
    if (parsed.success) items.push(parsed.data);
    else
      damaged.push({ value, reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'wrong shape'}` });
  }
  const [first] = damaged;
  if (first !== undefined && items.length === 0) return { kind: 'damaged', reason: first.reason };
  return { kind: 'read', items, damaged };
}

async function readAndCheck<T>(path: string, schema: z.ZodType<T>): Promise<FileContent<T>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { kind: 'missing' };
    throw error;
  }
  try {
    const parsed = anyRecords.safeParse(JSON.parse(text));
    return parsed.success ? sortOut(parsed.data, schema) : { kind: 'damaged', reason: 'it holds no list' };
  } catch (error) {
    return { kind: 'damaged', reason: errorText(error) };
  }
}

/** Making the text of a file pauses after so many milliseconds, so that thousands of records delay no push. */
const SLICE_MS = 5;
/** An array of more items than this, such as the alerts of a notification, is made into text item by item. */
const LONG = 100;

const isLong = (value: unknown) => Array.isArray(value) && value.length > LONG;

/** The JSON of a value in pieces, each of which takes a moment. */
function* jsonPieces(value: unknown): Generator<string> {
  if (Array.isArray(value) && isLong(value)) {
    const items: readonly unknown[] = value;
    for (const [i, item] of items.entries()) yield `${i === 0 ? '[' : ','}${JSON.stringify(item)}`;
    yield ']';
  } else if (typeof value === 'object' && value !== null && Object.values(value).some(isLong)) {
    const entries: readonly [string, unknown][] = Object.entries(value);
    const known = entries.filter(([, part]) => part !== undefined);
    for (const [i, [name, part]] of known.entries()) {
      yield `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`;
      yield* jsonPieces(part);
    }
    yield '}';
  } else yield JSON.stringify(value);
}

/** The bytes of a file: a list with a record a line. */
async function fileBytes(items: readonly unknown[]): Promise<Buffer> {
  const slices: Buffer[] = [];
  let text = '[';
  let begun = performance.now();
  for (const [i, item] of items.entries()) {
    text += i === 0 ? '\n' : ',\n';
    for (const piece of jsonPieces(item)) {
      text += piece;
      if (performance.now() - begun < SLICE_MS) continue;
      slices.push(Buffer.from(text));
      text = '';
      await nextTick();
      begun = performance.now();
    }
  }
  return Buffer.concat([...slices, Buffer.from(`${text}\n]\n`)]);
}

export class StateFile<T extends { readonly id: string }> implements Adapter<T[]> {
  readonly #options: StateFileOptions<T>;

  constructor(options: StateFileOptions<T>) {
    this.#options = options;
  }

  /** Makes the file where it is missing. */
  async read(): Promise<T[]> {
    const { path, schema, notice, isExpected, onLost, now } = this.#options;
    const main = await readAndCheck(path, schema);
    if (main.kind === 'read' && main.damaged.length === 0) return main.items;
    // Reading it takes as long as reading the file: seconds, where there are many thousand records.
    const copy = await readAndCheck(`${path}.bak`, schema);
    if (main.kind === 'read') return this.#withoutDamaged(main, copy.kind === 'read' ? copy.items : []);
    if (main.kind === 'missing' && copy.kind === 'missing') {
      if (isExpected) onLost(`${path} and its copy are missing`);
      await this.write([]);
      return [];
    }
    const problem = main.kind === 'damaged' ? `is damaged (${main.reason})` : 'is missing';
    if (copy.kind !== 'read') onLost(`${path} ${problem}, and there is no good copy in ${path}.bak`);
    if (main.kind === 'damaged') await rename(path, `${path}.damaged-${now()}`);
    const items = copy.kind === 'read' ? await this.#withoutDamaged(copy, []) : [];
    await this.write(items);
    if (copy.kind === 'read')
      notice(
        `${path} ${problem}; its last good copy is used.${main.kind === 'damaged' ? ' The damaged file was renamed and lies beside it.' : ''}`,
      );
    return items;
  }

  /** The records of a file whose damaged ones are replaced by the copy's, or left out and kept in a file. */
  async #withoutDamaged({ items, damaged }: FileContent<T> & { kind: 'read' }, copies: T[]): Promise<T[]> {
    if (damaged.length === 0) return items;
    const { path, notice, now } = this.#options;
    const ids = new Set(damaged.map(({ value }) => anyId.safeParse(value).data?.id));
    const replaced = copies.filter(({ id }) => ids.has(id) && !items.some((item) => item.id === id));
    const aside = `${path}.refused-${now()}`;
    await writeFileAtomic(aside, JSON.stringify(damaged, null, 1), { mode: 0o600 });
    notice(
      `${path}: ${damaged.length} of ${items.length + damaged.length} records are damaged (${damaged[0]?.reason}). ` +
        `${replaced.length} were taken from its copy, the others are left out. All damaged ones lie in ${aside}.`,
    );
    const whole = [...items, ...replaced];
    await this.write(whole);
    return whole;
  }

  async write(items: T[]): Promise<void> {
    const { path } = this.#options;
    const bytes = await fileBytes(items);
    // The copy comes first: a change counts as saved when it is in the file.
    await writeFileAtomic(`${path}.bak`, bytes, { mode: 0o600 });
    await writeFileAtomic(path, bytes, { mode: 0o600 });
  }
}
