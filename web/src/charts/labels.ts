/** What stands at the lines of a chart: each one's name and its value, the last or the one under the crosshair. */
import { figure, text } from '../format/number.ts';
import { down, type PlotArea, type PlotLine } from './plot.ts';
import { lastOf, nearest, spread, type Trace } from './trace.ts';

export interface Reading {
  readonly t: number;
  readonly value: number;
}

/** The value at `time`, at most `reach` away from it; the last one where no time is asked for. */
export function readingOf(trace: Trace, time: number | null, reach: number): Reading | undefined {
  if (time === null) return lastOf(trace);
  const i = nearest(trace, time, reach);
  const value = trace.value[i];
  return value === null || value === undefined ? undefined : { t: trace.t[i] ?? 0, value };
}

export interface PlotLabel extends Reading {
  readonly field: string;
  readonly label: string;
  readonly token: string;
  readonly text: string;
  /** The height it is written at, in pixels: near its line, and off the others. */
  readonly place: number;
}

/** `height`: of a label, in pixels. Lines without a value there have none. */
export function labelsOf(
  lines: readonly PlotLine[],
  { time, reach, area, height }: { time: number | null; reach: number; area: PlotArea; height: number },
): PlotLabel[] {
  const found = lines.flatMap(({ field, label, token, trace }) => {
    const reading = readingOf(trace, time, reach);
    return reading ? [{ field, label, token, ...reading }] : [];
  });
  const places = spread(
    found.map(({ value }) => down(area, value)),
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
