/**
 * A page: the samples of one device in one minute, in memory. They lie one after another as they came, each with
 * the values of its own fields only, so that a sample costs the same whatever else the page holds [I8]: late ones
 * move no others, and new fields widen none. Reading a page puts its samples in order of time and its values in
 * columns.
 */
import type { Position } from '../history.ts';
import { GrowingColumn, type Column, type Table } from './table.ts';

export interface Page {
  /** The device's number in the registry. */
  readonly device: number;
  /** The minute's number since the epoch. */
  readonly minute: number;
  /** The lists of fields that its samples have. */
  readonly shapes: PageShape[];
  /** The number of the shape of the last sample added. */
  shape: number;
  /** The number of each shape, by its field ids, once there are several. */
  shapeNumbers: Map<readonly number[], number> | undefined;
  /** Of each sample: its time, epoch milliseconds, the number of its shape, and where its values begin. */
  t: Float64Array;
  shapeOf: Uint32Array;
  start: Uint32Array;
  /** Number of samples. */
  count: number;
  /** So many samples, from the first on, are in ascending order of time; the others as they came. */
  ordered: number;
  /** The time of the newest sample. */
  newest: number;
  /** The times of all samples, once one has come late. */
  times: Set<number> | undefined;
  /** The values of all samples, in the order of their shapes; NaN where a sample lacks one. */
  values: Float64Array;
  /** How many of `values` are in use. */
  valueCount: number;
  /** Field ids whose first value came since the caller last emptied this list. */
  newFields: number[];
  /** The journal must be kept from here on while this page is not stored. */
  journalFrom: Position;
  /** When the page is to be stored, epoch milliseconds. */
  dueAt: number;
  /** Whether it holds samples that its stored row does not. */
  changed: boolean;
}

interface PageShape {
  readonly ids: readonly number[];
  /** How many samples have it. */
  samples: number;
  /** Places in `ids` of fields that none of these samples has a value of. */
  valueless: number[];
}

const FIRST_ROWS = 16;

export function emptyPage(device: number, minute: number, journalFrom: Position, dueAt: number): Page {
  return {
    device,
    minute,
    shapes: [],
    shape: 0,
    shapeNumbers: undefined,
    t: new Float64Array(FIRST_ROWS),
    shapeOf: new Uint32Array(FIRST_ROWS),
    start: new Uint32Array(FIRST_ROWS),
    count: 0,
    ordered: 0,
    newest: -Infinity,
    times: undefined,
    values: new Float64Array(0),
    valueCount: 0,
    newFields: [],
    journalFrom,
    dueAt,
    changed: false,
  };
}

/** Memory that the page takes, in bytes: about 200 for its objects, for each shape, and 40 for a noted time. */
export function pageBytes(page: Page): number {
  const rows = 2 * page.t.byteLength + 40 * (page.times?.size ?? 0);
  return 200 * (1 + page.shapes.length) + rows + page.values.byteLength;
}

/** The memory the page takes or will take, in bytes: at least that of a full minute of per-second samples. */
export function expectedBytes(page: Page): number {
  return Math.max(pageBytes(page), 64 * 8 * ((page.shapes[0]?.ids.length ?? 0) + 2));
}

/**
 * Adds a sample whose values lie in `data` from index `at` on, in the order of `ids`.
 * @returns false, and adds nothing, where the page has a sample of this time already
 */
export function addSample(
  page: Page,
  t: number,
  ids: readonly number[],
  data: Float64Array,
  at: number,
): boolean {
  const isLate = t <= page.newest;
  if (isLate) {
    page.times ??= new Set(page.t.subarray(0, page.count));
    if (page.times.has(t)) return false;
  }
  const shape = useShape(page, ids);
  if (page.count === page.t.length) enlargeRows(page);
  const start = page.valueCount;
  const end = start + ids.length;
  if (end > page.values.length) enlargeValues(page, end);
  for (let i = 0; i < ids.length; i++) page.values[start + i] = data[at + i] ?? NaN;
  if (!isLate) {
    if (page.ordered === page.count) page.ordered++;
    page.newest = t;
  }
  page.times?.add(t);
  page.t[page.count] = t;
  page.shapeOf[page.count] = page.shape;
  page.start[page.count] = start;
  page.count++;
  page.valueCount = end;
  page.changed = true;
  shape.samples++;
  if (shape.valueless.length > 0) noteFirstValues(page, shape, start);
  return true;
}

/** The shape with these field ids, which becomes the one of the last sample. */
function useShape(page: Page, ids: readonly number[]): PageShape {
  const last = page.shapes[page.shape];
  if (last?.ids === ids) return last;
  if (last !== undefined) page.shapeNumbers ??= new Map([[last.ids, page.shape]]);
  const known = page.shapes[(page.shape = page.shapeNumbers?.get(ids) ?? page.shapes.length)];
  if (known !== undefined) return known;
  const shape = { ids, samples: 0, valueless: ids.map((_, place) => place) };
  page.shapeNumbers?.set(ids, page.shapes.length);
  page.shapes.push(shape);
  return shape;
}

