/** `GET /field-meanings`: what machines have declared of fields that are none of Watchfloor's own. */
import { fieldMeaningsReply, type Declaration } from '#protocol/declarations.ts';
import { declarationKey } from '#protocol/meaning.ts';
import type { FieldMeanings } from '../fleet/field-meanings.ts';
import { invalidQuery } from '../http/query.ts';
import { route, type Route } from '../http/route.ts';

/** The most fields of one request. */
const MOST_ASKED = 200;
const MOST_LISTED = 1000;

/** The names that are asked for: scalars, and `kind:*:field`, which have no comma. */
function readFields(query: URLSearchParams): readonly string[] | undefined {
  const names = query
    .get('fields')
    ?.split(',')
    .filter((name) => name !== '');
  if (names === undefined) return undefined;
  if (names.length > MOST_ASKED) throw invalidQuery('fields', `names at most ${MOST_ASKED} fields`);
  return names;
}

export function fieldMeaningsRoutes({
  common,
  of,
  keys,
}: Pick<FieldMeanings, 'common' | 'of' | 'keys'>): Route[] {
  return [
    route({
      method: 'GET',
      path: '/field-meanings',
      access: 'display',
      forDisplayLinks: true,
      summary:
        'Units, labels and descriptions that machines have declared of their own fields; where they differ, what most of them say. A field without any is missing in the reply.',
      query: {
        fields: `Fields, separated by commas: scalars, and kind:*:field; at most ${MOST_ASKED}. Absent: all that a machine has declared, at most ${MOST_LISTED}`,
        device: 'What this device says comes first',
      },
      reply: fieldMeaningsReply,
      errors: [],
      handle({ request, person: { sight } }) {
        const device = request.query.get('device');
        const own = device !== null && sight?.has(device) !== false ? device : undefined;
        const meanings: Record<string, Declaration> = {};
        for (const name of readFields(request.query) ?? keys(MOST_LISTED)) {
          const found = (own === undefined ? undefined : of(own, name)) ?? common(name, sight);
          if (found !== undefined) meanings[declarationKey(name)] = found;
        }
        return { meanings };
      },
    }),
  ];
}
