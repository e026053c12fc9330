/** The charts of a comparison: its lines together by unit, each alone, or as a band. */
import { isShare, parseInstanceField } from '#protocol/fields.ts';
import { meaningOf } from '#protocol/meaning.ts';
import { metricName } from '#protocol/metric-name.ts';
import type { ManySeriesReply } from '#protocol/series.ts';
import { plotLines } from '../../charts/plot-lines.ts';
import { lineId, type PlotLine } from '../../charts/plot.ts';
import { highest, historyTrace } from '../../charts/trace.ts';
import type { CompareView } from './compare-query.ts';

export interface CompareChart {
  readonly id: string;
  readonly title: string;
  /** The field that gives the axis its unit. */
  readonly field: string;
  readonly lines: readonly PlotLine[];
  readonly top: number | undefined;
  /** The least value at the top of the axis: charts that are compared have the same axis. */
  readonly floor: number | undefined;
}

/** What fields must have in common to be in one chart. */
function unitOf(field: string): string {
  return meaningOf(field).unit ?? parseInstanceField(field)?.field ?? field;
}

const topOf = (field: string) => (isShare(field) ? 100 : undefined);

/** `CPU`, or `CPU, Memory` of a chart with several fields. */
function titleOf(lines: readonly PlotLine[], asked: readonly string[]): string {
  const names = new Set(
    lines.map(({ field }) => {
      const parts = parseInstanceField(field);
      const pattern = parts ? `${parts.kind}:*:${parts.field}` : field;
      return metricName(asked.includes(field) ? field : pattern);
    }),
  );
  return [...names].slice(0, 4).join(' · ');
}

function together(lines: readonly PlotLine[], asked: readonly string[]): CompareChart[] {
  const byUnit = new Map<string, PlotLine[]>();
  for (const line of lines) {
    const unit = unitOf(line.field);
    byUnit.set(unit, [...(byUnit.get(unit) ?? []), line]);
  }
  return [...byUnit].map(([unit, own]) => {
    const field = own[0]?.field ?? '';
    return { id: unit, title: titleOf(own, asked), field, lines: own, top: topOf(field), floor: undefined };
  });
}

function apart(lines: readonly PlotLine[]): CompareChart[] {
  const most = new Map<string, number>();
  for (const { field, trace } of lines) {
    const unit = unitOf(field);
    most.set(unit, Math.max(most.get(unit) ?? 0, highest(trace)));
  }
  return lines.map((line) => ({
    id: lineId(line),
    title: line.label,
    field: line.field,
    lines: [{ ...line, main: true, label: 'mean' }],
    top: topOf(line.field),
    floor: most.get(unitOf(line.field)),
  }));
}

function band(reply: ManySeriesReply, lines: readonly PlotLine[], asked: readonly string[]): CompareChart[] {
  const field = reply.series[0]?.field;
  if (field === undefined || reply.band === undefined) return [];
  const median: PlotLine = {
    id: 'median',
    field,
    label: 'median',
    token: '--chart-cpu',
    main: true,
    trace: historyTrace(reply.band, reply.step_ms),
  };
  const title = titleOf(lines, asked);
  return [{ id: 'band', title, field, lines: [median], top: topOf(field), floor: undefined }];
}

/** `asked`: the fields of the query. */
export function compareCharts(
  reply: ManySeriesReply,
  view: CompareView,
  asked: readonly string[],
  nameOf: (id: string) => string,
): readonly CompareChart[] {
  const lines = plotLines(reply, nameOf);
  if (view === 'band') return band(reply, lines, asked);
  return view === 'multiples' ? apart(lines) : together(lines, asked);
}
