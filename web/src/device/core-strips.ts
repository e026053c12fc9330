/** Cores over time on one canvas, a row each: the load is an area or, where rows are thin, a shade. */
import { recentDistanceMs, type Trace } from '../charts/trace.ts';

interface StripBox {
  /** In device pixels. */
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
  readonly from: number;
  readonly to: number;
}

/** In a row at least this high, in CSS pixels, the height of an area can be read. */
const READABLE = 11;

/** The opacity of an area and the width of its line, in CSS pixels, as in the charts. */
const FAINT = 0.3;
const LINE = 1.5;

/** Whether `rows` in `height` CSS pixels are drawn as areas. */
export function drawnAsAreas(rows: number, height: number): boolean {
  return rows > 0 && height / rows >= READABLE;
}

/** How long the sample at an index is drawn, milliseconds: until the next one, but at most twice the usual distance. */
function sampleLengths({ t }: Trace): (i: number) => number {
  const usual = recentDistanceMs(t) || 1000;
  return (i) => Math.min((t[i + 1] ?? (t[i] ?? 0) + usual) - (t[i] ?? 0), 2 * usual);
}

/** Clears the canvas and draws every trace (percent) in its row, the first at the top. */
export function drawStrips(
  context: CanvasRenderingContext2D,
  traces: readonly Trace[],
  { width, height, ratio, from, to }: StripBox,
  { colour, ground }: { colour: string; ground: string },
): void {
  context.clearRect(0, 0, width, height);
  const row = height / Math.max(1, traces.length);
  const areas = drawnAsAreas(traces.length, height / ratio);
  const gap = areas ? Math.max(ratio, row * 0.12) : Math.min(ratio, row * 0.2);
  const scale = width / (to - from);
  traces.forEach((trace, core) => {
    const top = core * row;
    const foot = top + row - gap;
    const lengthOf = sampleLengths(trace);
    // All areas are one path, so that samples which overlap a little are not twice as dark there.
    const [area, line] = [new Path2D(), new Path2D()];
    context.fillStyle = colour;
    trace.value.forEach((value, i) => {
      if (value === null) return;
      const left = ((trace.t[i] ?? 0) - from) * scale;
      const wide = lengthOf(i) * scale + 0.6;
      const part = Math.min(1, Math.max(0, value / 100));
      if (areas) {
        const high = part * (row - gap);
        area.rect(left, foot - high, wide, high);
        line.rect(left, foot - high, wide, Math.min(high, LINE * ratio));
      } else {
        context.globalAlpha = 0.05 + 0.95 * part;
        context.fillRect(left, top, wide, row - gap);
      }
    });
    if (!areas) return;
    context.globalAlpha = FAINT;
    context.fill(area);
    context.globalAlpha = 1;
    context.fill(line);
    context.fillStyle = ground;
    context.fillRect(0, foot, width, ratio);
  });
  context.globalAlpha = 1;
}
