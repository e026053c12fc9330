/** What one chart draws: its lines, and how far its axis goes. */
import { isShare } from '#protocol/fields.ts';

export interface LineSpec {
  readonly field: string;
  readonly label: string;
  readonly token: string;
  readonly main: boolean;
  /** The line is left out while all its values are 0. */
  readonly seldom?: true;
}

export interface ChartSpec {
  readonly id: string;
  readonly title: string;
  /** The field that gives the axis its unit. */
  readonly field: string;
  readonly lines: readonly LineSpec[];
  /** The value at the top of the axis: a number, or the field whose newest value it is. */
  readonly top?: number | { readonly field: string };
  readonly floor?: number;
  /** The machine no longer sends what the chart is about. */
  readonly gone?: true;
}

export const NETWORK_FLOOR = 12_500;
export const DISK_FLOOR = 100_000;
export const HEAT_FLOOR = 60;

export const SENSOR_TOKENS = [
  '--chart-heat',
  '--chart-cpu',
  '--chart-memory',
  '--chart-in',
  '--chart-plain',
  '--chart-second',
] as const;

export const line = (field: string, label: string, token: string, main = false): LineSpec => ({
  field,
  label,
  token,
  main,
});

/** The chart, where it has a line. */
export function chart(spec: ChartSpec): ChartSpec[] {
  return spec.lines.length === 0 ? [] : [spec];
}

/** A chart of one field, of which nothing but its name may be known. */
export function chartOf(field: string, title: string): ChartSpec {
  return {
    id: field,
    title,
    field,
    lines: [line(field, 'value', '--chart-plain', true)],
    ...(isShare(field) && { top: 100 }),
  };
}
