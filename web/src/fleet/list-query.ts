/** Which machines the list shows, and in which order: kept in the URL, applied here. */
import type { Device } from '#protocol/api.ts';
import type { RecentPoint } from '../stores/recent.ts';
import type { State } from '../ui/state.ts';

const SORT_KEYS = ['status', 'name', 'cpu', 'ram', 'disk', 'net'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export interface ListQuery {
  readonly search: string;
  readonly sort: SortKey;
  readonly descending: boolean;
}

export const DEFAULT_QUERY: ListQuery = { search: '', sort: 'status', descending: false };

/** What a row needs to be searched and sorted. */
export interface Row {
  readonly id: string;
  readonly device: Device;
  readonly latest: RecentPoint | undefined;
}

/** `?q=db&sort=-cpu` → the query; an unknown column counts as the default. */
export function parseQuery(parameters: Pick<URLSearchParams, 'get'>): ListQuery {
  const sort = parameters.get('sort') ?? '';
  const descending = sort.startsWith('-');
  const key = SORT_KEYS.find((known) => known === sort.replace(/^-/, ''));
  return {
    search: parameters.get('q') ?? '',
    sort: key ?? DEFAULT_QUERY.sort,
    descending: key === undefined ? DEFAULT_QUERY.descending : descending,
  };
}

/** The query as it stands in the URL, with its `?`; empty for the default. */
export function writeQuery({ search, sort, descending }: ListQuery): string {
  const parameters = new URLSearchParams();
  if (search !== '') parameters.set('q', search);
  if (sort !== DEFAULT_QUERY.sort || descending !== DEFAULT_QUERY.descending)
    parameters.set('sort', (descending ? '-' : '') + sort);
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

/** The query after a click on a column: numbers begin with the largest, words with A; a second click reverses it. */
export function sortedBy(query: ListQuery, key: SortKey): ListQuery {
  if (query.sort === key) return { ...query, descending: !query.descending };
  return { ...query, sort: key, descending: key !== 'status' && key !== 'name' };
}

/** Words of a search that ask for a state instead of a text. */
const STATE_WORDS: Readonly<Record<string, (state: State) => boolean>> = {
  'is:online': (state) => state !== 'offline' && state !== 'waiting',
  'is:waiting': (state) => state === 'waiting',
  'is:offline': (state) => state === 'offline',
  'is:alert': (state) => state === 'warning' || state === 'critical',
};

function searchedText({ name, hostname, ip, os, tags, device_id }: Device): string {
  return [name, hostname, ip, os, device_id, ...tags].join('\n').toLowerCase();
}

/** A search for `tag:prod` finds exactly that tag. */
const TAG = 'tag:';

export function tagWord(tag: string): string {
  return TAG + tag;
}

/** The search with the word added, or removed where it was there. */
export function toggledWord(search: string, word: string): string {
  const words = search.split(/\s+/).filter(Boolean);
  const rest = words.filter((one) => one !== word);
  return (rest.length < words.length ? rest : [...words, word]).join(' ');
}

/**
 * Whether every word of the search is somewhere in the device's name, host name, address, system, id or tags, or is
 * true of it (`is:offline`). `stateOf` is asked only where a word is about the state.
 */
export function matches(search: string): (device: Device, stateOf: () => State) => boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return (device, stateOf) => {
    if (words.length === 0) return true;
    const text = searchedText(device);
    return words.every((word) => {
      const hasState = STATE_WORDS[word];
      if (hasState) return hasState(stateOf());
      return word.startsWith(TAG) ? device.tags.includes(word.slice(TAG.length)) : text.includes(word);
    });
  };
}

/** The worst first. */
const RANK: Readonly<Record<State, number>> = {
  critical: 0,
  warning: 1,
  offline: 2,
  stale: 3,
  waiting: 4,
  good: 5,
};

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

function value(row: Row, key: Exclude<SortKey, 'status' | 'name'>): number {
  const latest = row.latest;
  if (!latest) return -1;
  if (key !== 'net') return latest[key] ?? -1;
  return (latest.net_rx ?? 0) + (latest.net_tx ?? 0);
}

/** The rows that the query finds, in its order. Equal rows are sorted by name, then id, so that the order is stable. */
export function listed<Item extends Row>(
  rows: readonly Item[],
  query: ListQuery,
  stateOf: (row: Item) => State,
): Item[] {
  const wanted = matches(query.search);
  const found = rows
    .map((row) => ({ row, state: stateOf(row) }))
    .filter(({ row, state }) => wanted(row.device, () => state));
  const direction = query.descending ? -1 : 1;
  const { sort } = query;
  found.sort((a, b) => {
    const names = byName.compare(a.row.device.name, b.row.device.name);
    let order = names;
    if (sort === 'status') order = RANK[a.state] - RANK[b.state];
    else if (sort !== 'name') order = value(a.row, sort) - value(b.row, sort);
    return order * direction || names || (a.row.id < b.row.id ? -1 : 1);
  });
  return found.map(({ row }) => row);
}

/** `shown` in its order, without the rows that are no longer wanted; new rows come at the end. */
export function holdStill<Item extends { readonly id: string }>(
  shown: readonly Item[],
  wanted: readonly Item[],
): Item[] {
  const there = new Set(wanted.map(({ id }) => id));
  const known = new Set(shown.map(({ id }) => id));
  return [...shown.filter(({ id }) => there.has(id)), ...wanted.filter(({ id }) => !known.has(id))];
}
