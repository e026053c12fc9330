import { describe, expect, it } from 'vitest';
import { knownTile, type AnyTile } from '#protocol/boards.ts';
import {
  addTile,
  neighbourOf,
  othersMoved,
  placeTile,
  redo,
  removeTile,
  rename,
  replaceTile,
  settle,
  startEdits,
  undo,
  type Edits,
} from '../../../../web/src/boards/editor/edits.ts';

const LEAST = { w: 2, h: 2 };
const clock = (id: string, x: number, y: number): AnyTile =>
  knownTile.parse({ kind: 'clock', id, place: { x, y, w: 4, h: 4 } });
const start = () => startEdits({ name: 'One', tiles: [clock('a', 0, 0), clock('b', 0, 4)] });
const rowOf = ({ now }: Edits, id: string) => now.tiles.find((tile) => tile.id === id)?.place.y;
const placed = (edits: Edits, id: string, y: number) => placeTile(edits, id, { x: 0, y, w: 4, h: 4 }, LEAST);

describe('moving a tile', () => {
  it('a tile that is moved past another by the keyboard lets it return to its place', () => {
    let edits = start();
    edits = placed(edits, 'a', 1);
    expect([rowOf(edits, 'a'), rowOf(edits, 'b')]).toEqual([1, 5]);
    for (let y = 2; y <= 8; y++) edits = placed(edits, 'a', y);
    expect([rowOf(edits, 'a'), rowOf(edits, 'b')]).toEqual([8, 4]);
  });

  it('moving a tile key by key is one step back', () => {
    const moved = placed(placed(start(), 'a', 1), 'a', 2);
    expect(undo(moved).now).toEqual(start().now);
    expect(undo(moved).past).toEqual([]);
  });

  it('what is moved after the gesture has ended is a step of its own', () => {
    const twice = placed(settle(placed(start(), 'a', 1)), 'a', 2);
    expect(rowOf(undo(twice), 'a')).toBe(1);
  });

  it('a tile that is moved back to where it began leaves nothing to undo', () => {
    expect(placed(placed(start(), 'a', 1), 'a', 0).past).toEqual([]);
  });

  it('a tile at the edge stays as it is and leaves nothing to undo', () => {
    const edits = start();
    expect(placed(edits, 'a', -1)).toBe(edits);
  });

  it('other tiles that were pushed away are counted', () => {
    const edits = start();
    expect(othersMoved(edits.now, placed(edits, 'a', 2).now, 'a')).toBe(1);
  });
});

describe('steps', () => {
  it('every change can be undone and done again', () => {
    const added = addTile(start(), clock('c', 8, 0));
    const removed = removeTile(added, 'a');
    expect(undo(undo(removed)).now).toEqual(start().now);
    expect(redo(redo(undo(undo(removed)))).now).toEqual(removed.now);
    expect(undo(start()).now).toEqual(start().now);
  });

  it('a change after an undo takes away what could be done again', () => {
    const undone = undo(addTile(start(), clock('c', 8, 0)));
    expect(rename(undone, 'Two').future).toEqual([]);
  });

  it('a name that is typed letter by letter is one step back', () => {
    const named = rename(rename(start(), 'T'), 'Tw');
    expect(named.now.name).toBe('Tw');
    expect(undo(named).now.name).toBe('One');
  });

  it('a tile that is saved as it was leaves nothing to undo', () => {
    const edits = start();
    expect(replaceTile(edits, clock('a', 0, 0))).toBe(edits);
  });

  it('the next tile in reading order is focused when one is removed, or the one before the last', () => {
    const { tiles } = start().now;
    expect(neighbourOf(tiles, 'a')).toBe('b');
    expect(neighbourOf(tiles, 'b')).toBe('a');
    expect(neighbourOf([clock('a', 0, 0)], 'a')).toBeUndefined();
  });
});
