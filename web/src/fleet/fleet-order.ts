/** The order of the fleet's machines, and their groups. */
import type { Device } from '#protocol/api.ts';
import type { RecentPoint } from '../stores/recent.ts';
import { STATE_RANK, type State } from '../ui/state.ts';
import { NETWORK, type FleetQuery, type Grouping } from './fleet-query.ts';
import { parseSearch } from './search.ts';

/** What a row needs to be searched, sorted and grouped. */
export interface Row {
  readonly id: string;
  readonly device: Device;
  readonly latest: RecentPoint | undefined;
}

/** What is known of a row beside its record. */
export interface RowFacts<Item extends Row> {
  readonly stateOf: (row: Item) => State;
  /** The newest value of a field; null or undefined where there is none. */
  readonly valueOf: (row: Item, field: string) => number | null | undefined;
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** What names are sorted by is worked out once for each name: thousands are sorted every few seconds. */
export class NameOrder {
  #names: readonly string[] = [];
  #ranks: ReadonlyMap<string, number> = new Map();

  /** Name → its place among the names of the rows. */
  of(rows: readonly Row[]): ReadonlyMap<string, number> {
    const isSame =
      rows.length === this.#names.length && rows.every(({ device }, i) => device.name === this.#names[i]);
    if (isSame) return this.#ranks;
    this.#names = rows.map(({ device }) => device.name);
    const sorted = [...new Set(this.#names)].sort(collator.compare);
    this.#ranks = new Map(sorted.map((name, i) => [name, i]));
    return this.#ranks;
  }
}

/** The number that a row is sorted by; rows without one come below every number. */
function sortValue<Item extends Row>(row: Item, sort: string, { valueOf }: RowFacts<Item>): number {
  if (sort !== NETWORK) return valueOf(row, sort) ?? -Infinity;
  return (valueOf(row, 'net_rx') ?? 0) + (valueOf(row, 'net_tx') ?? 0);
}

/** The rows that the query finds, in its order. Equal rows are sorted by name, then id, so that the order is stable. */
export function listed<Item extends Row>(
  rows: readonly Item[],
  query: Pick<FleetQuery, 'search' | 'sort' | 'descending'>,
  facts: RowFacts<Item>,
  order: NameOrder = new NameOrder(),
): Item[] {
  const { matches } = parseSearch(query.search);
  const { sort } = query;
  const names = order.of(rows);
  const found = [];
  for (const row of rows) {
    const state = facts.stateOf(row);
    const isFound = matches(
      row.device,
      () => state,
      (field) => facts.valueOf(row, field),
    );
    if (!isFound) continue;
    const name = names.get(row.device.name) ?? 0;
    const key = sort === 'status' ? STATE_RANK[state] : sort === 'name' ? name : sortValue(row, sort, facts);
    found.push({ row, key, name });
  }
  const direction = query.descending ? -1 : 1;
  found.sort((a, b) => {
    const keys = a.key === b.key ? 0 : a.key < b.key ? -direction : direction;
    return keys || a.name - b.name || (a.row.id < b.row.id ? -1 : 1);
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

/** Machines under one heading. Without groups there is one section, without a heading. */
export interface Section<Item> {
  /** Of what the group has in common; empty for machines that have it not, and for all machines. */
  readonly key: string;
  /** The group's name; undefined for machines that are in no group. */
  readonly label: string | undefined;
  readonly rows: readonly Item[];
}

/** The groups that a machine is in: with several tags, it is in several. */
function groupsOf({ os, tags }: Device, group: Exclude<Grouping, ''>): readonly string[] {
  if (group === 'os') return os === '' ? [] : [os];
  const prefix = group.slice('tag:'.length);
  return prefix === '' ? tags : tags.filter((tag) => tag.startsWith(prefix));
}

/**
 * The rows in their groups, each in the order of `rows`. Groups are sorted by name, or with `worstFirst` by their worst
 * machine; what is in no group comes last.
 */
export function sectionsOf<Item extends Row>(
  rows: readonly Item[],
  group: Grouping,
  stateOf: (row: Item) => State,
  worstFirst: boolean,
): Section<Item>[] {
  if (group === '') return [{ key: '', label: undefined, rows }];
  const found = new Map<string, { rows: Item[]; worst: number }>();
  const without: Item[] = [];
  for (const row of rows) {
    const keys = groupsOf(row.device, group);
    if (keys.length === 0) without.push(row);
    const rank = STATE_RANK[stateOf(row)];
    for (const key of keys) {
      const known = found.get(key) ?? { rows: [], worst: rank };
      known.rows.push(row);
      known.worst = Math.min(known.worst, rank);
      found.set(key, known);
    }
  }
  const sections = [...found].sort(
    ([a, { worst: worstA }], [b, { worst: worstB }]) =>
      (worstFirst ? worstA - worstB : 0) || collator.compare(a, b),
  );
  return [
    ...sections.map(([key, each]) => ({ key, label: key, rows: each.rows })),
    ...(without.length === 0 ? [] : [{ key: '', label: undefined, rows: without }]),
  ];
}

/** The parts of tags before their first colon, which machines can be grouped by: `env:`, `site:`. */
export function tagPrefixes(tags: readonly string[]): string[] {
  const prefixes = tags.flatMap((tag) => {
    const colon = tag.indexOf(':');
    return colon > 0 ? [tag.slice(0, colon + 1)] : [];
  });
  return [...new Set(prefixes)].sort();
}
