import { describe, expect, it } from 'vitest';
import type { Device } from '#protocol/api.ts';
import {
  DEFAULT_QUERY,
  listed,
  matches,
  parseQuery,
  holdStill,
  sortedBy,
  tagWord,
  toggledWord,
  writeQuery,
  type ListQuery,
  type Row,
} from '../../../web/src/fleet/list-query.ts';
import type { State } from '../../../web/src/ui/state.ts';

const device = (name: string, more: Partial<Device> = {}): Device => ({
  device_id: `id-${name}`,
  name,
  hostname: `${name}.lan`,
  ip: '10.0.0.7',
  os: 'Debian 13',
  tags: [],
  status: 'online',
  last_seen: 0,
  sampled_at: 0,
  interval_s: 5,
  clock_skew_ms: null,
  token_revoked_at: null,
  maintenance: null,
  metrics: {},
  ...more,
});

const row = (name: string, cpu: number | null = 0, more: Partial<Device> = {}): Row => ({
  id: `id-${name}`,
  device: device(name, more),
  latest: { t: 0, cpu, ram: 0, disk: 0, net_rx: 1, net_tx: 2 },
});

const good = (): State => 'good';
const names = (rows: readonly Row[]) => rows.map(({ device }) => device.name);
const query = (more: Partial<ListQuery>): ListQuery => ({ ...DEFAULT_QUERY, ...more });

describe('the query in the URL', () => {
  it('a list query that is written to the URL is read back the same', () => {
    for (const one of [
      query({}),
      query({ search: 'db tag&x=1' }),
      query({ sort: 'cpu', descending: true }),
      query({ sort: 'name', search: 'ä' }),
    ])
      expect(parseQuery(new URLSearchParams(writeQuery(one)))).toEqual(one);
  });

  it('the default list query adds nothing to the URL', () => {
    expect(writeQuery(DEFAULT_QUERY)).toBe('');
  });

  it('a list query for an unknown column is the default one', () => {
    expect(parseQuery(new URLSearchParams('sort=-magic'))).toEqual(DEFAULT_QUERY);
  });
});

describe('the search', () => {
  it('a search for tag:prod finds exactly that tag, and a click on a tag adds or removes the word', () => {
    const [prod, production] = [device('a', { tags: ['prod'] }), device('b', { tags: ['production'] })];
    expect(matches('tag:prod')(prod, () => 'good')).toBe(true);
    expect(matches('tag:prod')(production, () => 'good')).toBe(false);
    expect(toggledWord('db', tagWord('prod'))).toBe('db tag:prod');
    expect(toggledWord('tag:prod db', tagWord('prod'))).toBe('db');
  });

  it('a search finds machines by name, host name, address, system and tags, and every word must match', () => {
    const one = device('web-1', { tags: ['prod'], ip: '192.168.4.9', os: 'Ubuntu 24.04' });
    for (const found of ['web', 'WEB-1.lan', '168.4', 'ubuntu', 'prod', 'web prod ubuntu', '  '])
      expect(
        matches(found)(one, () => 'good'),
        found,
      ).toBe(true);
    for (const missed of ['db', 'web staging'])
      expect(
        matches(missed)(one, () => 'good'),
        missed,
      ).toBe(false);
  });

  it('a search for is:offline, is:alert or is:online finds machines by their state', () => {
    const one = device('web-1');
    expect(matches('is:offline')(one, () => 'offline')).toBe(true);
    expect(matches('is:offline')(one, () => 'good')).toBe(false);
    expect(matches('is:alert web')(one, () => 'warning')).toBe(true);
    expect(matches('is:online')(one, () => 'stale')).toBe(true);
    expect(matches('is:online')(one, () => 'waiting')).toBe(false);
  });
});

describe('the order', () => {
  it('rows are sorted by state with the worst first, unless another order is asked for', () => {
    const states: Record<string, State> = {
      a: 'good',
      b: 'offline',
      c: 'warning',
      d: 'critical',
      e: 'stale',
    };
    const rows = Object.keys(states).map((name) => row(name));
    expect(names(listed(rows, DEFAULT_QUERY, ({ device }) => states[device.name] ?? 'good'))).toEqual([
      'd',
      'c',
      'b',
      'e',
      'a',
    ]);
  });

  it('names are sorted with their numbers as numbers', () => {
    const rows = ['web-10', 'web-9', 'Web-1'].map((name) => row(name));
    expect(names(listed(rows, query({ sort: 'name' }), good))).toEqual(['Web-1', 'web-9', 'web-10']);
  });

  it('rows sorted by a number begin with the largest, end with those without one, and equal ones are sorted by name', () => {
    const rows = [row('a', 5), row('c', 50), row('b', 50), row('d', null)];
    expect(names(listed(rows, sortedBy(DEFAULT_QUERY, 'cpu'), good))).toEqual(['b', 'c', 'a', 'd']);
  });

  it('a second click on a column reverses its order', () => {
    const once = sortedBy(DEFAULT_QUERY, 'cpu');
    expect(sortedBy(once, 'cpu').descending).toBe(!once.descending);
    expect(sortedBy(DEFAULT_QUERY, 'name').descending).toBe(false);
  });
});

describe('a list that somebody points at', () => {
  it("a list that somebody points at keeps every row's place: removed rows leave, new ones come last", () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => row(name));
    if (!a || !b || !c || !d) throw new Error('four rows');
    expect(names(holdStill([c, a, b], [a, b, d]))).toEqual(['a', 'b', 'd']);
    expect(names(holdStill([c, a], [a, c]))).toEqual(['c', 'a']);
  });
});