/** Moves the fields that have their first value in the sample at index `start` from `valueless` to `newFields`. */
function noteFirstValues(page: Page, shape: PageShape, start: number): void {
  shape.valueless = shape.valueless.filter((place) => {
    if (Number.isNaN(page.values[start + place])) return true;
    page.newFields.push(shape.ids[place] ?? 0);
    return false;
  });
}

function enlargeRows(page: Page): void {
  const { t, shapeOf, start } = page;
  page.t = new Float64Array(t.length * 2);
  page.t.set(t);
  page.shapeOf = new Uint32Array(t.length * 2);
  page.shapeOf.set(shapeOf);
  page.start = new Uint32Array(t.length * 2);
  page.start.set(start);
}

/** The first sample makes room for as many of its kind as there are rows. */
function enlargeValues(page: Page, atLeast: number): void {
  const { values } = page;
  page.values = new Float64Array(
    Math.max(values.length === 0 ? FIRST_ROWS * atLeast : atLeast, values.length * 2),
  );
  page.values.set(values);
}

/** Puts the samples in order of time; their values stay where they are. */
function putInOrder(page: Page): void {
  const { count, ordered, t, shapeOf, start } = page;
  if (ordered === count) return;
  const late = Array.from({ length: count - ordered }, (_, i) => ({
    t: t[ordered + i] ?? 0,
    shape: shapeOf[ordered + i] ?? 0,
    start: start[ordered + i] ?? 0,
  })).sort((a, b) => a.t - b.t);
  // From the end on, each row takes the later one of what is left of both.
  let from = ordered;
  let next = late.pop();
  for (let to = count - 1; next !== undefined; to--) {
    if (from > 0 && (t[from - 1] ?? 0) > next.t) {
      from--;
      t[to] = t[from] ?? 0;
      shapeOf[to] = shapeOf[from] ?? 0;
      start[to] = start[from] ?? 0;
    } else {
      t[to] = next.t;
      shapeOf[to] = next.shape;
      start[to] = next.start;
      next = late.pop();
    }
  }
  page.ordered = count;
}

/** The page as a table, with the columns of `fields`, or all where it is left out; none without a value. */
export function pageTable(page: Page, fields?: ReadonlySet<number>): Table {
  putInOrder(page);
  const { count, t, shapeOf, start, values } = page;
  const growing = growingColumns(page, fields);
  /** By shape: the columns of those of its fields that are asked for, each with its place in a sample. */
  const targets = page.shapes.map(({ ids }) =>
    ids.flatMap((field, place) => {
      const column = growing.get(field);
      return column === undefined ? [] : { place, column };
    }),
  );
  // Nearly always all rows have one shape; a column after the other is faster then.
  for (let first = 0, end = 1; first < count; first = end++) {
    const shape = shapeOf[first] ?? 0;
    while (end < count && shapeOf[end] === shape) end++;
    for (const { place, column } of targets[shape] ?? [])
      for (let row = first; row < end; row++) column.add(row, values[(start[row] ?? 0) + place] ?? NaN);
  }
  const columns = new Map<number, Column>();
  for (const [field, filled] of growing) {
    const column = filled.column(count);
    if (column !== undefined) columns.set(field, column);
  }
  return { t: t.slice(0, count), columns };
}

/** An empty column for each asked field, with room for all samples that may have a value of it. */
function growingColumns(
  { shapes }: Page,
  fields: ReadonlySet<number> | undefined,
): Map<number, GrowingColumn> {
  const most = new Map<number, number>();
  for (const { ids, samples } of shapes)
    for (const field of ids)
      if (fields === undefined || fields.has(field)) most.set(field, (most.get(field) ?? 0) + samples);
  return new Map(
    [...most].map(([field, samples]): [number, GrowingColumn] => [field, new GrowingColumn(samples)]),
  );
}

/** Puts the samples of a stored table into a page that is still empty. */
export function fillPage(page: Page, { t, columns }: Table): void {
  const rows = Array.from(t, (): { ids: number[]; values: number[] } => ({ ids: [], values: [] }));
  for (const [field, column] of columns)
    column.values.forEach((value, i) => {
      const row = rows[column.rows === undefined ? i : (column.rows[i] ?? 0)];
      row?.ids.push(field);
      row?.values.push(value);
    });
  let shape: readonly number[] = [];
  rows.forEach(({ ids, values }, row) => {
    const isSame = ids.length === shape.length && ids.every((field, place) => field === shape[place]);
    if (!isSame) shape = ids;
    addSample(page, t[row] ?? 0, shape, Float64Array.from(values), 0);
  });
  page.newFields = [];
  page.changed = false;
}
