/** What the fleet's page shows and how: kept in the URL, read and written here. */
import { FLEET_FIELDS } from '#protocol/live.ts';
import { METERS } from './meters.ts';

export type FleetLook = 'list' | 'tiles' | 'heat';
export const LOOKS: readonly FleetLook[] = ['list', 'tiles', 'heat'];

/** By what machines are grouped: nothing, their system, every tag, or the tags that begin with a prefix (`tag:env:`). */
export type Grouping = '' | 'os' | 'tag' | `tag:${string}`;

/** The column of both directions of the network, which is no field by itself. */
export const NETWORK = 'net';
/** What the heat map may be coloured by besides a field. */
export const BY_STATE = 'state';

export interface FleetQuery {
  readonly search: string;
  /** `status`, `name`, a column of the list, or a field. */
  readonly sort: string;
  readonly descending: boolean;
  readonly look: FleetLook;
  readonly group: Grouping;
  /** The columns of the list after the machine's name: fields, and NETWORK. */
  readonly columns: readonly string[];
  /** What the heat map is coloured by: a field, NETWORK or BY_STATE. */
  readonly by: string;
  /** The groups that are closed, by their keys. */
  readonly closed: readonly string[];
  /** The id of the named view that it began with; empty for none. */
  readonly named: string;
}

export const DEFAULT_COLUMNS: readonly string[] = [...METERS.map(({ field }) => field), NETWORK];
export const MOST_COLUMNS = 10;

export const DEFAULT_QUERY: FleetQuery = {
  search: '',
  sort: 'status',
  descending: false,
  look: 'list',
  group: '',
  columns: DEFAULT_COLUMNS,
  by: 'cpu',
  closed: [],
  named: '',
};

/** In the heat map each machine keeps its place, so that eyes learn it; elsewhere the worst comes first. */
const usualSort = (look: FleetLook) => (look === 'heat' ? 'name' : 'status');

export const isGrouping = (text: string): text is Grouping =>
  text === '' || text === 'os' || text === 'tag' || text.startsWith('tag:');

const same = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((each, i) => each === b[i]);

/** `?q=db&sort=-cpu` → the query. What is not known counts as the default. */
export function parseQuery(parameters: Pick<URLSearchParams, 'get' | 'getAll'>): FleetQuery {
  const look = LOOKS.find((known) => known === parameters.get('view')) ?? DEFAULT_QUERY.look;
  const sort = parameters.get('sort') ?? '';
  const group = parameters.get('group') ?? '';
  const columns = [...new Set(parameters.getAll('column'))].filter((name) => name !== '');
  return {
    search: parameters.get('q') ?? '',
    sort: sort.replace(/^-/, '') || usualSort(look),
    descending: sort.startsWith('-') && sort !== '-',
    look,
    group: isGrouping(group) ? group : '',
    columns: columns.length === 0 ? DEFAULT_COLUMNS : columns.slice(0, MOST_COLUMNS),
    by: parameters.get('by') ?? DEFAULT_QUERY.by,
    closed: parameters.getAll('closed'),
    named: parameters.get('named') ?? '',
  };
}

/** The query as it stands in the URL, with its `?`; empty for the default. */
export function writeQuery(query: FleetQuery): string {
  const { search, sort, descending, look, group, columns, by, closed, named } = query;
  const parameters = new URLSearchParams();
  if (named !== '') parameters.set('named', named);
  if (search !== '') parameters.set('q', search);
  if (look !== DEFAULT_QUERY.look) parameters.set('view', look);
  if (group !== '') parameters.set('group', group);
  if (sort !== usualSort(look) || descending) parameters.set('sort', (descending ? '-' : '') + sort);
  if (by !== DEFAULT_QUERY.by) parameters.set('by', by);
  if (!same(columns, DEFAULT_COLUMNS)) for (const name of columns) parameters.append('column', name);
  for (const key of closed) parameters.append('closed', key);
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

/** What a named view keeps of a query, as it is stored. */
export function storedQuery(query: FleetQuery): string {
  return writeQuery({ ...query, named: '' }).slice(1);
}

/** The query of a named view. */
export function namedQuery({ id, query }: { readonly id: string; readonly query: string }): FleetQuery {
  return { ...parseQuery(new URLSearchParams(query)), named: id };
}

/** The query in another look, in that look's usual order unless another one was asked for. */
export function inLook(query: FleetQuery, look: FleetLook): FleetQuery {
  const isUsual = query.sort === usualSort(query.look) && !query.descending;
  return { ...query, look, sort: isUsual ? usualSort(look) : query.sort };
}

/** The look that follows when one goes through them. */
export function nextLook(look: FleetLook): FleetLook {
  return LOOKS[(LOOKS.indexOf(look) + 1) % LOOKS.length] ?? 'list';
}

/** The query after a click on a column: numbers begin with the largest, words with A; a second click reverses it. */
export function sortedBy(query: FleetQuery, key: string): FleetQuery {
  if (query.sort === key) return { ...query, descending: !query.descending };
  return { ...query, sort: key, descending: key !== 'status' && key !== 'name' };
}

/** Whether every row of the fleet has it anyway. */
export const isFleetField = (name: string) => FLEET_FIELDS.some((known) => known === name);

/** The fields that the page needs values of, in its look: no others are asked for [L6]. */
export function fieldsOf({ look, columns, by, sort }: FleetQuery): string[] {
  const shown = look === 'list' ? columns : look === 'heat' ? [by] : [];
  const words = [NETWORK, BY_STATE, 'status', 'name'];
  return [...new Set([...shown, sort])].filter((name) => !words.includes(name));
}
