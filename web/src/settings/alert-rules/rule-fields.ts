/** What is wrong with a rule, by the path of its field. */
import { fieldErrors } from '../../api/request.ts';

export const NO_FIELDS: ReadonlyMap<string, string> = new Map();

/** The messages of a refused preview. The API names the fields of its request; a form those of the rule. */
export function ruleFields(error: unknown): ReadonlyMap<string, string> {
  return new Map([...fieldErrors(error)].map(([path, message]) => [path.replace(/^rule\./, ''), message]));
}
