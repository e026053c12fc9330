import { expect, it } from 'vitest';
import { nameMatches } from '#protocol/name-pattern.ts';

it('in a pattern of names, * stands for any characters, and the case is the same', () => {
  expect(nameMatches('web-*', 'WEB-1')).toBe(true);
  expect(nameMatches('web-*', 'my-web-1')).toBe(false);
  expect(nameMatches('*-db-*-eu', 'x-db-7-eu')).toBe(true);
  expect(nameMatches('a*a', 'a')).toBe(false);
  expect(nameMatches('web', 'web-1')).toBe(false);
  expect(nameMatches('*', 'anything')).toBe(true);
  expect(nameMatches('a.c', 'abc')).toBe(false);
});

it('[S6] a pattern of many stars is compared at once', () => {
  expect(nameMatches(`${'a*'.repeat(90)}b`, 'a'.repeat(10_000))).toBe(false);
});
