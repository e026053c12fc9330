/**
 * A table of numbers: rows in ascending order of time, and columns that hold only the values there are. So a row
 * that lacks most of the columns costs no more than its values.
 */

export interface Column {
  /** The row of each value, ascending; undefined where value `i` is of row `i` and every row has one. */
  readonly rows: Uint32Array | undefined;
  /** None of them NaN. */
  readonly values: Float64Array;
}

export interface Table {
  /** The time of each row, epoch milliseconds, ascending. */
  readonly t: Float64Array;
  /** By column id. */
  readonly columns: ReadonlyMap<number, Column>;
}

/** A column that is being filled, row after row. */
export class GrowingColumn {
  readonly #values: Float64Array;
  #count = 0;
  /** Undefined as long as no row before the last one lacks a value. */
  #rows: Uint32Array | undefined;

  /** @param most how many values it will hold at most */
  constructor(most: number) {
    this.#values = new Float64Array(most);
  }

  /** Adds the value of a row after all others; nothing where it is NaN. */
  add(row: number, value: number): void {
    if (Number.isNaN(value)) return;
    if (this.#rows === undefined && row !== this.#count) this.#noteGap();
    if (this.#rows !== undefined) this.#rows[this.#count] = row;
    this.#values[this.#count++] = value;
  }

  #noteGap(): void {
    this.#rows = new Uint32Array(this.#values.length);
    for (let row = 0; row < this.#count; row++) this.#rows[row] = row;
  }

  /** The column in a table of so many rows; undefined where it has no value. */
  column(rows: number): Column | undefined {
    if (this.#count === 0) return undefined;
    if (this.#rows === undefined && this.#count < rows) this.#noteGap();
    const isFull = this.#count === this.#values.length;
    return {
      rows: isFull ? this.#rows : this.#rows?.subarray(0, this.#count),
      values: isFull ? this.#values : this.#values.subarray(0, this.#count),
    };
  }
}

/** The value of a column in this row; NaN where it has none. */
export function valueAt({ rows, values }: Column, row: number): number {
  const place = rows === undefined ? row : rows.indexOf(row);
  return values[place] ?? NaN;
}
