/** The samples of one device in one minute, in memory, row by row; ascending, each time once. */
import type { Position } from '../history.ts';
import type { Table } from './codec.ts';

export interface Page {
  readonly device: number;
  readonly minute: number;
  /** Field ids, one a column. */
  fields: number[];
  t: Float64Array;
  /** Rows of `fields.length` values; NaN where a sample lacks the field. */
  values: Float64Array;
  count: number;
  /** How the last shape's fields map to columns; `undefined`: one to one. */
  shape: readonly number[] | undefined;
  places: readonly number[] | undefined;
  /** Where the journal must be kept from while this is not stored. */
  since: Position;
  /** When it is to be stored, epoch milliseconds. */
  due: number;
  /** Whether it holds what the stored row does not. */
  changed: boolean;
}

const FIRST_ROWS = 16;

export function emptyPage(device: number, minute: number, since: Position, due: number): Page {
  return {
    device,
    minute,
    fields: [],
    t: new Float64Array(FIRST_ROWS),
    values: new Float64Array(0),
    count: 0,
    shape: undefined,
    places: undefined,
    since,
    due,
    changed: false,
  };
}

export function pageBytes(page: Page): number {
  return 200 + page.t.byteLength + page.values.byteLength;
}

/** Adds a sample whose values lie in `data` from `at` in the order of `shape`; false where its time is there already. */
export function addSample(
  page: Page,
  t: number,
  shape: readonly number[],
  data: Float64Array,
  at: number,
): boolean {
  let row = page.count;
  if (row > 0 && t <= (page.t[row - 1] ?? 0)) {
    row = rowOf(page, t);
    if (page.t[row] === t) return false;
  }
  if (page.shape !== shape) adopt(page, shape);
  const stride = page.fields.length;
  if (page.count === page.t.length) grow(page, page.t.length * 2);
  if (row < page.count) {
    page.t.copyWithin(row + 1, row, page.count);
    page.values.copyWithin((row + 1) * stride, row * stride, page.count * stride);
  }
  page.t[row] = t;
  const start = row * stride;
  if (page.places === undefined) page.values.set(data.subarray(at, at + stride), start);
  else {
    page.values.fill(NaN, start, start + stride);
    for (let i = 0; i < page.places.length; i++)
      page.values[start + (page.places[i] ?? 0)] = data[at + i] ?? NaN;
  }
  page.count++;
  page.changed = true;
  return true;
}

function rowOf(page: Page, t: number): number {
  let low = 0;
  let high = page.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((page.t[middle] ?? 0) < t) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Makes room for a shape's fields and keeps how they map to columns. */
function adopt(page: Page, shape: readonly number[]): void {
  const column = new Map(page.fields.map((field, i): [number, number] => [field, i]));
  const fresh = shape.filter((field) => !column.has(field));
  if (fresh.length > 0) {
    for (const field of fresh) column.set(field, column.size);
    widen(page, [...page.fields, ...fresh]);
  }
  const places = shape.map((field) => column.get(field) ?? 0);
  page.shape = shape;
  page.places = places.length === page.fields.length && places.every((p, i) => p === i) ? undefined : places;
}

function widen(page: Page, fields: number[]): void {
  const from = page.fields.length;
  const to = fields.length;
  const values = new Float64Array(page.t.length * to).fill(NaN);
  for (let row = 0; row < page.count; row++)
    values.set(page.values.subarray(row * from, (row + 1) * from), row * to);
  page.fields = fields;
  page.values = values;
}

function grow(page: Page, rows: number): void {
  const t = new Float64Array(rows);
  t.set(page.t);
  const values = new Float64Array(rows * page.fields.length);
  values.set(page.values);
  page.t = t;
  page.values = values;
}

export function pageTable(page: Page, wanted?: ReadonlySet<number>): Table {
  const stride = page.fields.length;
  const columns = new Map<number, Float64Array>();
  page.fields.forEach((field, place) => {
    if (wanted !== undefined && !wanted.has(field)) return;
    const column = new Float64Array(page.count);
    for (let row = 0; row < page.count; row++) column[row] = page.values[row * stride + place] ?? NaN;
    columns.set(field, column);
  });
  return { t: page.t.slice(0, page.count), columns };
}

/** Puts a stored table's samples into a page that has none yet. */
export function fillPage(page: Page, table: Table): void {
  page.fields = [...table.columns.keys()];
  const stride = page.fields.length;
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
