import type { Severity } from '#protocol/alerts.ts';
import type { Trace } from './trace.ts';

/** One line of a chart. */
export interface PlotLine {
  /** Tells lines of the same field apart, as those of several machines. */
  readonly id?: string;
  /** The field that gives its values their unit. */
  readonly field: string;
  /** The line's name, which is written beside it. */
  readonly label: string;
  /** The token of its colour: `--chart-cpu`. */
  readonly token: string;
  readonly trace: Trace;
  /** Whether the chart is about this line: it is drawn stronger and has a faint fill. */
  readonly main: boolean;
  /** The line is what others are compared with: dashed, and without a fill. */
  readonly muted?: true;
}

/** Something that happened, on the time axis. Times are epoch milliseconds. */
export interface PlotEvent {
  readonly id: string;
  readonly at: number;
  /** When it ended, for what took time; null while it goes on. Absent: it was a moment. */
  readonly until?: number | null;
  readonly title: string;
}

/** What a line is known by among those of its chart. */
export const lineId = ({ id, field }: Pick<PlotLine, 'id' | 'field'>): string => id ?? field;

/** An alert in a chart: its threshold, drawn for the time it fired. Times are epoch milliseconds. */
export interface PlotMark {
  readonly id: string;
  readonly threshold: number;
  readonly since: number;
  /** Null while the alert fires. */
  readonly until: number | null;
  readonly severity: Severity;
  readonly title: string;
  /** Whether the threshold is drawn before and after it fired as well, fainter. */
  readonly throughout?: true;
}

/** Where the lines of a chart are in its element, in pixels, and the times and values at the edges. */
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

/** A time's place, in pixels from the element's left edge. A time outside the area has a place outside it. */
export function xOf({ left, width, from, to }: PlotArea, t: number): number {
  return left + ((t - from) / (to - from)) * width;
}

/** A value's place, in pixels from the element's upper edge, always within the area. */
export function yOf({ top, height, most }: PlotArea, value: number): number {
  return top + (1 - Math.min(1, Math.max(0, value / most))) * height;
}
