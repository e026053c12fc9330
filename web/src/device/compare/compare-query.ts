/** What the page Compare shows, besides the time: kept in the URL, read and written here. */
import { machineScope, type MachineScope } from '#protocol/machine-scope.ts';

/** All lines in one chart for each unit, a chart for each line, or where most of the lines lie. */
export type CompareView = 'overlay' | 'multiples' | 'band';

export interface CompareQuery {
  readonly scope: MachineScope;
  /** Names of fields, or `mount:*:used` for all instances. */
  readonly fields: readonly string[];
  readonly view: CompareView;
  /** Only so many lines, those with the largest mean. */
  readonly top: number;
}

export const DEFAULT_TOP = 10;
export const MOST_TOP = 100;
const VIEWS: readonly CompareView[] = ['overlay', 'multiples', 'band'];

/** Anything that is none is left out, so that an old or mistyped address still shows what it can. */
export function readCompareQuery(search: URLSearchParams): CompareQuery {
  const parts = {
    devices: search.getAll('device'),
    tags: search.getAll('tag'),
    name: search.get('name') ?? '',
  };
  const scope = machineScope.safeParse(parts);
  const top = Number(search.get('top') ?? DEFAULT_TOP);
  return {
    scope: scope.success ? scope.data : { devices: [], tags: [], name: '' },
    fields: [...new Set(search.getAll('field'))].filter((field) => field !== ''),
    view: VIEWS.find((view) => view === search.get('view')) ?? 'overlay',
    top: Number.isInteger(top) && top >= 1 && top <= MOST_TOP ? top : DEFAULT_TOP,
  };
}

/** The address's query with what is compared replaced; the time stays. */
export function withCompareQuery(search: URLSearchParams, query: CompareQuery): URLSearchParams {
  const next = new URLSearchParams(search);
  for (const name of ['device', 'tag', 'name', 'field', 'view', 'top']) next.delete(name);
  const { scope, fields, view, top } = query;
  for (const id of scope.devices) next.append('device', id);
  for (const tag of scope.tags) next.append('tag', tag);
  if (scope.name !== '') next.set('name', scope.name);
  for (const field of fields) next.append('field', field);
  if (view !== 'overlay') next.set('view', view);
  if (top !== DEFAULT_TOP) next.set('top', String(top));
  return next;
}
