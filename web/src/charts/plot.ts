import type { Severity } from '#protocol/api.ts';
import type { Trace } from './trace.ts';

/** One line of a chart. */
export interface PlotLine {
  readonly field: string;
  /** Stands at the line. */
  readonly label: string;
  /** Its colour's token: `--chart-cpu`. */
  readonly token: string;
  readonly trace: Trace;
  /** A faint fill under it, and its band: for the line the chart is about. */
  readonly main: boolean;
}

/** An alert, to be seen in place: its threshold, for as long as it fired. */
export interface PlotMark {
  readonly id: string;
  readonly threshold: number;
  readonly since: number;
  /** Null while it fires. */
  readonly until: number | null;
  readonly severity: Severity;
  readonly title: string;
}

/** Where a chart's lines are in its element, in pixels, and what the edges mean. */
export interface PlotArea {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly from: number;
  readonly to: number;
  /** The value at the upper edge; 0 is at the lower one. */
  readonly most: number;
}

/** Pixels from the element's left edge; outside of the area for a time outside of it. */
export function across({ left, width, from, to }: PlotArea, t: number): number {
  return left + ((t - from) / (to - from)) * width;
}

/** Pixels from the element's upper edge, within the area. */
export function down({ top, height, most }: PlotArea, value: number): number {
  return top + (1 - Math.min(1, Math.max(0, value / most))) * height;
}
