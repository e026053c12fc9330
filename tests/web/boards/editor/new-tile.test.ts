import { describe, expect, it } from 'vitest';
import { TILE_KINDS } from '#protocol/boards.ts';
import { copyOf, freshId, leastSize, newTile } from '../../../../web/src/boards/editor/new-tile.ts';
import { KIND_WORDS } from '../../../../web/src/boards/tile-words.ts';

describe('new tiles', () => {
  it('a new tile of every kind is valid but for a picture that is not chosen yet, and not too small', () => {
    for (const kind of TILE_KINDS) {
      const tile = newTile(kind, []);
      expect(tile?.kind).toBe(kind);
      expect(tile?.place.w).toBeGreaterThanOrEqual(leastSize({ kind }).w);
      expect(KIND_WORDS[kind].label).not.toBe('');
    }
  });

  it('a copy has an id and a place of its own, and a tile of a later version stays as it is', () => {
    const later = { id: 'tile-1', kind: 'hologram', title: '', place: { x: 0, y: 0, w: 4, h: 4 }, shine: 3 };
    expect(copyOf(later, [later])).toEqual({ ...later, id: 'tile-2', place: { x: 4, y: 0, w: 4, h: 4 } });
    expect(freshId([{ id: 'tile-2' }])).toBe('tile-3');
  });
});
