/**
 * What a machine's own fields mean, declared by whoever sends them: their units, labels and descriptions. A push has
 * `declarations` where something in them is new, and `declared`, a short text of the sender's choice that stands for all
 * that it has declared. A server that does not know that text asks for the declarations in its reply (`declare`).
 *
 *     "declared": "6f1c…",
 *     "declarations": {"backup:*:backup_bytes": {"unit": "bytes", "label": "Size of the last backup"}}
 *
 * The key is a scalar's name, or `kind:*:field` for that field of all instances.
 */
import { z } from 'zod';
import { fieldInfo } from './fields.ts';
import type { LeftOut } from './ignored.ts';
import { declarationKey } from './meaning.ts';
import { isRecord, nameProblem } from './metrics.ts';
import { text } from './text.ts';

export const UNIT_CHARS = 16;
export const LABEL_CHARS = 80;
export const HELP_CHARS = 300;

export const declaration = z.strictObject({
  /** One of Watchfloor's units (`bytes`, `seconds`, …), or a short text that is shown as it is. */
  unit: text(UNIT_CHARS).optional(),
  label: text(LABEL_CHARS).optional(),
  /** More about it than its label says. */
  help: text(HELP_CHARS).optional(),
});
export type Declaration = z.infer<typeof declaration>;

export type Declarations = Readonly<Record<string, Declaration>>;

/** What `GET /field-meanings` answers, by the key of a declaration. */
export const fieldMeaningsReply = z.object({ meanings: z.record(z.string(), declaration) });

/** [I8] The most declarations of one device; the oldest give way. */
export const MOST_DECLARATIONS = 1000;

/** The text that stands for all that a device has declared. */
export const declaredMark = text(64);

function keyProblem(key: string): string | undefined {
  if (declarationKey(key) !== key) return 'has "*" in the place of the instance: kind:*:field';
  return nameProblem(key) ?? (fieldInfo(key) === undefined ? undefined : 'is a field of Watchfloor’s own');
}

/** [I7] The declarations of a push without those that are wrong, which are noted. */
export function readDeclarations(input: unknown, leftOut: LeftOut): Declarations | undefined {
  if (!isRecord(input)) {
    leftOut.addAt(['declarations'], 'must be an object of declarations by field');
    return undefined;
  }
  const entries = Object.entries(input);
  const kept: [string, Declaration][] = [];
  for (const [key, sent] of entries) {
    const path = ['declarations', key];
    const problem =
      kept.length >= MOST_DECLARATIONS ? `is past the ${MOST_DECLARATIONS} of a device` : keyProblem(key);
    if (problem !== undefined) {
      leftOut.addAt(path, problem);
      continue;
    }
    const parsed = declaration.safeParse(sent);
    if (parsed.success) kept.push([key, parsed.data]);
    else leftOut.addAt(path, parsed.error.issues[0]?.message ?? 'is no declaration');
  }
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
