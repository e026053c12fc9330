/** How many columns of charts there are, and how tall each is: all of a device on one screen where that goes. */

/** A chart is at least this wide and tall, in rem, and this far from the next. */
const LEAST_WIDE = 28;
const LEAST_TALL = 10.5;
const GAP_X = 2;
const GAP_Y = 1.5;
/** What a chart has beside its plot: its title; a section its heading. */
const TITLE = 1.6;
const HEADING = 2.6;
/** Taller than this part of its width, a line's slope says nothing any more. */
const STEEPEST = 0.62;
/** Wider than this many times its height, a chart gains nothing. */
const FLATTEST = 3;
/** A page this wide is a wall's: where not all of it fits, its charts are wider instead of more. */
const WALL = 150;
const WALL_WIDE = 40;

export interface GridRoom {
  /** Of the grid, and of the window below the grid's upper edge, in rem. */
  readonly width: number;
  readonly height: number;
  /** Charts in each section; a short section shares its row with the next where both have room in it. */
  readonly sections: readonly { readonly cells: number; readonly titled: boolean }[];
  /** Height of the list of filesystems, in rem; it takes the place of two charts after the first section. */
  readonly mounts: number;
}

export interface GridLayout {
  readonly columns: number;
  /** A plot's height in rem. */
  readonly tall: number;
}

const columnsOf = (width: number, chart: number) =>
  Math.max(1, Math.floor((width + GAP_X) / (chart + GAP_X)));

/** The rows of charts, and the rem that are not theirs. */
function rowsOf({ sections, mounts }: GridRoom, columns: number): { rows: number; other: number } {
  let rows = 0;
  let other = 0;
  let used = columns;
  const place = (cells: number, height: number) => {
    const span = Math.min(cells, columns);
    const shared = used + span <= columns;
    used = shared ? used + span : span;
    if (shared) return;
    rows += Math.ceil(cells / columns);
    other += height;
  };
  sections.forEach(({ cells, titled }, i) => {
    place(cells, titled ? HEADING : 0);
    if (i !== 0 || mounts === 0) return;
    // In what its last row leaves free, else below it.
    if (cells > columns && cells % columns !== 0) used = columns;
    else other += mounts;
  });
  return { rows, other };
}

/** The tallest plots with which this many columns fit; less than the least height where they do not. */
function tallest(room: GridRoom, columns: number): number {
  const { rows, other } = rowsOf(room, columns);
  return (room.height - other) / Math.max(1, rows) - TITLE - GAP_Y;
}

export function gridLayout(room: GridRoom): GridLayout {
  const { width } = room;
  let best: (GridLayout & { area: number }) | undefined;
  for (let columns = columnsOf(width, LEAST_WIDE); columns > 0; columns--) {
    const wide = (width + GAP_X) / columns - GAP_X;
    const fits = tallest(room, columns);
    if (fits < LEAST_TALL) continue;
    const tall = Math.min(fits, wide * STEEPEST);
    const area = Math.min(wide, tall * FLATTEST) * tall;
    if (!best || area > best.area) best = { columns, tall, area };
  }
  if (best) return { columns: best.columns, tall: Math.round(best.tall * 4) / 4 };
  const columns = columnsOf(width, width < WALL ? LEAST_WIDE : WALL_WIDE);
  return { columns, tall: width < WALL ? LEAST_TALL : LEAST_TALL * 1.5 };
}
