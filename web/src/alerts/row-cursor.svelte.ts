/** The row of a list that keys act on, and the rows that are selected with it. Rows are known by their ids. */
export class RowCursor {
  /** Undefined while the list is empty. */
  id: string | undefined = $state();
  selected: readonly string[] = $state.raw([]);
  /** Where the row is in the list, so that the next one takes its place when it goes. */
  #index = 0;

  /** To be called when the list has changed: a cursor whose row is gone goes to the row in its place. */
  settle(ids: readonly string[]): void {
    const index = this.id === undefined ? -1 : ids.indexOf(this.id);
    this.#index = index >= 0 ? index : Math.max(0, Math.min(this.#index, ids.length - 1));
    this.id = ids[this.#index];
    const kept = this.selected.filter((id) => ids.includes(id));
    if (kept.length < this.selected.length) this.selected = kept;
  }

  /** Moves by so many rows, down for more than 0; it stops at both ends. */
  move(ids: readonly string[], by: number): void {
    this.#index = Math.max(0, Math.min(ids.length - 1, this.#index + by));
    this.id = ids[this.#index];
  }

  toggle(id: string): void {
    this.selected = this.selected.includes(id)
      ? this.selected.filter((other) => other !== id)
      : [...this.selected, id];
  }

  /** Selects all rows, or none where all are selected. */
  toggleAll(ids: readonly string[]): void {
    this.selected = this.selected.length === ids.length ? [] : ids;
  }

  /** What keys and buttons act on: the selected rows, or else the row of the cursor. */
  targets(ids: readonly string[]): readonly string[] {
    if (this.selected.length > 0) return ids.filter((id) => this.selected.includes(id));
    return this.id === undefined ? [] : [this.id];
  }

  /** Something was done to these rows: they are not selected any more, and the cursor goes to the next other row. */
  done(ids: readonly string[], acted: readonly string[]): void {
    this.selected = [];
    if (this.id === undefined || !acted.includes(this.id)) return;
    this.id = ids.slice(this.#index).find((id) => !acted.includes(id)) ?? this.id;
  }
}
