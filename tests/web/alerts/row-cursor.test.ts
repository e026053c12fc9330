import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RowCursor } from '../../../web/src/alerts/row-cursor.svelte.ts';
import { stubRunes } from '../stores/runes.ts';

beforeEach(stubRunes);
afterEach(() => void vi.unstubAllGlobals());

const IDS = ['a', 'b', 'c', 'd'];

it('the cursor begins at the first row, moves by rows, and stops at both ends', () => {
  const cursor = new RowCursor();
  cursor.settle(IDS);
  expect(cursor.id).toBe('a');
  cursor.move(IDS, -1);
  expect(cursor.id).toBe('a');
  for (let i = 0; i < 9; i++) cursor.move(IDS, 1);
  expect(cursor.id).toBe('d');
});

it('the cursor stays at its row where rows come before it, and goes to the next one where its row goes', () => {
  const cursor = new RowCursor();
  cursor.settle(IDS);
  cursor.move(IDS, 1);
  cursor.settle(['new', ...IDS]);
  expect(cursor.id).toBe('b');
  cursor.settle(['new', 'a', 'c', 'd']);
  expect(cursor.id).toBe('c');
  cursor.settle([]);
  expect(cursor.id).toBeUndefined();
});

it('what is done is done to the selected rows, or else to the row of the cursor', () => {
  const cursor = new RowCursor();
  cursor.settle(IDS);
  expect(cursor.targets(IDS)).toEqual(['a']);
  cursor.toggle('c');
  cursor.toggle('b');
  expect(cursor.targets(IDS)).toEqual(['b', 'c']);
  cursor.toggle('b');
  expect(cursor.targets(IDS)).toEqual(['c']);
  cursor.toggleAll(IDS);
  expect(cursor.targets(IDS)).toEqual(IDS);
  cursor.settle(['a', 'b']);
  expect(cursor.selected).toEqual(['a', 'b']);
});

it('after something was done, nothing is selected, and the cursor is at the next row that was not meant', () => {
  const cursor = new RowCursor();
  cursor.settle(IDS);
  cursor.toggle('a');
  cursor.toggle('b');
  cursor.done(IDS, ['a', 'b']);
  expect([cursor.id, cursor.selected]).toEqual(['c', []]);
  cursor.settle(IDS);
  cursor.done(IDS, ['d']);
  expect(cursor.id).toBe('c');
});
