/** The cells of the heat map: how large they are, where they lie, and how one is drawn. */
import { drawName } from '../ui/drawn-name.ts';
import type { State } from '../ui/state.ts';

export interface CellGrid {
  /** How many cells stand beside each other, and the pixels of one. */
  readonly perLine: number;
  readonly width: number;
  readonly height: number;
}

/** The sizes that cells may have, the largest first, in rem. */
const SIZES = [
  { width: 9, height: 4 },
  { width: 6.5, height: 3.25 },
  { width: 3.5, height: 2.5 },
  { width: 2, height: 2 },
  { width: 1.5, height: 1.5 },
  { width: 1.125, height: 1.125 },
  { width: 0.875, height: 0.875 },
  { width: 0.6875, height: 0.6875 },
  { width: 0.5625, height: 0.5625 },
] as const;
/** A finger needs cells of this width at least. */
const TOUCH_REM = 1.5;
/** Cells of this width, in rem, have room for a name and a value. */
const LABEL_REM = 5;
/** One canvas is at most so high: browsers limit the size of one. */
const BLOCK_PX = 1500;

export interface GridRoom {
  /** How many machines each group has. */
  readonly counts: readonly number[];
  /** Pixels that there are across, and down to the lower edge of the window. */
  readonly width: number;
  readonly height: number;
  /** Pixels that each group takes for its heading. */
  readonly heading: number;
  readonly rem: number;
  readonly touch: boolean;
}

/** The largest cells with which all machines fit into the window; else the smallest, and the page scrolls. */
export function cellGrid({ counts, width, height, heading, rem, touch }: GridRoom): CellGrid {
  const sizes = SIZES.filter((size) => !touch || size.width >= TOUCH_REM);
  const grids = sizes.map((size): CellGrid => {
    const perLine = Math.max(1, Math.floor(width / (size.width * rem)));
    return { perLine, width: width / perLine, height: size.height * rem };
  });
  /** How high cells of this width may be. */
  const most = ({ perLine }: CellGrid) => {
    const lines = counts.reduce((sum, count) => sum + Math.ceil(count / perLine), 0);
    return (height - counts.length * heading) / Math.max(1, lines);
  };
  const found = grids.find((grid) => most(grid) >= grid.height);
  // What room is left makes the cells higher, up to squares.
  if (found)
    return { ...found, height: Math.floor(Math.max(found.height, Math.min(found.width, most(found)))) };
  return grids.at(-1) ?? { perLine: 1, width: Math.max(1, width), height: rem };
}

/** Whether a cell has room for its name and value. */
export const hasLabels = (grid: CellGrid, rem: number): boolean => grid.width >= LABEL_REM * rem;

/** The rows in blocks of whole lines, each of which is one canvas. */
export function blocksOf<Item>(rows: readonly Item[], { perLine, height }: CellGrid): (readonly Item[])[] {
  const size = Math.max(1, Math.floor(BLOCK_PX / height)) * perLine;
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, i) =>
    rows.slice(i * size, (i + 1) * size),
  );
}

/** Which cell lies at a point of a block; undefined where there is none. */
export function cellAt({ perLine, width, height }: CellGrid, count: number, x: number, y: number) {
  const column = Math.floor(x / width);
  const index = Math.floor(y / height) * perLine + column;
  return x < 0 || y < 0 || column >= perLine || index >= count ? undefined : index;
}

export interface Cell {
  readonly state: State;
  /** The colour of the cell; undefined where it has no value that is current: it is drawn hollow [L4]. */
  readonly fill: string | undefined;
  readonly ink: string;
  /** The colour of the mark of its state. */
  readonly mark: string;
  readonly name: string;
  readonly value: string;
  readonly here: boolean;
  readonly selected: boolean;
}

/** The colours that cells need besides their own. */
export interface CellColours {
  readonly surface: string;
  readonly sunken: string;
  readonly muted: string;
  readonly focus: string;
  readonly accent: string;
}

