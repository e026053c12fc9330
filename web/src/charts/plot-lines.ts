/** Series of many machines as the lines of a chart, and as one line. */
import type { Reduction } from '#protocol/boards.ts';
import { parseInstanceField } from '#protocol/fields.ts';
import { meaningOf } from '#protocol/meaning.ts';
import { metricName } from '#protocol/metric-name.ts';
import type { Point } from '#protocol/api.ts';
import type { ManySeriesReply, SeriesLine } from '#protocol/series.ts';
import type { PlotLine } from './plot.ts';
import { historyTrace } from './trace.ts';

/** Colours of lines that are told apart by machine: neighbours differ in lightness as well as in hue. */
const TOKENS = [
  '--chart-cpu',
  '--chart-out',
  '--chart-memory',
  '--chart-in',
  '--chart-plain',
  '--chart-second',
  '--chart-heat',
  '--chart-disk',
] as const;

/** The colour that a field has on every page. */
export function fieldToken(field: string): string {
  const parts = parseInstanceField(field);
  const [kind, name] = [parts?.kind ?? '', parts?.field ?? field];
  if (kind === 'sensor') return '--chart-heat';
  if (/^(cpu|load|core)/.test(kind === 'core' ? kind : name)) return '--chart-cpu';
  if (/^(ram|mem_|swap)/.test(name)) return '--chart-memory';
  if (/(^|_)(rx|read)$/.test(name)) return '--chart-in';
  if (/(^|_)(tx|write)$/.test(name)) return '--chart-out';
  if (kind === 'mount' || name.startsWith('disk')) return '--chart-disk';
  return '--chart-plain';
}

/**
 * The lines of a reply, each named by what tells it from the others. One line of each field has the colour of its
 * field; several are told apart by colour.
 */
export function plotLines(reply: ManySeriesReply, nameOf: (id: string) => string): PlotLine[] {
  const { series, step_ms } = reply;
  const machines = new Set(series.map(({ device_id }) => device_id)).size;
  const fields = new Set(series.map(({ field }) => field)).size;
  const tokens = new Set(series.map(({ field }) => fieldToken(field)));
  const byField = machines === 1 && tokens.size === series.length;
  const order = series.toSorted((a, b) => idOf(a).localeCompare(idOf(b)));
  return series.map((line) => ({
    id: idOf(line),
    field: line.field,
    label: labelOf(line, { machines, fields, nameOf }),
    token: byField ? fieldToken(line.field) : (TOKENS[order.indexOf(line) % TOKENS.length] ?? TOKENS[0]),
    trace: withoutBand(historyTrace(line.points, step_ms), series.length),
    main: series.length === 1,
  }));
}

const idOf = ({ device_id, field }: SeriesLine) => `${device_id} ${field}`;

/** So many bands can be told apart. */
const BANDS = 3;

function withoutBand(trace: PlotLine['trace'], lines: number): PlotLine['trace'] {
  return lines <= BANDS ? trace : { t: trace.t, value: trace.value };
}

function labelOf(
  { device_id, field }: SeriesLine,
  { machines, fields, nameOf }: { machines: number; fields: number; nameOf: (id: string) => string },
): string {
  const instance = parseInstanceField(field)?.instance;
  const what = instance ?? meaningOf(field).label ?? metricName(field);
  if (machines === 1) return what;
  return fields === 1 ? nameOf(device_id) : `${nameOf(device_id)} ${what}`;
}

const JOINED: Readonly<Record<Reduction, (values: readonly number[]) => number>> = {
  mean: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  max: (values) => values.reduce((a, b) => Math.max(a, b)),
  min: (values) => values.reduce((a, b) => Math.min(a, b)),
};

/** One line from all lines of a reply: at each time the mean, sum, largest or smallest of their values. */
export function joinedPoints({ series }: ManySeriesReply, reduction: Reduction): Point[] {
  const byTime = new Map<number, number[]>();
  for (const { points } of series) {
    for (const [t, min, mean, max] of points) {
      const value = reduction === 'max' ? max : reduction === 'min' ? min : mean;
      if (value === null) continue;
      const known = byTime.get(t);
      if (known) known.push(value);
      else byTime.set(t, [value]);
    }
  }
  return [...byTime]
    .sort(([a], [b]) => a - b)
    .map(([t, values]) => {
      const joined = JOINED[reduction](values);
      return [t, joined, joined, joined];
    });
}
