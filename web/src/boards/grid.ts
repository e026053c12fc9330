/** Where tiles are on the grid of a board: which places are free, and what a moved tile pushes away. */
import { GRID_COLUMNS, GRID_ROWS, type Place } from '#protocol/boards.ts';

interface Placed {
  readonly id: string;
  readonly place: Place;
}

export interface Size {
  readonly w: number;
  readonly h: number;
}

function overlap(a: Place, b: Place): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/** How many rows the tiles take; at least one. */
export function rowsOf(tiles: readonly Placed[]): number {
  return Math.max(1, ...tiles.map(({ place }) => place.y + place.h));
}

/** The tiles in reading order: from the top row down, each row from the left. */
export function inOrder<Tile extends Placed>(tiles: readonly Tile[]): Tile[] {
  return tiles.toSorted((a, b) => a.place.y - b.place.y || a.place.x - b.place.x);
}

const within = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value));

/** The place, of at least the size `least`, moved and cut so that it lies on the grid. */
export function onGrid(place: Place, least: Size): Place {
  const w = within(place.w, least.w, GRID_COLUMNS);
  const h = within(place.h, least.h, GRID_ROWS);
  return { x: within(place.x, 0, GRID_COLUMNS - w), y: within(place.y, 0, GRID_ROWS - h), w, h };
}

/**
 * The tiles with the tile `id` at `place`. The tiles that it would cover move down until they are free, and so do those
 * that these would cover; all others stay. Undefined where a tile would move below the last row.
 */
export function withPlace<Tile extends Placed>(
  tiles: readonly Tile[],
  id: string,
  place: Place,
): Tile[] | undefined {
  const taken: Place[] = [place];
  const places = new Map([[id, place]]);
  for (const tile of inOrder(tiles)) {
    if (tile.id === id) continue;
    const free = below(tile.place, taken);
    if (free.y + free.h > GRID_ROWS) return undefined;
    taken.push(free);
    places.set(tile.id, free);
  }
  return tiles.map((tile) => ({ ...tile, place: places.get(tile.id) ?? tile.place }));
}

/** The place itself, or the first one straight below it that covers none of `taken`. */
function below(place: Place, taken: readonly Place[]): Place {
  let free = place;
  for (;;) {
    const at = free;
    const bottoms = taken.filter((other) => overlap(at, other)).map(({ y, h }) => y + h);
    if (bottoms.length === 0) return free;
    free = { ...free, y: Math.max(...bottoms) };
  }
}

/** The first free place of this size, in reading order; undefined where the board is full. */
export function freePlace(tiles: readonly Placed[], { w, h }: Size): Place | undefined {
  for (let y = 0; y + h <= GRID_ROWS; y++) {
    for (let x = 0; x + w <= GRID_COLUMNS; x++) {
      const place = { x, y, w, h };
      if (tiles.every((tile) => !overlap(tile.place, place))) return place;
    }
  }
  return undefined;
}

type Direction = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown';
const STEPS: Record<Direction, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function isDirection(key: string): key is Direction {
  return Object.hasOwn(STEPS, key);
}

/** The place one step further, or one step larger or smaller. */
export function stepped(place: Place, key: Direction, act: 'move' | 'resize'): Place {
  const [across, down] = STEPS[key];
  return act === 'move'
    ? { ...place, x: place.x + across, y: place.y + down }
    : { ...place, w: place.w + across, h: place.h + down };
}
