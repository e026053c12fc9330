import { describe, expect, it } from 'vitest';
import { GRID_COLUMNS, GRID_ROWS } from '#protocol/boards.ts';
import { freePlace, inOrder, onGrid, rowsOf, stepped, withPlace } from '../../../web/src/boards/grid.ts';

const tile = (id: string, x: number, y: number, w: number, h: number) => ({ id, place: { x, y, w, h } });
const placesOf = (tiles: readonly { id: string; place: { x: number; y: number } }[] | undefined) =>
  Object.fromEntries((tiles ?? []).map(({ id, place }) => [id, [place.x, place.y]]));

describe('a moved tile', () => {
  const tiles = [tile('a', 0, 0, 6, 4), tile('b', 6, 0, 6, 4), tile('c', 0, 4, 12, 4)];

  it('a moved tile pushes down what it would cover, and what that would cover', () => {
    const moved = withPlace(tiles, 'a', { x: 6, y: 0, w: 6, h: 4 });
    expect(placesOf(moved)).toEqual({ a: [6, 0], b: [6, 4], c: [0, 8] });
  });

  it('a tile that nothing covers stays where it is, also where there is room above it', () => {
    const moved = withPlace(tiles, 'a', { x: 18, y: 0, w: 6, h: 4 });
    expect(placesOf(moved)).toEqual({ a: [18, 0], b: [6, 0], c: [0, 4] });
  });

  it('no two tiles ever cover each other, wherever one is put', () => {
    for (let x = 0; x <= 18; x++) {
      for (let y = 0; y < 12; y++) {
        const moved = withPlace(tiles, 'b', { x, y, w: 6, h: 5 }) ?? [];
        const cells = moved.flatMap(({ place }) =>
          Array.from(
            { length: place.w * place.h },
            (_, i) => `${place.x + (i % place.w)}:${place.y + Math.floor(i / place.w)}`,
          ),
        );
        expect(new Set(cells).size, `${x}:${y}`).toBe(cells.length);
      }
    }
  });

  it('a tile is not moved where it would push another below the last row', () => {
    const full = [tile('a', 0, 0, 6, 4), tile('b', 0, 4, 24, GRID_ROWS - 4)];
    expect(withPlace(full, 'a', { x: 0, y: 1, w: 6, h: 4 })).toBeUndefined();
  });
});

describe('places', () => {
  it('a place outside the grid is moved into it, and is never smaller than the least size', () => {
    expect(onGrid({ x: -3, y: -1, w: 1, h: 1 }, { w: 4, h: 3 })).toEqual({ x: 0, y: 0, w: 4, h: 3 });
    expect(onGrid({ x: 23, y: 239, w: 30, h: 4 }, { w: 1, h: 1 })).toEqual({
      x: 0,
      y: GRID_ROWS - 4,
      w: GRID_COLUMNS,
      h: 4,
    });
  });

  it('a new tile takes the first free place in reading order', () => {
    const tiles = [tile('a', 0, 0, 12, 4), tile('b', 18, 0, 6, 4)];
    expect(freePlace(tiles, { w: 6, h: 4 })).toEqual({ x: 12, y: 0, w: 6, h: 4 });
    expect(freePlace(tiles, { w: 7, h: 4 })).toEqual({ x: 0, y: 4, w: 7, h: 4 });
    expect(freePlace([tile('a', 0, 0, 24, GRID_ROWS)], { w: 1, h: 1 })).toBeUndefined();
  });

  it('tiles are read from the top row down, each row from the left', () => {
    const tiles = [tile('c', 0, 4, 1, 1), tile('b', 6, 0, 1, 1), tile('a', 0, 0, 1, 1)];
    expect(inOrder(tiles).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(rowsOf(tiles)).toBe(5);
    expect(rowsOf([])).toBe(1);
  });

  it('an arrow key moves a place by one step, or makes it one step larger or smaller', () => {
    const place = { x: 2, y: 2, w: 4, h: 4 };
    expect(stepped(place, 'ArrowLeft', 'move')).toEqual({ ...place, x: 1 });
    expect(stepped(place, 'ArrowDown', 'resize')).toEqual({ ...place, h: 5 });
  });
});
