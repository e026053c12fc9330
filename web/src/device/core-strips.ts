/** Cores over time on one canvas, a row each: its load as an area, or, where rows are thin, as a shade. */
import { recentDistanceMs, type Trace } from '../charts/trace.ts';

interface StripBox {
  /** In device pixels. */
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
  readonly from: number;
  readonly to: number;
}

/** A row at least this high, in CSS pixels, has room for a height that can be read. */
const READABLE = 11;

/** An area is as faint as a chart's, under a line as thick as a chart's. */
const FAINT = 0.3;
const LINE = 1.5;

/** Whether `rows` in `height` CSS pixels are drawn as areas. */
export function areAreas(rows: number, height: number): boolean {
  return rows > 0 && height / rows >= READABLE;
}

/** How long the sample at an index stands for, milliseconds: until the next one, but at most twice the usual distance. */
function widths({ t }: Trace): (i: number) => number {
  const usual = recentDistanceMs(t) || 1000;
  return (i) => Math.min((t[i + 1] ?? (t[i] ?? 0) + usual) - (t[i] ?? 0), 2 * usual);
}

/** Draws every trace (percent) in its row, from the top; clears what was there. */
export function drawStrips(
  context: CanvasRenderingContext2D,
  traces: readonly Trace[],
  { width, height, ratio, from, to }: StripBox,
  { colour, ground }: { colour: string; ground: string },
): void {
  context.clearRect(0, 0, width, height);
  const row = height / Math.max(1, traces.length);
  const areas = areAreas(traces.length, height / ratio);
  const gap = areas ? Math.max(ratio, row * 0.12) : Math.min(ratio, row * 0.2);
  const scale = width / (to - from);
  traces.forEach((trace, core) => {
    const top = core * row;
    const foot = top + row - gap;
    const lasts = widths(trace);
    // One path each: samples that overlap by a hair are not drawn twice as strong.
    const [area, line] = [new Path2D(), new Path2D()];
    context.fillStyle = colour;
    trace.value.forEach((value, i) => {
      if (value === null) return;
      const left = ((trace.t[i] ?? 0) - from) * scale;
      const wide = lasts(i) * scale + 0.6;
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
