/** A board that somebody edits: its steps back and forth, what was said about the last one, and the kept draft. */
import type { AnyTile, Board, Place } from '#protocol/boards.ts';
import { plural } from '../../format/messages.ts';
import { tileName } from '../tile-words.ts';
import type { DraftMemory } from './draft-memory.ts';
import {
  addTile,
  isSame,
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
  type Draft,
  type Edits,
} from './edits.ts';
import { copyOf, leastSize } from './new-tile.ts';

interface EditorParts {
  readonly board: Board;
  readonly memory: DraftMemory;
  /** A machine's name by its id. */
  readonly nameOf: (id: string) => string;
}

export class Editor {
  /** The board as the server had it when the editing began. */
  readonly board: Board;
  /** Whether the draft is one that was kept when the page was left without saving. */
  readonly recovered: boolean;
  /** What the last act came to, for a screen reader. */
  said: string = $state('');
  #edits: Edits = $state.raw(startEdits({ name: '', tiles: [] }));
  readonly #saved: Draft;
  readonly #memory: DraftMemory;
  readonly #nameOf: (id: string) => string;

  constructor({ board, memory, nameOf }: EditorParts) {
    this.board = board;
    this.#memory = memory;
    this.#nameOf = nameOf;
    this.#saved = { name: board.name, tiles: board.tiles };
    const kept = memory.read(board.version);
    this.recovered = kept !== undefined && !isSame(kept, this.#saved);
    this.#edits = startEdits(this.#saved);
    if (kept && this.recovered) this.#edits = { ...this.#edits, past: [this.#saved], now: kept };
  }

  get draft(): Draft {
    return this.#edits.now;
  }
  get changed(): boolean {
    return !isSame(this.#edits.now, this.#saved);
  }
  get canUndo(): boolean {
    return this.#edits.past.length > 0;
  }
  get canRedo(): boolean {
    return this.#edits.future.length > 0;
  }

  nameTile(tile: AnyTile): string {
    return tileName(tile, this.#nameOf);
  }

  /** Puts a tile to a place, as near as it can be. */
  place(tile: AnyTile, place: Place): void {
    const before = this.draft;
    this.#apply(placeTile(this.#edits, tile.id, place, leastSize(tile)));
    const now = this.draft.tiles.find(({ id }) => id === tile.id)?.place ?? place;
    const where = `${this.nameTile(tile)}: column ${now.x + 1}, row ${now.y + 1}, ${now.w} wide, ${now.h} tall.`;
    const others = othersMoved(before, this.draft, tile.id);
    const moved = plural(others, `${others} other tile moved.`, `${others} other tiles moved.`);
    this.said = others === 0 ? where : `${where} ${moved}`;
  }

  /** The tile is where it is to be: moving it again is another step. */
  settle(): void {
    this.#edits = settle(this.#edits);
  }

  rename(name: string): void {
    this.#apply(rename(this.#edits, name));
  }

  add(tile: AnyTile): void {
    this.#apply(addTile(this.#edits, tile));
    this.said = `${this.nameTile(tile)} was added.`;
  }

  replace(tile: AnyTile): void {
    this.#apply(replaceTile(this.#edits, tile));
    this.said = `${this.nameTile(tile)} was changed.`;
  }

  /** Returns the id of the copy, undefined where the board is full. */
  duplicate(tile: AnyTile): string | undefined {
    const copy = copyOf(tile, this.draft.tiles);
    if (copy === undefined) {
      this.said = 'The board is full.';
      return undefined;
    }
    this.#apply(addTile(this.#edits, copy));
    this.said = `${this.nameTile(tile)} was copied.`;
    return copy.id;
  }

  /** Returns the id of the tile that is nearest to the removed one, undefined where none is left. */
  remove(tile: AnyTile): string | undefined {
    const next = neighbourOf(this.draft.tiles, tile.id);
    this.#apply(removeTile(this.#edits, tile.id));
    this.said = `${this.nameTile(tile)} was removed. Undo brings it back.`;
    return next;
  }

  undo(): void {
    this.said = this.canUndo ? 'Undone.' : 'There is nothing to undo.';
    this.#apply(undo(this.#edits));
  }

  redo(): void {
    this.said = this.canRedo ? 'Done again.' : 'There is nothing to do again.';
    this.#apply(redo(this.#edits));
  }

  /** Back to the board as it is saved; that can be undone. */
  discard(): void {
    this.#apply({ past: [...this.#edits.past, this.draft], now: this.#saved, future: [], gesture: '' });
    this.said = 'The board is as it was saved.';
  }

  /** Forgets the kept draft: it was saved, or is not wanted. */
  forget(): void {
    this.#memory.forget();
  }

  #apply(edits: Edits): void {
    this.#edits = edits;
    if (this.changed) this.#memory.keep(this.board.version, this.draft);
    else this.#memory.forget();
  }
}
