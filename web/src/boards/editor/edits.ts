/** A board while it is edited: what it is now, and every step back and forth. */
import type { AnyTile, Place } from '#protocol/boards.ts';
import { inOrder, onGrid, withPlace, type Size } from '../grid.ts';

/** What people edit of a board. */
export interface Draft {
  readonly name: string;
  readonly tiles: readonly AnyTile[];
}

export interface Edits {
  readonly past: readonly Draft[];
  readonly now: Draft;
  readonly future: readonly Draft[];
  /**
   * What is going on, such as moving one tile key by key. Changes of one gesture are one step back, and each of them
   * starts from the draft before the gesture: tiles that were pushed away come back when the moved tile has passed.
   */
  readonly gesture: string;
}

/** So many steps back are kept. */
const STEPS = 100;

export function startEdits(draft: Draft): Edits {
  return { past: [], now: draft, future: [], gesture: '' };
}

/** The edits with one more step. */
export function change(edits: Edits, draft: Draft): Edits {
  return { past: [...edits.past, edits.now].slice(-STEPS), now: draft, future: [], gesture: '' };
}

/** The edits with a step that goes on as long as the same gesture does. `make` gets the draft before the gesture. */
function changeInGesture(edits: Edits, gesture: string, make: (before: Draft) => Draft): Edits {
  const before = edits.gesture === gesture ? edits.past.at(-1) : undefined;
  if (before === undefined) return { ...change(edits, make(edits.now)), gesture };
  const now = make(before);
  // Back where it began: there is nothing to undo.
  if (isSame(now, before)) return { past: edits.past.slice(0, -1), now: before, future: [], gesture: '' };
  return { ...edits, now, future: [] };
}

/** Ends a gesture: what comes next is a step of its own. */
export function settle(edits: Edits): Edits {
  return edits.gesture === '' ? edits : { ...edits, gesture: '' };
}

export function undo(edits: Edits): Edits {
  const before = edits.past.at(-1);
  if (before === undefined) return edits;
  return { past: edits.past.slice(0, -1), now: before, future: [edits.now, ...edits.future], gesture: '' };
}

export function redo(edits: Edits): Edits {
  const [after, ...future] = edits.future;
  if (after === undefined) return edits;
  return { past: [...edits.past, edits.now], now: after, future, gesture: '' };
}

export function isSame(a: Draft, b: Draft): boolean {
  return JSON.stringify([a.name, a.tiles]) === JSON.stringify([b.name, b.tiles]);
}

/** The edits with the tile at `place`; the same edits where it cannot be there, or is there already. */
export function placeTile(edits: Edits, id: string, place: Place, least: Size): Edits {
  const wanted = onGrid(place, least);
  const current = edits.now.tiles.find((tile) => tile.id === id)?.place;
  if (current === undefined || JSON.stringify(current) === JSON.stringify(wanted)) return edits;
  const gesture = `place ${id}`;
  const before = edits.gesture === gesture ? (edits.past.at(-1) ?? edits.now) : edits.now;
  const tiles = withPlace(before.tiles, id, wanted);
  if (tiles === undefined) return edits;
  return changeInGesture(edits, gesture, () => ({ ...edits.now, tiles }));
}

export function rename(edits: Edits, name: string): Edits {
  if (name === edits.now.name) return edits;
  return changeInGesture(edits, 'name', (before) => ({ ...before, name }));
}

export function addTile(edits: Edits, tile: AnyTile): Edits {
  return change(edits, { ...edits.now, tiles: [...edits.now.tiles, tile] });
}

export function replaceTile(edits: Edits, tile: AnyTile): Edits {
  const tiles = edits.now.tiles.map((other) => (other.id === tile.id ? tile : other));
  const draft = { ...edits.now, tiles };
  return isSame(draft, edits.now) ? edits : change(edits, draft);
}

export function removeTile(edits: Edits, id: string): Edits {
  return change(edits, { ...edits.now, tiles: edits.now.tiles.filter((tile) => tile.id !== id) });
}

/** The tile that is focused once `id` is removed: the next one in reading order, or else the one before it. */
export function neighbourOf(tiles: readonly AnyTile[], id: string): string | undefined {
  const order = inOrder(tiles).map((tile) => tile.id);
  const i = order.indexOf(id);
  return order[i + 1] ?? order[i - 1];
}

/** How many tiles other than `id` have another place than before. */
export function othersMoved(before: Draft, after: Draft, id: string): number {
  const places = new Map(before.tiles.map((tile) => [tile.id, tile.place]));
  return after.tiles.filter((tile) => {
    const was = places.get(tile.id);
    return tile.id !== id && was !== undefined && (was.x !== tile.place.x || was.y !== tile.place.y);
  }).length;
}
