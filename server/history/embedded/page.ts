/**
 * A page: the samples of one device in one minute, in memory, one row per sample, in ascending order of time.
 */
import type { Position } from '../history.ts';
import type { Table } from './codec.ts';

export interface Page {
  /** The device's number in the registry. */
  readonly device: number;
  /** The minute's number since the epoch. */
  readonly minute: number;
  /** The field id of each column. */
  fields: number[];
  /** The time of each row, epoch milliseconds; no time twice. */
  t: Float64Array;
  /** Room for columns in each row; grows in large steps, because each step copies the page. */
  stride: number;
  /** Rows of `stride` values; NaN where a sample lacks the field. */
  values: Float64Array;
  /** Number of rows in use. */
  count: number;
  /** Columns without a value in any row: fields of the shape that were never known in this minute. */
  valueless: number[];
  /** Field ids whose first value came since the caller last emptied this list. */
  newFields: number[];
  /** The field ids of the last sample added, in its order. */
  shape: readonly number[] | undefined;
  /** The column of each of that sample's fields; undefined where field `i` is column `i`. */
  columnOf: readonly number[] | undefined;
  /** The column of each field, once samples of a second shape have come. */
  columns: Map<number, number> | undefined;
  /** The journal must be kept from here on while this page is not stored. */
  journalFrom: Position;
  /** When the page is to be stored, epoch milliseconds. */
  dueAt: number;
  /** Whether it holds samples that its stored row does not. */
  changed: boolean;
}

const FIRST_ROWS = 16;

export function emptyPage(device: number, minute: number, journalFrom: Position, dueAt: number): Page {
  return {
    device,
    minute,
    fields: [],
    t: new Float64Array(FIRST_ROWS),
    stride: 0,
    values: new Float64Array(0),
    count: 0,
    valueless: [],
    newFields: [],
    shape: undefined,
    columnOf: undefined,
    columns: undefined,
    journalFrom,
    dueAt,
    changed: false,
  };
}

/** Memory that the page takes, in bytes, with about 200 for its objects. */
export function pageBytes(page: Page): number {
  return 200 + page.t.byteLength + page.values.byteLength;
}

/**
 * Adds a sample whose values lie in `data` from index `at` on, in the order of `shape`.
 * @returns false, and adds nothing, where the page has a sample of this time already
 */
export function addSample(
  page: Page,
  t: number,
  shape: readonly number[],
  data: Float64Array,
  at: number,
): boolean {
  let row = page.count;
  if (row > 0 && t <= (page.t[row - 1] ?? 0)) {
    row = firstRowFrom(page, t);
    if (page.t[row] === t) return false;
  }
  if (page.shape !== shape) useShape(page, shape);
  const { stride } = page;
  if (page.count === page.t.length) resize(page, page.t.length * 2, stride);
  const start = row * stride;
  if (row < page.count) {
    page.t.copyWithin(row + 1, row, page.count);
    page.values.copyWithin(start + stride, start, page.count * stride);
    page.values.fill(NaN, start, start + stride);
  }
  page.t[row] = t;
  if (page.columnOf === undefined) page.values.set(data.subarray(at, at + shape.length), start);
  else
    for (let i = 0; i < page.columnOf.length; i++)
      page.values[start + (page.columnOf[i] ?? 0)] = data[at + i] ?? NaN;
  page.count++;
  page.changed = true;
  if (page.valueless.length > 0) noteFirstValues(page, start);
  return true;
}

/** Moves the columns that have their first value in the row at index `start` from `valueless` to `newFields`. */
function noteFirstValues(page: Page, start: number): void {
  page.valueless = page.valueless.filter((column) => {
    if (Number.isNaN(page.values[start + column])) return true;
    page.newFields.push(page.fields[column] ?? 0);
    return false;
  });
}

/** The first row whose time is not before `t`. */
function firstRowFrom(page: Page, t: number): number {
  let low = 0;
  let high = page.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((page.t[middle] ?? 0) < t) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Adds columns for the shape's new fields, and notes the column of each of its fields. */
function useShape(page: Page, shape: readonly number[]): void {
  const isFirst = page.fields.length === 0;
  if (isFirst) addColumns(page, shape);
  else {
    const columns = (page.columns ??= new Map(page.fields.map((field, i): [number, number] => [field, i])));
    const fresh = shape.filter((field) => !columns.has(field));
    for (const field of fresh) columns.set(field, columns.size);
    addColumns(page, fresh);
    page.columnOf = shape.map((field) => columns.get(field) ?? 0);
  }
  page.shape = shape;
  const { columnOf, fields } = page;
  const isOneToOne = columnOf?.length === fields.length && columnOf.every((column, i) => column === i);
  if (isOneToOne) page.columnOf = undefined;
}

function addColumns(page: Page, fresh: readonly number[]): void {
  if (fresh.length === 0) return;
  for (const field of fresh) {
    page.valueless.push(page.fields.length);
    page.fields.push(field);
  }
  const needed = page.fields.length;
  if (needed > page.stride) resize(page, page.t.length, page.stride === 0 ? needed : needed * 2);
}

/** Gives the page room for so many rows of so many columns. */
function resize(page: Page, rows: number, stride: number): void {
  const t = new Float64Array(rows);
  t.set(page.t);
  const values = new Float64Array(rows * stride).fill(NaN);
  if (stride === page.stride) values.set(page.values);
  else
    for (let row = 0; row < page.count; row++)
      values.set(page.values.subarray(row * page.stride, (row + 1) * page.stride), row * stride);
  page.t = t;
  page.values = values;
  page.stride = stride;
}

/** The page as a table of its own, with the columns of `fields`, or all where it is left out; none without a value. */
export function pageTable(page: Page, fields?: ReadonlySet<number>): Table {
  const { stride } = page;
  const columns = new Map<number, Float64Array>();
  const valueless = new Set(page.valueless);
  page.fields.forEach((field, place) => {
    if (valueless.has(place) || (fields !== undefined && !fields.has(field))) return;
    const column = new Float64Array(page.count);
    for (let row = 0; row < page.count; row++) column[row] = page.values[row * stride + place] ?? NaN;
    columns.set(field, column);
  });
  return { t: page.t.slice(0, page.count), columns };
}

/** Puts the samples of a stored table into a page that is still empty. */
export function fillPage(page: Page, table: Table): void {
  page.fields = [...table.columns.keys()];
  const stride = page.fields.length;
  page.stride = stride;
  const rows = Math.max(FIRST_ROWS, table.t.length);
  page.t = new Float64Array(rows);
  page.t.set(table.t);
  page.values = new Float64Array(rows * stride).fill(NaN);
  page.fields.forEach((field, place) => {
    const column = table.columns.get(field);
    for (let row = 0; row < table.t.length; row++) page.values[row * stride + place] = column?.[row] ?? NaN;
  });
  page.count = table.t.length;
}
