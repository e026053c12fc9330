/** The row that keys act on, and the machines that are selected. */
import { SvelteSet } from 'svelte/reactivity';

/**
 * Rows are known by their keys, since a machine may have a row in each of several groups; what is selected are machines,
 * by their ids.
 */
export class RowSelection {
  /** The key of the row that keys act on; undefined until a key moves it. */
  cursor: string | undefined = $state();
  readonly selected = new SvelteSet<string>();
  /** Where the cursor is in the list, so that the next row takes its place when its own one goes. */
  #index = -1;
  /** The machine that was selected last: a range begins there. */
  #anchor: string | undefined;

  /** To be called when the list has changed: machines that it does not show are not selected any more. */
  settle(keys: readonly string[], rows: readonly { readonly id: string }[]): void {
    if (this.selected.size > 0) {
      // eslint-disable-next-line svelte/prefer-svelte-reactivity -- lives for this call only
      const ids = new Set(rows.map(({ id }) => id));
      for (const id of this.selected) if (!ids.has(id)) this.selected.delete(id);
    }
    if (this.cursor === undefined) return;
    const index = keys.indexOf(this.cursor);
    this.#index = index >= 0 ? index : Math.min(this.#index, keys.length - 1);
    this.cursor = keys[this.#index];
  }

  /** Moves by so many rows, down for more than 0; it stops at both ends. Returns where it is, from 0. */
  move(keys: readonly string[], by: number): number {
    const from = this.#index < 0 && by < 0 ? keys.length : this.#index;
    this.#index = Math.max(0, Math.min(keys.length - 1, from + by));
    this.cursor = keys[this.#index];
    return this.#index;
  }

  /** Puts the cursor on a row. */
  put(keys: readonly string[], key: string): void {
    this.#index = keys.indexOf(key);
    this.cursor = key;
  }

  toggle(id: string): void {
    if (!this.selected.delete(id)) this.selected.add(id);
    this.#anchor = id;
  }

  /** Selects from the machine that was selected last to this one. */
  extend(ids: readonly string[], id: string): void {
    const from = this.#anchor === undefined ? -1 : ids.indexOf(this.#anchor);
    const to = ids.indexOf(id);
    if (from < 0) return this.toggle(id);
    for (const each of ids.slice(Math.min(from, to), Math.max(from, to) + 1)) this.selected.add(each);
  }

  selectAll(ids: Iterable<string>): void {
    for (const id of ids) this.selected.add(id);
  }

  clear(): void {
    this.selected.clear();
    this.#anchor = undefined;
  }
}
