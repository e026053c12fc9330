/** Traces as SVG path data, to a tenth of a pixel. Charts make them once a second, so this is one plain loop. */
import type { Trace } from './trace.ts';

/** The size of the drawing, in pixels, and the times and the value at its edges. */
interface PathBox {
  readonly width: number;
  readonly height: number;
  readonly from: number;
  readonly to: number;
  /** The value at the upper edge; 0 is at the lower one. */
  readonly top: number;
}

type Column = readonly (number | null)[];

const tenth = (pixels: number) => Math.round(pixels * 10) / 10;

/** The runs of rows that have a value: the `[first, last]` index of each. */
function runs(column: Column): [number, number][] {
  const found: [number, number][] = [];
  let first = -1;
  for (let i = 0; i <= column.length; i++) {
    const there = i < column.length && column[i] !== null;
    if (there && first < 0) first = i;
    if (there || first < 0) continue;
    found.push([first, i - 1]);
    first = -1;
  }
  return found;
}

/** The line, broken at nulls. A value alone between two nulls becomes a dot, by the round caps of the line. */
export function linePath({ t, value }: Trace, { width, height, from, to, top }: PathBox): string {
  const [across, up] = [width / (to - from), height / top];
  let d = '';
  for (const [first, last] of runs(value)) {
    for (let i = first; i <= last; i++)
      d += `${i === first ? 'M' : 'L'}${tenth(((t[i] ?? 0) - from) * across)},${tenth(height - (value[i] ?? 0) * up)}`;
    if (first === last) d += 'h0';
  }
  return d;
}

/** The band between `low` and `high`; for a trace without one, the area below the line. */
export function areaPath(trace: Trace, { width, height, from, to, top }: PathBox): string {
  const { t } = trace;
  const high = trace.high ?? trace.value;
  const [across, up] = [width / (to - from), height / top];
  const x = (i: number) => tenth(((t[i] ?? 0) - from) * across);
  let d = '';
  for (const [first, last] of runs(high)) {
    for (let i = first; i <= last; i++)
      d += `${i === first ? 'M' : 'L'}${x(i)},${tenth(height - (high[i] ?? 0) * up)}`;
    if (trace.low === undefined) d += `L${x(last)},${tenth(height)}L${x(first)},${tenth(height)}Z`;
    else {
      for (let i = last; i >= first; i--) d += `L${x(i)},${tenth(height - (trace.low[i] ?? 0) * up)}`;
      d += 'Z';
    }
  }
  return d;
}
