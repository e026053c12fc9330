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

/** Something to be seen in place: an alert's threshold, and when it was raised. */
export interface PlotMark {
  readonly id: string;
  readonly value: number;
  readonly since: number;
  readonly severity: 'warning' | 'critical';
  readonly title: string;
}
