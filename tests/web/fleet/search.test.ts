import { expect, it } from 'vitest';
import type { State } from '../../../web/src/ui/state.ts';
import { parseSearch, tagWord, toggledWord } from '../../../web/src/fleet/search.ts';
import { device } from './machine-row.ts';

const VALUES: Readonly<Record<string, number>> = { cpu: 91, ram: 40, net_rx: 20_000_000 };
const finds = (search: string, one = device('web-1'), state: State = 'good') =>
  parseSearch(search).matches(
    one,
    () => state,
    (field) => VALUES[field],
  );

it('a search finds machines by name, host name, address, system and tags, and every word must match', () => {
  const one = device('web-1', { tags: ['prod'], ip: '192.168.4.9', os: 'Ubuntu 24.04' });
  for (const found of ['web', 'WEB-1.lan', '168.4', 'ubuntu', 'prod', 'web prod ubuntu', '  '])
    expect(finds(found, one), found).toBe(true);
  for (const missed of ['db', 'web staging']) expect(finds(missed, one), missed).toBe(false);
});

it('a search for tag:prod finds exactly that tag, and a click on a tag adds or removes the word', () => {
  expect(finds('tag:prod', device('a', { tags: ['prod'] }))).toBe(true);
  expect(finds('tag:prod', device('b', { tags: ['production'] }))).toBe(false);
  expect(finds('tag:env:prod', device('c', { tags: ['env:prod'] }))).toBe(true);
  expect(toggledWord('db', tagWord('prod'))).toBe('db tag:prod');
  expect(toggledWord('tag:prod db', tagWord('prod'))).toBe('db');
});

it('a search for is:offline, is:alert or is:online finds machines by their state', () => {
  const one = device('web-1');
  expect(finds('is:offline', one, 'offline')).toBe(true);
  expect(finds('is:offline', one, 'good')).toBe(false);
  expect(finds('is:alert web', one, 'warning')).toBe(true);
  expect(finds('is:critical', one, 'warning')).toBe(false);
  expect(finds('is:online', one, 'stale')).toBe(true);
  expect(finds('is:online', one, 'waiting')).toBe(false);
  expect(finds('is:maintenance', device('a', { maintenance: { until: 1, name: 'Kernel' } }))).toBe(true);
});

it('a search compares fields with numbers, with the units that pages show', () => {
  for (const found of [
    'cpu>80',
    'cpu>=91',
    'cpu<92',
    'cpu=91',
    'cpu>90%',
    'memory<50',
    'in>100Mbit',
    'net_rx>10M',
  ])
    expect(finds(found), found).toBe(true);
  for (const missed of ['cpu<80', 'cpu>91', 'net_rx>1G', 'load1>0', 'load1<5'])
    expect(finds(missed), missed).toBe(false);
  expect(parseSearch('web cpu>80 load1<=2').fields).toEqual(['cpu', 'load1']);
});

it('a minus turns a word round, and quotes keep words together', () => {
  const one = device('web-1', { tags: ['test'], os: 'Debian 13 trixie' });
  expect(finds('-tag:test', one)).toBe(false);
  expect(finds('-tag:prod web', one)).toBe(true);
  expect(finds('-cpu>80', one)).toBe(false);
  expect(finds('os:"debian 13"', one)).toBe(true);
  expect(finds('os:"debian 12"', one)).toBe(false);
  expect(finds('"cpu>80"', one)).toBe(false);
});

it('a word that is wrong finds nothing, and the search says what is wrong with it', () => {
  for (const [search, says] of [
    ['is:onlin', 'is no state'],
    ['is:constructor', 'is no state'],
    ['cpu>much', 'compares with no number'],
    ['-cpu>much', 'compares with no number'],
    ['tag:', 'is followed by a tag'],
  ] as const) {
    expect(parseSearch(search).problems.join(), search).toContain(says);
    expect(finds(search), search).toBe(false);
  }
  expect(parseSearch('web fe80::1 10.0.0.0/8 a-b').problems).toEqual([]);
});
