/** Traces as SVG path data: what moves once a second is made by one plain loop, a tenth of a pixel exact. */
import type { Trace } from './trace.ts';

/** The room to draw in, in pixels, and what its edges mean. */
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

/** Runs of rows that have a value: `[first, last]` of each. */
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

/** The line, broken at nulls; a value alone between two gaps is a dot (with round line caps). */
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

/** The band between `low` and `high`, or, where a trace has none, the area below the line. */
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