interface CellBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Pixels of the type; undefined where there is no room for words. */
  readonly type: number | undefined;
  readonly font: string;
}

/** Draws one cell; positions are in CSS pixels. */
export function drawCell(
  context: CanvasRenderingContext2D,
  cell: Cell,
  box: CellBox,
  colours: CellColours,
): void {
  const gap = box.width < 16 ? 0.5 : 1;
  const [x, y] = [box.x + gap, box.y + gap];
  const [width, height] = [box.width - 2 * gap, box.height - 2 * gap];
  if (cell.fill === undefined) {
    context.fillStyle = colours.sunken;
    context.fillRect(x, y, width, height);
    context.strokeStyle = cell.mark;
    context.lineWidth = 1;
    context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
  } else {
    context.fillStyle = cell.fill;
    context.fillRect(x, y, width, height);
  }
  drawMark(context, cell, { x, y, width, height, labelled: box.type !== undefined }, colours);
  if (box.type !== undefined)
    drawLabel(context, cell, { ...box, x, y, width, height, type: box.type }, colours);
  if (cell.selected || cell.here) {
    context.strokeStyle = cell.here ? colours.focus : colours.accent;
    context.lineWidth = 2;
    context.strokeRect(x, y, width, height);
    context.strokeStyle = colours.surface;
    context.lineWidth = 1;
    context.strokeRect(x + 1.5, y + 1.5, width - 3, height - 3);
  }
}

/** States have the shapes that they have everywhere: a triangle, a diamond, and a stroke through what is offline. */
function drawMark(
  context: CanvasRenderingContext2D,
  { state, mark, fill }: Cell,
  { x, y, width, height, labelled }: Omit<CellBox, 'type' | 'font'> & { readonly labelled: boolean },
  colours: CellColours,
): void {
  if (state === 'good' || state === 'waiting' || state === 'stale') return;
  const size = labelled ? 9 : Math.min(width, height) * 0.55;
  const [middleX, middleY] = labelled ? [x + width - size, y + size] : [x + width / 2, y + height / 2];
  const half = size / 2;
  context.beginPath();
  if (state === 'offline') {
    context.moveTo(middleX - half, middleY + half);
    context.lineTo(middleX + half, middleY - half);
    context.strokeStyle = mark;
    context.lineWidth = 1;
    context.stroke();
    return;
  }
  context.moveTo(middleX, middleY - half);
  context.lineTo(middleX + half, state === 'critical' ? middleY : middleY + half);
  if (state === 'critical') context.lineTo(middleX, middleY + half);
  context.lineTo(middleX - half, state === 'critical' ? middleY : middleY + half);
  context.closePath();
  context.fillStyle = mark;
  context.strokeStyle = fill === mark ? mark : colours.surface;
  context.lineWidth = 1.5;
  context.lineJoin = 'round';
  context.stroke();
  context.fill();
}

function drawLabel(
  context: CanvasRenderingContext2D,
  { name, value, ink, fill }: Cell,
  { x, y, width, height, type, font }: Omit<CellBox, 'type'> & { readonly type: number },
  colours: CellColours,
): void {
  context.save();
  context.beginPath();
  context.rect(x + 4, y, width - 18, height);
  context.clip();
  context.fillStyle = fill === undefined ? colours.muted : ink;
  context.textBaseline = 'middle';
  // In a high cell the value is larger than the name, as numbers are what one looks for.
  const large = Math.max(type, Math.min(2 * type, height * 0.3));
  const top = Math.max(0, (height - 1.4 * type - 1.3 * large) / 2.5);
  context.font = `600 ${type}px ${font}`;
  drawName(context, name, { x: x + 6, y: y + top + 0.7 * type, width: width - 20 });
  context.direction = 'ltr';
  context.font = `550 ${large}px ${font}`;
  context.fillText(value, x + 6, y + top + 1.4 * type + 0.65 * large);
  context.restore();
}
