/**
 * Where everything on a wall of machines is, worked out from how many there are and from the screen. A wall is read
 * from across the room, so sizes follow the screen and not its pixels: the same wall on 1080p and on 4K looks the same.
 * Places are CSS pixels that are whole pixels of the screen.
 */

export interface Screen {
  /** Pixels of the screen that the page has. */
  readonly width: number;
  readonly height: number;
  /** Pixels of the screen in one CSS pixel. */
  readonly ratio: number;
}

/**
 * - `large`: the four numbers of a machine with their lines.
 * - `spark`: one number, large, with its line, and the other three where there is room.
 * - `dense`: a name and a number.
 * - `cells`: the state alone; the worst machines are named beside the cells.
 */
export type Density = 'large' | 'spark' | 'dense' | 'cells';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface WallLayout {
  readonly density: Density;
  /** CSS pixels of what is one pixel on a screen of 1920 × 1080. */
  readonly unit: number;
  /** The strip with the counts and the clock. Portrait screens have two lines of it. */
  readonly strip: Box;
  /** Where the machines are. */
  readonly grid: Box;
  /** Where the worst machines are named; only of `cells`. */
  readonly worst: Box | undefined;
  readonly columns: number;
  readonly rows: number;
  readonly tile: { readonly width: number; readonly height: number };
  readonly gap: number;
  /** The type of a tile and the room around what is in it, CSS pixels. */
  readonly type: number;
  readonly padding: number;
  /** Where a tile's lines are, seen from its corner: four of `large`, one of `spark`. */
  readonly sparks: readonly Box[];
  /** Of `spark`: whether there is room for all four numbers. */
  readonly full: boolean;
}

/** The smallest type in a tile, units: below it a name cannot be read, and the wall becomes cells. */
export const MIN_TYPE = 11;

const MARGIN = 14;
const STRIP = 64;

interface Manner {
  readonly density: Density;
  /** The width over the height that the tiles should have. */
  readonly aspect: number;
  readonly gap: number;
  /** The smallest tile, units. */
  readonly width: number;
  readonly height: number;
  /** So many lines of type fit a tile's height, and so many letters its width. */
  readonly lines: number;
  readonly ems: number;
}

/** The room around what is in a tile, in its type. */
const ROOMY_PADDING = 0.5;
const TIGHT_PADDING = 0.32;

/** From the roomiest to the densest; the first that fits is taken, and cells where none does. */
const ROOMY: readonly Manner[] = [
  { density: 'large', aspect: 1.5, gap: 12, width: 320, height: 190, lines: 10.6, ems: 16.5 },
  { density: 'spark', aspect: 1.4, gap: 6, width: 84, height: 48, lines: 3.3, ems: 6.6 },
  { density: 'dense', aspect: 2.2, gap: 4, width: 66, height: 33, lines: 3, ems: 6 },
];
const CELLS: Manner = { density: 'cells', aspect: 1, gap: 2, width: 0, height: 0, lines: 2, ems: 2 };
/** A `spark` tile from this size on, in units, has all four numbers. */
const FULL = { width: 150, height: 104, lines: 6.2, ems: 11 };

interface Fit {
  readonly columns: number;
  readonly rows: number;
  readonly width: number;
  readonly height: number;
}

/** The columns and rows with the largest tiles of about this aspect. */
function fit(count: number, box: Box, gap: number, aspect: number): Fit {
  let best: Fit & { size: number } = { columns: 1, rows: 1, width: box.width, height: box.height, size: -1 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const width = (box.width - (columns - 1) * gap) / columns;
    const height = (box.height - (rows - 1) * gap) / rows;
    const size = Math.min(width / aspect, height);
    if (size > best.size) best = { columns, rows, width, height, size };
  }
  return best;
}

/** A tile may be so much wider or higher than its aspect. */
const STRETCH = 1.7;

function shaped({ width, height }: Fit, { density, aspect }: Manner): { width: number; height: number } {
  const stretch = density === 'cells' ? 1 : STRETCH;
  return {
    width: Math.min(width, height * aspect * stretch),
    height: Math.min(height, (width / aspect) * stretch),
  };
}

