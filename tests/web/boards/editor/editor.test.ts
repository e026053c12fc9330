import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { knownTile, type AnyTile, type Board } from '#protocol/boards.ts';
import type { DraftMemory } from '../../../../web/src/boards/editor/draft-memory.ts';
import { Editor } from '../../../../web/src/boards/editor/editor.svelte.ts';
import type { Draft } from '../../../../web/src/boards/editor/edits.ts';
import { stubRunes } from '../../stores/runes.ts';

const clock = (id: string, title: string, y: number): AnyTile =>
  knownTile.parse({ kind: 'clock', id, title, place: { x: 0, y, w: 4, h: 4 } });
const tiles = [clock('a', 'One', 0), clock('b', 'Two', 4)];
const board: Board = {
  ...{ id: 'b', name: 'Room', version: 3, tiles },
  ...{ created_at: 0, created_by: 'ann', updated_at: 0, updated_by: 'ann' },
};

function open(kept?: Draft) {
  const memory: DraftMemory & { kept: Draft | undefined } = {
    kept,
    read: (version) => (version === board.version ? memory.kept : undefined),
    keep: (_, draft) => void (memory.kept = draft),
    forget: () => void (memory.kept = undefined),
  };
  const editor = new Editor({ board, memory, nameOf: String });
  const tile = (id: string) => editor.draft.tiles.find((each) => each.id === id) ?? clock('?', '?', 0);
  return { editor, memory, tile };
}

beforeEach(() => stubRunes());
afterEach(() => vi.unstubAllGlobals());

describe('what a screen reader hears', () => {
  it('the place of a moved tile is said, and how many others it moved', () => {
    const { editor, tile } = open();
    editor.place(tile('a'), { x: 4, y: 0, w: 4, h: 4 });
    expect(editor.said).toBe('One: column 5, row 1, 4 wide, 4 tall.');
    editor.place(tile('a'), { x: 2, y: 1, w: 4, h: 4 });
    expect(editor.said).toBe('One: column 3, row 2, 4 wide, 4 tall. 1 other tile moved.');
  });

  it('a tile that is removed, copied, undone and done again is told', () => {
    const { editor, tile } = open();
    expect(editor.remove(tile('a'))).toBe('b');
    expect(editor.said).toBe('One was removed. Undo brings it back.');
    editor.undo();
    expect(editor.said).toBe('Undone.');
    editor.undo();
    expect(editor.said).toBe('There is nothing to undo.');
    editor.redo();
    expect(editor.said).toBe('Done again.');
    expect(editor.duplicate(tile('b'))).toBe('tile-2');
    expect(editor.said).toBe('Two was copied.');
  });
});

describe('the kept draft', () => {
  it('every change is kept, and nothing once it is undone or saved', () => {
    const { editor, memory, tile } = open();
    editor.remove(tile('a'));
    expect(memory.kept?.tiles).toHaveLength(1);
    editor.undo();
    expect(memory.kept).toBeUndefined();
    editor.rename('Hall');
    expect(memory.kept?.name).toBe('Hall');
    editor.forget();
    expect(memory.kept).toBeUndefined();
  });

  it('a kept draft is taken up again, and can be undone or discarded', () => {
    const { editor } = open({ name: 'Hall', tiles: [] });
    expect(editor.recovered).toBe(true);
    expect(editor.draft.name).toBe('Hall');
    editor.discard();
    expect(editor.changed).toBe(false);
    editor.undo();
    expect(editor.draft.name).toBe('Hall');
    editor.undo();
    expect(editor.draft).toEqual({ name: 'Room', tiles });
  });

  it('a kept draft that is as the board was saved is nothing to take up', () => {
    expect(open({ name: 'Room', tiles }).editor.recovered).toBe(false);
  });
});
