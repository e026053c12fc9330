/** A heat map: a row for each machine or instance, a column for each bucket of time, the value as a shade. */
import { meaningOf } from '#protocol/meaning.ts';
import type { ManySeriesReply } from '#protocol/series.ts';
import { plotLines } from '../charts/plot-lines.ts';

export interface HeatRow {
  readonly id: string;
  readonly deviceId: string;
  readonly label: string;
  /** By bucket; null where there is no value. */
  readonly values: readonly (number | null)[];
}

export interface Heat {
  readonly rows: readonly HeatRow[];
  /** When the first bucket begins, epoch milliseconds, and how wide one is. */
  readonly begin: number;
  readonly step: number;
  readonly columns: number;
  /** The value of the strongest shade. */
  readonly top: number;
}

/** The rows of a reply by name, so that they keep their places while values change. */
export function heatOf(reply: ManySeriesReply, nameOf: (id: string) => string): Heat {
  const { step_ms: step, from, to, series } = reply;
  const begin = Math.floor(from / step) * step;
  const columns = Math.max(1, Math.ceil((to - begin) / step));
  const labels = new Map(plotLines(reply, nameOf).map(({ id, label }) => [id, label]));
  const byName = new Intl.Collator('en', { numeric: true });
  let top = 0;
  const rows = series.map(({ device_id, field, points }) => {
    const values = new Array<number | null>(columns).fill(null);
    for (const [t, , mean] of points) {
      const i = Math.round((t - begin) / step);
      if (i < 0 || i >= columns || mean === null) continue;
      values[i] = mean;
      top = Math.max(top, mean);
    }
    const id = `${device_id} ${field}`;
    return { id, deviceId: device_id, label: labels.get(id) ?? device_id, values };
  });
  const percent = meaningOf(series[0]?.field ?? '').unit === 'percent';
  return {
    rows: rows.toSorted((a, b) => byName.compare(a.label, b.label)),
    begin,
    step,
    columns,
    top: percent ? 100 : top || 1,
  };
}

/** The least shade of a value, so that 0 differs from nothing. */
const FAINTEST = 0.06;

/** Draws the shades into a canvas of `width` × `height` pixels, whose edges are the times `from` and `to`. */
export function drawHeat(
  context: CanvasRenderingContext2D,
  heat: Heat,
  { width, height, from, to }: { width: number; height: number; from: number; to: number },
  { colour, ground }: { colour: string; ground: string },
): void {
  const tall = height / Math.max(1, heat.rows.length);
  const gap = tall >= 6 ? Math.max(1, Math.round(tall * 0.1)) : 0;
  const across = width / (to - from);
  heat.rows.forEach(({ values }, row) => {
    const y = Math.round(row * tall);
    const deep = Math.max(1, Math.round((row + 1) * tall) - y - gap);
    context.globalAlpha = 1;
    context.fillStyle = ground;
    context.fillRect(0, y, width, deep);
    context.fillStyle = colour;
    values.forEach((value, i) => {
      if (value === null) return;
      const x = Math.round((heat.begin + i * heat.step - from) * across);
      const end = Math.round((heat.begin + (i + 1) * heat.step - from) * across);
      context.globalAlpha = FAINTEST + (1 - FAINTEST) * Math.min(1, Math.max(0, value / heat.top));
      context.fillRect(x, y, end - x, deep);
    });
  });
  context.globalAlpha = 1;
}

/** The value under a point; undefined where there is none. `at` is a time, `part` is 0 at the top and 1 at the bottom. */
export function heatAt(
  { rows, begin, step }: Heat,
  at: number,
  part: number,
): { readonly row: HeatRow; readonly value: number | null } | undefined {
  const row = rows[Math.floor(part * rows.length)];
  if (row === undefined) return undefined;
  return { row, value: row.values[Math.floor((at - begin) / step)] ?? null };
}
