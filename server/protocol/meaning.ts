/**
 * What a field's numbers mean: its unit, what people call it, and more about it. Watchfloor's own fields have theirs in
 * `fields.ts`; of others it is what the machine has declared, else what the end of the name says (`cache_bytes`).
 */
import { fieldInfo } from './fields.ts';
import { unitOfName } from './units.ts';

export interface Meaning {
  /** One of Watchfloor's units, or a short text that is written behind the number. */
  readonly unit?: string | undefined;
  readonly label?: string | undefined;
  readonly help?: string | undefined;
}

/** The instance of a metric without labels: of the source as a whole. */
export const WHOLE = '-';

/** The key that a field's declaration has: `backup:nas:bytes` → `backup:*:bytes`. */
export function declarationKey(field: string): string {
  const first = field.indexOf(':');
  const last = field.lastIndexOf(':');
  return first < 1 || last <= first ? field : `${field.slice(0, first)}:*${field.slice(last)}`;
}

/** Returns what is declared of a field that is none of Watchfloor's own. */
export type LookUp = (field: string) => Meaning | undefined;

let lookUp: LookUp = () => undefined;

/** Sets where a page finds what machines have declared, once, before it writes the first number. The server sets nothing. */
export function lookUpMeanings(find: LookUp): void {
  lookUp = find;
}

/** The meaning of a field that is none of Watchfloor's own, with what its name says where nothing is declared. */
function customMeaning(field: string, declared: Meaning | undefined): Meaning {
  const unit = declared?.unit ?? unitOfName(field.slice(field.lastIndexOf(':') + 1));
  return unit === declared?.unit ? (declared ?? {}) : { ...declared, unit };
}

/** @param declared what the machine in question has declared of it; default: what the page finds */
export function meaningOf(field: string, declared?: Meaning): Meaning {
  return fieldInfo(field) ?? customMeaning(field, declared ?? lookUp(field));
}
