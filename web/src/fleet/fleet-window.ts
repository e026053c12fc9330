/** Which part of a long page of sections is to be drawn, and where: 10,000 machines need not be in the document. */
import type { Section } from './fleet-order.ts';

export interface Measures {
  /** Pixels of a heading, and of a line of machines with the gap below it. */
  readonly heading: number;
  readonly line: number;
  /** How many machines stand beside each other in a line. */
  readonly perLine: number;
}

export interface PlacedHeading<Item> {
  readonly section: Section<Item>;
  readonly top: number;
}
export interface PlacedRow<Item> {
  /** Of this row in this section: a machine may be in several. */
  readonly key: string;
  readonly row: Item;
  readonly top: number;
  /** Its place in its line, from 0. */
  readonly column: number;
  /** Its place among all rows, from 0. */
  readonly index: number;
}

export interface FleetWindow<Item> {
  readonly headings: readonly PlacedHeading<Item>[];
  readonly rows: readonly PlacedRow<Item>[];
}

export const rowKey = (sectionKey: string, rowId: string) =>
  sectionKey === '' ? rowId : `${sectionKey} ${rowId}`;

/** The rows of sections that are open, in the order in which they are shown, each with its key. */
export function openRows<Item extends { readonly id: string }>(
  sections: readonly Section<Item>[],
  closed: readonly string[],
): { readonly keys: readonly string[]; readonly rows: readonly Item[] } {
  const open = sections.filter((section) => !isClosed(section, closed));
  return {
    keys: open.flatMap(({ key, rows }) => rows.map(({ id }) => rowKey(key, id))),
    rows: open.flatMap(({ rows }) => rows),
  };
}

/** What the URL calls a closed group; machines in no group have a name that no tag can have. */
export const closedName = ({ key, label }: Pick<Section<unknown>, 'key' | 'label'>) =>
  label === undefined ? '-' : key;

function isClosed(section: Pick<Section<unknown>, 'key' | 'label'>, closed: readonly string[]): boolean {
  return closed.length > 0 && closed.includes(closedName(section));
}

/** The height of a section, without its heading. */
function heightOf(count: number, { line, perLine }: Measures): number {
  return Math.ceil(count / perLine) * line;
}

/** A row in the document, and the elements that show it: of one holder, whichever machine they show. */
export interface DrawnRow<Item> extends PlacedRow<Item> {
  readonly holder: number;
  /** It has not moved since it got its holder, whose elements may have been somewhere else: that is no motion to show. */
  readonly fresh: boolean;
}

/**
 * What is drawn next of the `wanted` rows: those that are drawn already, and at most `most` of the others. These take
 * the holders of rows that are not wanted any more, whose elements need not be made again; until then such rows stay,
 * outside of the window. The holder `focused` is given to no other machine: a key pressed next would act on that one.
 */
export function drawnNext<Item>(
  drawn: readonly DrawnRow<Item>[],
  wanted: readonly PlacedRow<Item>[],
  { most, focused }: { readonly most: number; readonly focused: number | undefined },
): readonly DrawnRow<Item>[] {
  const wantedKeys = new Set(wanted.map(({ key }) => key));
  const before = new Map(drawn.map((row) => [row.key, row]));
  const left = drawn.filter(({ key, holder }) => !wantedKeys.has(key) && holder !== focused);
  let unused = Math.max(-1, focused ?? -1, ...drawn.map(({ holder }) => holder)) + 1;
  let more = most;
  const next: DrawnRow<Item>[] = [];
  for (const row of wanted) {
    const was = before.get(row.key);
    // The same object where nothing changed, so that the row's elements are not looked through.
    if (was) next.push(isSamePlace(was, row) ? was : { ...row, holder: was.holder, fresh: false });
    else if (more-- > 0) next.push({ ...row, holder: left.pop()?.holder ?? unused++, fresh: true });
  }
  // In the order of the list, which is the one in which Tab and screen readers go.
  return next.length < wanted.length ? [...next, ...left].sort((a, b) => a.index - b.index) : next;
}

function isSamePlace<Item>(one: PlacedRow<Item>, other: PlacedRow<Item>): boolean {
  return (
    one.row === other.row && one.top === other.top && one.column === other.column && one.index === other.index
  );
}

/** Lays out the sections one below the other, with headings where there are groups. */
export class FleetLayout<Item extends { readonly id: string }> {
  readonly height: number;
  readonly #measures: Measures;
  readonly #placed: readonly {
    readonly section: Section<Item>;
    readonly rows: readonly Item[];
    readonly top: number;
    /** Where its lines begin, and how many rows come before. */
    readonly body: number;
    readonly before: number;
  }[];

  constructor(
    sections: readonly Section<Item>[],
    {
      measures,
      grouped,
      closed,
    }: { readonly measures: Measures; readonly grouped: boolean; readonly closed: readonly string[] },
  ) {
    this.#measures = measures;
    let top = 0;
    let before = 0;
    this.#placed = sections.map((section) => {
      const rows = grouped && isClosed(section, closed) ? [] : section.rows;
      const body = top + (grouped ? measures.heading : 0);
      const place = { section, rows, top, body, before };
      top = body + heightOf(rows.length, measures);
      before += rows.length;
      return place;
    });
    this.height = top;
  }

  /** What lies between two heights, in pixels from the beginning. */
  window(from: number, to: number): FleetWindow<Item> {
    const { line, perLine } = this.#measures;
    const headings: PlacedHeading<Item>[] = [];
    const drawn: PlacedRow<Item>[] = [];
    for (const { section, rows, top, body, before } of this.#placed) {
      if (body + heightOf(rows.length, this.#measures) < from || top > to) continue;
      if (body > top) headings.push({ section, top });
      const first = Math.max(0, Math.floor((from - body) / line)) * perLine;
      const last = Math.min(rows.length, Math.ceil((to - body) / line) * perLine);
      for (let i = first; i < last; i++) {
        const row = rows[i];
        if (row === undefined) continue;
        drawn.push({
          key: rowKey(section.key, row.id),
          row,
          top: body + Math.floor(i / perLine) * line,
          column: i % perLine,
          index: before + i,
        });
      }
    }
    return { headings, rows: drawn };
  }

  /** From where to where the row with this place among all rows is, in pixels; undefined where there is none. */
  placeOf(index: number): { readonly top: number; readonly bottom: number } | undefined {
    const { line, perLine } = this.#measures;
    const place = this.#placed.find(({ before, rows }) => index < before + rows.length);
    if (place === undefined || index < 0) return undefined;
    const top = place.body + Math.floor((index - place.before) / perLine) * line;
    return { top, bottom: top + line };
  }
}
