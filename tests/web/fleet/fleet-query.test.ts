import { expect, it } from 'vitest';
import {
  DEFAULT_COLUMNS,
  DEFAULT_QUERY,
  fieldsOf,
  inLook,
  MOST_COLUMNS,
  namedQuery,
  parseQuery,
  sortedBy,
  storedQuery,
  writeQuery,
  type FleetQuery,
} from '../../../web/src/fleet/fleet-query.ts';

const query = (more: Partial<FleetQuery>): FleetQuery => ({ ...DEFAULT_QUERY, ...more });
const parsed = (text: string) => parseQuery(new URLSearchParams(text));

it('all that the page shows is written to the URL, and read back the same', () => {
  for (const one of [
    query({}),
    query({ search: 'db tag&x=1' }),
    query({ sort: 'cpu', descending: true }),
    query({ sort: 'name', search: 'ä' }),
    query({ look: 'heat', sort: 'name', by: 'state' }),
    query({ look: 'heat', sort: 'status' }),
    query({ look: 'tiles', group: 'tag:env:', closed: ['env:prod', '-'] }),
    query({ columns: ['cpu', 'mount:/var,log:used', 'net'], named: 'x1' }),
  ])
    expect(parsed(writeQuery(one))).toEqual(one);
});

it('the default query adds nothing to the URL', () => {
  expect(writeQuery(DEFAULT_QUERY)).toBe('');
});

it('what is not known in the URL counts as the default', () => {
  expect(parsed('view=globe&group=moon&column=&sort=-')).toEqual(DEFAULT_QUERY);
  expect(parsed(Array.from({ length: 30 }, (_, i) => `column=f${i}`).join('&')).columns).toHaveLength(
    MOST_COLUMNS,
  );
});

it('the heat map keeps machines in their places, and the list has the worst first, unless another order was asked for', () => {
  expect(inLook(DEFAULT_QUERY, 'heat').sort).toBe('name');
  expect(inLook(inLook(DEFAULT_QUERY, 'heat'), 'list').sort).toBe('status');
  const byCpu = query({ sort: 'cpu', descending: true });
  expect(inLook(byCpu, 'heat')).toMatchObject({ sort: 'cpu', descending: true });
});

it('a second click on a column reverses its order', () => {
  const once = sortedBy(DEFAULT_QUERY, 'cpu');
  expect(sortedBy(once, 'cpu').descending).toBe(!once.descending);
  expect(sortedBy(DEFAULT_QUERY, 'name').descending).toBe(false);
});

it('a named view keeps everything but its own name', () => {
  const shown = query({ search: 'db', look: 'tiles', columns: ['load1'], named: 'old' });
  const view = { id: 'new', query: storedQuery(shown) };
  expect(namedQuery(view)).toEqual({ ...shown, named: 'new' });
  expect(storedQuery(namedQuery(view))).toBe(view.query);
});

it('[L6] the page asks for the fields of the columns that it shows, and for none of another view', () => {
  expect(fieldsOf(query({ columns: [...DEFAULT_COLUMNS, 'load1'] }))).toEqual([
    'cpu',
    'ram',
    'disk',
    'load1',
  ]);
  expect(fieldsOf(query({ look: 'heat', sort: 'name', by: 'load5', columns: ['load1'] }))).toEqual(['load5']);
  expect(fieldsOf(query({ look: 'tiles', columns: ['load1'] }))).toEqual([]);
});
