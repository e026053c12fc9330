/**
 * [I7] What is left out of a push because it is invalid: a field name, a number, the time of one sample, a part
 * of the envelope. Everything else in the push is kept, and the reply names what was left out.
 */
import { z } from 'zod';
import { cleanText } from './text.ts';

/** Where something is in the body of a push: `['samples', 3, 'metrics', 'cpu']`. */
export type Path = readonly (string | number)[];

/** So many of the parts that were left out are named; all are counted. */
const MOST_NAMED = 20;
/** A longer name is cut, as it may be as long as the body. */
const NAME_CHARS = 80;

/**
 * What was left out of a push. `count`: how many different fields, samples or parts of the envelope; `samples`: how
 * many samples as a whole, which the reply counts neither as accepted nor as duplicates; `fields`: the first 20 of
 * all, each with the reason.
 */
export const ignored = z.object({
  count: z.number().int(),
  samples: z.number().int().min(0),
  fields: z.array(z.object({ field: z.string(), reason: z.string() })).max(MOST_NAMED),
});
export type Ignored = z.infer<typeof ignored>;

/** One part of a push that was left out. */
export interface LeftOutPart {
  /** The field's name; for anything else its path: `samples.3.timestamp`, `inventory.arch`. */
  readonly field: string;
  readonly reason: string;
  readonly path: Path;
}

/** The error of a push that is refused as a whole because of what is at `path`. */
export function refusal(path: Path, message: string): z.ZodError {
  return new z.ZodError([{ code: 'custom', message, path: [...path], input: undefined }]);
}

/** Gathers what is left out of one push. A push with nothing wrong costs it nothing. */
export class LeftOut {
  #fields: Set<string> | undefined;
  #samples = 0;
  readonly #named: LeftOutPart[] = [];

  /** Notes a part; a field that is wrong in several samples is noted once. */
  add(part: LeftOutPart): void {
    this.#fields ??= new Set();
    if (this.#fields.has(part.field)) return;
    this.#fields.add(part.field);
    if (this.#named.length < MOST_NAMED) this.#named.push(part);
  }

  /** Notes a sample that is left out as a whole, under the path of what is wrong in it. */
  addSample(path: Path, reason: string): void {
    this.#samples++;
    this.addAt(path, reason);
  }

  /** Notes a part that is no field, under its path. */
  addAt(path: Path, reason: string): void {
    this.add({ field: path.join('.'), reason, path });
  }

  get isEmpty(): boolean {
    return this.#fields === undefined;
  }

  /** The error of a push in which nothing is valid; it names the first part that is wrong. */
  refusal(): z.ZodError {
    return new z.ZodError(
      this.#named.map(({ reason, path }) => ({
        code: 'custom',
        message: reason,
        path: [...path],
        input: undefined,
      })),
    );
  }

  /** For the reply; undefined when nothing was left out. */
  summary(): Ignored | undefined {
    if (this.#fields === undefined) return undefined;
    const fields = this.#named.map(({ field, reason }) => ({ field: shownName(field), reason }));
    return { count: this.#fields.size, samples: this.#samples, fields };
  }
}

/** A name from a push as people may see it: well-formed, without control characters, and not too long. */
function shownName(name: string): string {
  return cleanText(name.slice(0, NAME_CHARS));
}
