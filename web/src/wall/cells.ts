/** Cells of a wall on a canvas: a square for each machine, in the colour and with the mark of its state. */
import { STATE_TOKEN, type State } from '../ui/state.ts';

export interface Cell {
  readonly state: State;
  readonly inMaintenance: boolean;
}

/** A square of the canvas, in its pixels. */
interface Square {
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

type Colour = (token: string) => string;

function rounded(context: CanvasRenderingContext2D, { x, y, size }: Square, inset: number): void {
  context.beginPath();
  context.roundRect(x + inset, y + inset, size - 2 * inset, size - 2 * inset, size * 0.14);
}

/** The mark of a state, in a square around the middle of the cell: the shapes are those of `StatusDot`. */
function mark(context: CanvasRenderingContext2D, { x, y, size }: Square, state: State): void {
  const [cx, cy, r] = [x + size / 2, y + size / 2, size * 0.27];
  context.beginPath();
  if (state === 'warning') {
    context.moveTo(cx, cy - r);
    context.lineTo(cx + r * 1.1, cy + r * 0.85);
    context.lineTo(cx - r * 1.1, cy + r * 0.85);
    context.closePath();
    context.fill();
  } else if (state === 'critical') {
    context.moveTo(cx, cy - r * 1.25);
    context.lineTo(cx + r * 1.25, cy);
    context.lineTo(cx, cy + r * 1.25);
    context.lineTo(cx - r * 1.25, cy);
    context.closePath();
    context.fill();
  } else if (state === 'offline') {
    context.moveTo(cx - r, cy - r);
    context.lineTo(cx + r, cy + r);
    context.moveTo(cx + r, cy - r);
    context.lineTo(cx - r, cy + r);
    context.stroke();
  } else if (state === 'stale') {
    context.moveTo(cx - r, cy);
    context.lineTo(cx + r, cy);
    context.stroke();
  } else if (state === 'waiting') {
    context.arc(cx, cy, r * 0.5, 0, 2 * Math.PI);
    context.stroke();
  }
}

/**
 * Draws one cell: a problem is a filled square with a mark cut out of it, a machine that is not heard of is an outline
 * with a mark, one that is well is a calm square without any. Maintenance takes the strength out of the colour.
 */
export function drawCell(
  context: CanvasRenderingContext2D,
  square: Square,
  { state, inMaintenance }: Cell,
  colour: Colour,
): void {
  const { size } = square;
  context.clearRect(square.x, square.y, size, size);
  const line = Math.max(1, size * 0.07);
  context.lineWidth = line;
  context.strokeStyle = context.fillStyle = colour(STATE_TOKEN[state]);
  if (state === 'good' || state === 'warning' || state === 'critical') {
    context.globalAlpha = inMaintenance || state === 'good' ? 0.34 : 1;
    rounded(context, square, 0);
    context.fill();
    context.globalAlpha = 1;
    if (state === 'good') {
      if (inMaintenance) drawMaintenance(context, square, colour);
      return;
    }
    context.fillStyle = colour('--surface');
    mark(context, square, state);
  } else {
    context.globalAlpha = inMaintenance ? 0.45 : 1;
    rounded(context, square, line / 2);
    context.stroke();
    mark(context, square, state);
    context.globalAlpha = 1;
  }
  if (inMaintenance) drawMaintenance(context, square, colour);
}

/** A bar across the foot of the cell. */
function drawMaintenance(context: CanvasRenderingContext2D, { x, y, size }: Square, colour: Colour): void {
  context.fillStyle = colour('--text-muted');
  context.fillRect(x + size * 0.14, y + size * 0.8, size * 0.72, Math.max(1, size * 0.09));
}

/** Draws the cells that are others than at the last call, all of them after `forget`. */
export class CellPainter {
  #drawn: string[] = [];

  forget(): void {
    this.#drawn = [];
  }

  /** @param squareOf the place of the cell `i` on the canvas */
  paint(
    context: CanvasRenderingContext2D,
    cells: readonly Cell[],
    squareOf: (i: number) => Square,
    colour: Colour,
  ): void {
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i];
      if (!cell) continue;
      const looks = cell.inMaintenance ? `${cell.state} in maintenance` : cell.state;
      if (this.#drawn[i] === looks) continue;
      this.#drawn[i] = looks;
      drawCell(context, squareOf(i), cell, colour);
    }
  }
}
