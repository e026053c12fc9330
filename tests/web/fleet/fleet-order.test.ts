import { describe, expect, it } from 'vitest';
import { DEFAULT_QUERY, sortedBy, type FleetQuery } from '../../../web/src/fleet/fleet-query.ts';
import { holdStill, listed, NameOrder, sectionsOf, tagPrefixes } from '../../../web/src/fleet/fleet-order.ts';
import type { State } from '../../../web/src/ui/state.ts';
import { factsOf, names, row } from './machine-row.ts';

const query = (more: Partial<FleetQuery>): FleetQuery => ({ ...DEFAULT_QUERY, ...more });

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
    expect(names(listed(rows, DEFAULT_QUERY, factsOf(states)))).toEqual(['d', 'c', 'b', 'e', 'a']);
  });

  it('names are sorted with their numbers as numbers', () => {
    const rows = ['web-10', 'web-9', 'Web-1'].map((name) => row(name));
    expect(names(listed(rows, query({ sort: 'name' }), factsOf()))).toEqual(['Web-1', 'web-9', 'web-10']);
  });

  it('a machine that gets another name is sorted by that one', () => {
    const order = new NameOrder();
    const sorted = (...all: string[]) =>
      names(
        listed(
          all.map((name) => row(name)),
          query({ sort: 'name' }),
          factsOf(),
          order,
        ),
      );
    expect(sorted('c', 'a', 'b')).toEqual(['a', 'b', 'c']);
    expect(sorted('c', 'z', 'b')).toEqual(['b', 'c', 'z']);
  });

  it('rows sorted by a number begin with the largest, end with those without one, and equal ones are sorted by name', () => {
    const rows = [row('a', 5), row('c', 50), row('b', 50), row('d', null)];
    expect(names(listed(rows, sortedBy(DEFAULT_QUERY, 'cpu'), factsOf()))).toEqual(['b', 'c', 'a', 'd']);
  });

  it('only the rows that the search finds are listed', () => {
    const rows = [row('web-1', 95), row('web-2', 10), row('db-1', 95)];
    expect(names(listed(rows, query({ search: 'web cpu>50' }), factsOf()))).toEqual(['web-1']);
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

describe('groups', () => {
  const rows = [
    row('a', 0, { tags: ['env:prod', 'db'] }),
    row('b', 0, { tags: ['env:test'] }),
    row('c', 0, { os: '' }),
    row('d', 0, { tags: ['env:prod'] }),
  ];
  const grouped = (group: FleetQuery['group'], states: Record<string, State> = {}, worstFirst = true) =>
    sectionsOf(rows, group, factsOf(states).stateOf, worstFirst).map(({ label, rows: own }) => [
      label,
      names(own).join(''),
    ]);

  it('machines are grouped by their tags of a prefix, by each tag, or by their system; those in no group come last', () => {
    expect(grouped('tag:env:')).toEqual([
      ['env:prod', 'ad'],
      ['env:test', 'b'],
      [undefined, 'c'],
    ]);
    expect(grouped('tag')).toEqual([
      ['db', 'a'],
      ['env:prod', 'ad'],
      ['env:test', 'b'],
      [undefined, 'c'],
    ]);
    expect(grouped('os')).toEqual([
      ['Debian 13', 'abd'],
      [undefined, 'c'],
    ]);
    expect(grouped('')).toEqual([[undefined, 'abcd']]);
  });

  it('the group of the worst machine comes first, or all groups stay in the order of their names', () => {
    expect(grouped('tag:env:', { b: 'critical' })[0]).toEqual(['env:test', 'b']);
    expect(grouped('tag:env:', { b: 'critical' }, false)[0]).toEqual(['env:prod', 'ad']);
  });

  it('machines can be grouped by what stands before the colon of their tags', () => {
    expect(tagPrefixes(['site:fra', 'env:prod', 'env:test', 'db', ':odd'])).toEqual(['env:', 'site:']);
  });
});
