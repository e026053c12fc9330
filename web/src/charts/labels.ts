/** The labels beside the lines of a chart: each line's name, and its last value or the one under the crosshair. */
import { figure, text } from '#protocol/figure.ts';
import { lineId, yOf, type PlotArea, type PlotLine } from './plot.ts';
import { lastOf, nearest, spread, type Trace } from './trace.ts';

interface Reading {
  readonly t: number;
  readonly value: number;
}

/** The value nearest to `time`, at most `reach` milliseconds away; the last value where `time` is null. */
export function readingOf(trace: Trace, time: number | null, reach: number): Reading | undefined {
  if (time === null) return lastOf(trace);
  const i = nearest(trace, time, reach);
  const value = trace.value[i];
  return value === null || value === undefined ? undefined : { t: trace.t[i] ?? 0, value };
}

export interface PlotLabel extends Reading {
  readonly id: string;
  readonly field: string;
  readonly label: string;
  readonly token: string;
  readonly text: string;
  /** Where it is written, in pixels from the element's upper edge: near its line, without covering other labels. */
  readonly place: number;
}

/**
 * The labels of `lines`; `height` is that of one label, in pixels. A line without a value at `time` has no label, and
 * where there is no room for all of them, only those of the largest values are there.
 */
export function labelsOf(
  lines: readonly PlotLine[],
  { time, reach, area, height }: { time: number | null; reach: number; area: PlotArea; height: number },
): PlotLabel[] {
  const all = lines.flatMap((line) => {
    const { field, label, token, trace } = line;
    const reading = readingOf(trace, time, reach);
    return reading ? [{ id: lineId(line), field, label, token, ...reading }] : [];
  });
  const room = Math.max(1, Math.floor(area.height / height));
  const found = all.length <= room ? all : all.toSorted((a, b) => b.value - a.value).slice(0, room);
  const places = spread(
    found.map(({ value }) => yOf(area, value)),
    height,
    area.top + height * 0.35,
    area.top + area.height - height * 0.3,
  );
  return found.map((one, i) => ({
    ...one,
    text: text(figure(one.field, one.value)),
    place: places[i] ?? 0,
  }));
}
