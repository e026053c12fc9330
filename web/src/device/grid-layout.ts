/** How many columns of charts a page has and how tall its charts are: all on one screen where possible. */

/** A chart's least width and height, and the gaps between charts, in rem. */
const LEAST_WIDE = 25;
const LEAST_TALL = 10.5;
const GAP_X = 2;
const GAP_Y = 1.5;
/** The height of a chart's title, in rem. */
const TITLE = 1.6;
/** A chart's greatest height, as a part of its width: the slopes of taller ones cannot be read. */
const STEEPEST = 0.62;
/** Width beyond this many times its height is of no use to a chart. */
const FLATTEST = 3;
/** A page this wide (rem) is a wall's. Where its charts do not all fit, they are WALL_WIDE rem wide or more. */
const WALL = 150;
const WALL_WIDE = 40;

export interface GridRoom {
  /** The width of the grid, and the height of the window below the grid's upper edge, in rem. */
  readonly width: number;
  readonly height: number;
  /** How many charts there are. */
  readonly cells: number;
  /** The height of the list of filesystems, in rem. It is as wide as two charts and follows the charts. */
  readonly mounts: number;
}

export interface GridLayout {
  readonly columns: number;
  /** A plot's height in rem. */
  readonly tall: number;
}

const columnsOf = (width: number, chart: number) =>
  Math.max(1, Math.floor((width + GAP_X) / (chart + GAP_X)));

/** How many rows of charts there are, and the height of everything else, in rem. */
function rowsOf({ cells, mounts }: GridRoom, columns: number): { rows: number; other: number } {
  // The list of filesystems takes the free end of the last row, or a row below it.
  const isBeside = cells > columns && cells % columns !== 0;
  return { rows: Math.ceil(cells / columns), other: isBeside ? 0 : mounts };
}

/** The plots' greatest height, in rem, with which this many columns fit; below LEAST_TALL they do not fit. */
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
