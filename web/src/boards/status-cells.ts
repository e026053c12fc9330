/** The cells of a status grid: where each machine's cell is, and how it is drawn. */
import { drawName } from '../ui/drawn-name.ts';
import { STATE_RANK, STATE_TOKEN, type State } from '../ui/state.ts';

export interface CellGrid {
  readonly columns: number;
  /** Pixels, the gap between two cells included. */
  readonly wide: number;
  readonly tall: number;
}

/** A cell is about this much wider than tall, where there is a choice: it has a name in it. */
const ASPECT = 1.7;
/** No cell is larger than this in rem: a few cells do not fill a tile. */
const LARGEST = { wide: 14, tall: 6 };

/** The grid in which `count` cells are as large as the room allows; all pixels. */
export function cellGrid(count: number, room: { width: number; height: number; rem: number }): CellGrid {
  let best: CellGrid & { readonly size: number } = { columns: 1, wide: 0, tall: 0, size: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const wide = Math.min(room.width / columns, LARGEST.wide * room.rem);
    const tall = Math.min(room.height / rows, LARGEST.tall * room.rem);
    const size = Math.min(wide / ASPECT, tall);
    if (size > best.size) best = { columns, wide, tall, size };
  }
  const { columns, wide, tall } = best;
  return { columns, wide, tall };
}

/** The number of the cell at a point; undefined beside them. */
export function cellAt(
  { columns, wide, tall }: CellGrid,
  x: number,
  y: number,
  count: number,
): number | undefined {
  const [column, row] = [Math.floor(x / wide), Math.floor(y / tall)];
  const i = row * columns + column;
  return column >= 0 && column < columns && row >= 0 && i < count ? i : undefined;
}

/** The cell that an arrow key leads to from cell `i`. */
export function cellBeside({ columns }: CellGrid, i: number, key: string, count: number): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    Home: -i,
    End: count - 1 - i,
  };
  const step = steps[key];
  if (step === undefined) return undefined;
  const to = i + step;
  return to >= 0 && to < count ? to : i;
}

/** The worst first, those of one state by name; or all by name, so that eyes learn places. */
export function inCellOrder<Machine extends { readonly name: string; readonly state: State }>(
  machines: readonly Machine[],
  order: 'fixed' | 'worst',
): Machine[] {
  const byName = new Intl.Collator('en', { numeric: true });
  return machines.toSorted(
    (a, b) =>
      (order === 'worst' ? STATE_RANK[a.state] - STATE_RANK[b.state] : 0) || byName.compare(a.name, b.name),
  );
}

interface Brush {
  /** The colour of a token. */
  readonly colour: (token: string) => string;
  readonly font: string;
  readonly ratio: number;
  readonly rem: number;
}

/** The type is so small that names of so many letters fit; longer ones are cut. */
const LONGEST_NAME = 14;
/** The type is no smaller than this, in rem: rather are names cut. */
const SMALLEST_TYPE = 0.6;
/** Without room for so many letters of that size, cells have no names. */
const LEAST_LETTERS = 6;
/** A letter is about so much of the type's size wide. */
const LETTER = 0.6;
/** Beside a name, in sizes of the type, both sides together. */
const MARGIN = 1;

/** Pixels of the type in which cells of this size have their names; undefined where they have no room for names. */
export function nameType(
  names: readonly string[],
  { width, height, unit }: { readonly width: number; readonly height: number; readonly unit: number },
): number | undefined {
  const letters = names.reduce((most, name) => Math.max(most, Math.min(name.length, LONGEST_NAME)), 1);
  const widthFor = (count: number) => width / (count * LETTER + MARGIN);
  const most = Math.min(height * 0.34, 2.4 * unit);
  const smallest = SMALLEST_TYPE * unit;
  if (most < smallest || widthFor(Math.min(letters, LEAST_LETTERS)) < smallest) return undefined;
  return Math.max(smallest, Math.min(most, widthFor(letters)));
}

/** Draws all cells. A state has its own shape too: a filled cell, one with a corner, a frame, a broken frame. */
export function drawCells(
  context: CanvasRenderingContext2D,
  cells: readonly { readonly name: string; readonly state: State }[],
  grid: CellGrid,
  brush: Brush,
): void {
  const { ratio, rem } = brush;
  const gap = Math.max(1, Math.min(grid.wide, grid.tall) * 0.08) * ratio;
  const width = grid.wide * ratio - gap;
  const height = grid.tall * ratio - gap;
  const type = nameType(
    cells.map(({ name }) => name),
    { width, height, unit: rem * ratio },
  );
  context.font = `550 ${type ?? 0}px ${brush.font}`;
  context.textBaseline = 'middle';
  cells.forEach(({ name, state }, i) => {
    const x = (i % grid.columns) * grid.wide * ratio;
    const y = Math.floor(i / grid.columns) * grid.tall * ratio;
    drawShape(context, state, { x, y, width, height }, brush);
    if (type === undefined) return;
    context.fillStyle = brush.colour(FILLED.has(state) ? '--surface-raised' : '--text');
    const margin = (MARGIN / 2) * type;
    drawName(context, name, { x: x + margin, y: y + height / 2, width: width - 2 * margin });
  });
}

const FILLED: ReadonlySet<State> = new Set(['critical', 'warning']);

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function drawShape(
  context: CanvasRenderingContext2D,
  state: State,
  { x, y, width, height }: Box,
  { colour, ratio }: Brush,
): void {
  const line = Math.max(1, Math.min(width, height) * 0.07);
  context.fillStyle = colour(STATE_TOKEN[state]);
  context.strokeStyle = colour(STATE_TOKEN[state]);
  context.lineWidth = line;
  const corner = Math.min(width, height) * 0.35;
  if (state === 'critical') context.fillRect(x, y, width, height);
  else if (state === 'warning') {
    context.beginPath();
    context.moveTo(x + corner, y);
    context.lineTo(x + width, y);
    context.lineTo(x + width, y + height);
    context.lineTo(x, y + height);
    context.lineTo(x, y + corner);
    context.fill();
  } else if (state === 'good') {
    context.globalAlpha = 0.22;
    context.fillRect(x, y, width, height);
    context.globalAlpha = 1;
    context.fillRect(x, y + height - Math.max(ratio, line), width, Math.max(ratio, line));
  } else {
    context.setLineDash(state === 'offline' ? [] : [line * 2, line * 1.6]);
    context.strokeRect(x + line / 2, y + line / 2, width - line, height - line);
    context.setLineDash([]);
  }
}
