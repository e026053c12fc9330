import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RowSelection } from '../../../web/src/fleet/row-selection.svelte.ts';
import { stubRunes } from '../stores/runes.ts';

beforeEach(stubRunes);
afterEach(() => void vi.unstubAllGlobals());

const KEYS = ['a', 'b', 'c', 'd'];
const rows = (ids: readonly string[]) => ids.map((id) => ({ id }));

it('the cursor begins at the first row, or from below at the last, and stops at both ends', () => {
  const down = new RowSelection();
  expect(down.cursor).toBeUndefined();
  down.move(KEYS, 1);
  expect(down.cursor).toBe('a');
  down.move(KEYS, -1);
  expect(down.cursor).toBe('a');
  down.move(KEYS, 99);
  expect(down.cursor).toBe('d');
  const up = new RowSelection();
  up.move(KEYS, -1);
  expect(up.cursor).toBe('d');
});

it('a cursor whose row goes is on the row that takes its place', () => {
  const selection = new RowSelection();
  selection.move(KEYS, 2);
  expect(selection.cursor).toBe('b');
  selection.settle(['a', 'c', 'd'], rows(['a', 'c', 'd']));
  expect(selection.cursor).toBe('c');
  selection.settle(['d', 'c'], rows(['c', 'd']));
  expect(selection.cursor).toBe('c');
  selection.settle([], []);
  expect(selection.cursor).toBeUndefined();
});

it('a range goes from the machine that was selected last to the one that is chosen, in both directions', () => {
  const selection = new RowSelection();
  selection.toggle('c');
  selection.extend(KEYS, 'a');
  expect([...selection.selected].sort()).toEqual(['a', 'b', 'c']);
  const other = new RowSelection();
  other.extend(KEYS, 'b');
  expect([...other.selected]).toEqual(['b']);
});

it('a machine that the page shows no more is not selected any more', () => {
  const selection = new RowSelection();
  selection.selectAll(KEYS);
  selection.settle(KEYS, rows(['b', 'd']));
  expect([...selection.selected].sort()).toEqual(['b', 'd']);
  selection.clear();
  expect(selection.selected.size).toBe(0);
});
