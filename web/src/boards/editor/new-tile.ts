/** New tiles: their size, and what they show before anybody has said so. */
import { isKnownTile, knownTile, type AnyTile, type Tile, type TileKind } from '#protocol/boards.ts';
import { ALL_MACHINES } from '#protocol/machine-scope.ts';
import { freePlace, type Size } from '../grid.ts';

/** The size that a new tile of a kind has, in columns and rows. */
const SIZES: Readonly<Record<TileKind, Size>> = {
  number: { w: 4, h: 4 },
  gauge: { w: 4, h: 5 },
  line: { w: 12, h: 7 },
  bar: { w: 6, h: 7 },
  heatmap: { w: 12, h: 7 },
  table: { w: 12, h: 8 },
  status: { w: 8, h: 6 },
  alerts: { w: 8, h: 7 },
  events: { w: 8, h: 7 },
  text: { w: 6, h: 5 },
  clock: { w: 4, h: 3 },
  summary: { w: 6, h: 5 },
  picture: { w: 6, h: 6 },
};

/** The smallest size in which a tile can still be read. */
const LEAST: Readonly<Partial<Record<TileKind, Size>>> = {
  line: { w: 5, h: 4 },
  heatmap: { w: 5, h: 4 },
  table: { w: 5, h: 4 },
  alerts: { w: 4, h: 4 },
  events: { w: 4, h: 4 },
};

export function leastSize(tile: Pick<AnyTile, 'kind'>): Size {
  const known = Object.entries(LEAST).find(([kind]) => kind === tile.kind);
  return known?.[1] ?? { w: 2, h: 2 };
}

/** In the place of a picture that nobody has chosen yet. */
export const NO_PICTURE = '0'.repeat(64);

/** What a tile shows at first; the schema fills in the rest. */
const FIRST: Readonly<Record<TileKind, object>> = {
  number: { scope: ALL_MACHINES, field: 'cpu' },
  gauge: { scope: ALL_MACHINES, field: 'cpu', limits: { warning: 75, critical: 90 } },
  line: { scope: ALL_MACHINES, fields: ['cpu'] },
  bar: { scope: ALL_MACHINES, field: 'cpu' },
  heatmap: { scope: ALL_MACHINES, field: 'cpu' },
  table: { scope: ALL_MACHINES, fields: ['cpu', 'ram', 'disk'] },
  status: { scope: ALL_MACHINES },
  alerts: { scope: ALL_MACHINES },
  events: { scope: ALL_MACHINES },
  text: { markdown: '' },
  clock: {},
  summary: { scope: ALL_MACHINES },
  picture: { picture: NO_PICTURE },
};

/** An id that no tile of the board has. */
export function freshId(tiles: readonly Pick<AnyTile, 'id'>[]): string {
  for (let n = tiles.length + 1; ; n++) {
    const id = `tile-${n}`;
    if (!tiles.some((tile) => tile.id === id)) return id;
  }
}

/** A new tile at the first free place; undefined where the board is full. */
export function newTile(kind: TileKind, tiles: readonly AnyTile[]): Tile | undefined {
  const place = freePlace(tiles, SIZES[kind]);
  if (place === undefined) return undefined;
  return knownTile.parse({ kind, id: freshId(tiles), place, ...FIRST[kind] });
}

/** The same tile again at the first free place; undefined where the board is full. */
export function copyOf(tile: AnyTile, tiles: readonly AnyTile[]): AnyTile | undefined {
  const place = freePlace(tiles, tile.place);
  if (place === undefined) return undefined;
  const copied = { id: freshId(tiles), place };
  return isKnownTile(tile) ? { ...tile, ...copied } : { ...tile, ...copied };
}