/** The part of the screen for the machines and, of cells, for the names of the worst. */
function areas(body: Box, isCells: boolean, unit: number): { grid: Box; worst: Box | undefined } {
  if (!isCells) return { grid: body, worst: undefined };
  const gap = MARGIN * unit;
  if (body.width >= body.height) {
    const width = body.width * 0.24;
    return {
      grid: { ...body, width: body.width - width - gap },
      worst: { ...body, x: body.x + body.width - width, width },
    };
  }
  const height = body.height * 0.24;
  return {
    grid: { ...body, height: body.height - height - gap },
    worst: { ...body, y: body.y + body.height - height, height },
  };
}

/** @param count how many machines there are */
export function wallLayout(count: number, { width, height, ratio }: Screen): WallLayout {
  const [w, h] = [width / ratio, height / ratio];
  const unit = Math.min(Math.min(w, h) / 1080, Math.max(w, h) / 1920);
  const snap = (length: number) => Math.floor(length * ratio) / ratio;
  const margin = snap(MARGIN * unit);
  const stripHeight = snap(STRIP * unit * (h > w ? 2 : 1));
  const strip = { x: margin, y: margin, width: w - 2 * margin, height: stripHeight };
  const top = 2 * margin + stripHeight;
  const body = { x: margin, y: top, width: w - 2 * margin, height: h - top - margin };

  const laidOut = (manner: Manner): WallLayout => {
    const { density, lines, ems } = manner;
    const { grid, worst } = areas(body, density === 'cells', unit);
    const gap = Math.max(1 / ratio, snap(manner.gap * unit));
    const found = fit(Math.max(1, count), grid, gap, manner.aspect);
    const shape = shaped(found, manner);
    const tile = { width: snap(shape.width), height: snap(shape.height) };
    const full = density === 'spark' && tile.width >= FULL.width * unit && tile.height >= FULL.height * unit;
    const [most, widest] = full ? [FULL.lines, FULL.ems] : [lines, ems];
    const type = Math.min(tile.height / most, tile.width / widest);
    const padding = type * (full || density === 'large' ? ROOMY_PADDING : TIGHT_PADDING);
    const used = {
      width: found.columns * (tile.width + gap) - gap,
      height: found.rows * (tile.height + gap) - gap,
    };
    return {
      density,
      unit,
      strip,
      grid: {
        x: snap(grid.x + (grid.width - used.width) / 2),
        y: snap(grid.y + (grid.height - used.height) / 2),
        ...used,
      },
      worst,
      columns: found.columns,
      rows: found.rows,
      tile,
      gap,
      type,
      padding,
      sparks: sparkBoxes(density, tile, { type, inset: padding, full }),
      full,
    };
  };
  for (const manner of ROOMY) {
    const layout = laidOut(manner);
    if (layout.tile.width >= manner.width * unit && layout.tile.height >= manner.height * unit) return layout;
  }
  return laidOut(CELLS);
}

/** The line of a tile's row of a number, in `large`: as high as the number beside it. `MachineTile` draws the rest. */
function sparkBoxes(
  density: Density,
  tile: { readonly width: number; readonly height: number },
  { type, inset, full }: { readonly type: number; readonly inset: number; readonly full: boolean },
): Box[] {
  if (density === 'large') {
    const rowHeight = (tile.height - 2 * inset - type * LARGE_HEAD) / 4;
    const x = inset + type * LARGE_FIGURE;
    return [0, 1, 2, 3].map((row) => ({
      x,
      y: inset + type * LARGE_HEAD + row * rowHeight + rowHeight * 0.12,
      width: tile.width - x - inset,
      height: rowHeight * 0.76,
    }));
  }
  if (density !== 'spark') return [];
  if (full) {
    const y = inset + type * FULL_HEAD;
    return [{ x: inset, y, width: tile.width - 2 * inset, height: tile.height - y - inset }];
  }
  const y = inset + type * SMALL_HEAD;
  const x = inset + type * SMALL_FIGURE;
  return [{ x, y, width: tile.width - x - inset, height: tile.height - y - inset }];
}

/** What is above or beside a tile's lines, in its type: `MachineTile` has the same measures. */
export const LARGE_HEAD = 2;
export const LARGE_FIGURE = 8.4;
export const FULL_HEAD = 4.1;
export const SMALL_HEAD = 1.35;
export const SMALL_FIGURE = 2.9;

/** The corner of a machine's tile, seen from the corner of the grid. */
export function placeOf(
  { columns, tile, gap }: Pick<WallLayout, 'columns' | 'tile' | 'gap'>,
  index: number,
): { x: number; y: number } {
  return {
    x: (index % columns) * (tile.width + gap),
    y: Math.floor(index / columns) * (tile.height + gap),
  };
}
