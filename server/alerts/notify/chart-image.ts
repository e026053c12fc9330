/**
 * The chart of an e-mail: a field around the moment of an alert, drawn on the server in the look of the web app's
 * charts, in light colours. Mail programs show no SVG, so it becomes a PNG, twice as large for sharp screens.
 */
import { fileURLToPath } from 'node:url';
import { meaningOf } from '#protocol/meaning.ts';
import { figure, text as figureText } from '#protocol/figure.ts';
import { DAY, HOUR, MINUTE } from '#protocol/span.ts';
import type { MessageChart } from './message.ts';
import { escapeHtml } from './message-text.ts';

/** A part of Inter (SIL Open Font License 1.1): Latin letters and tabular digits, as servers may have no fonts. */
const FONT_FILE = fileURLToPath(new URL('./chart-font.ttf', import.meta.url));
const FONT = 'Watchfloor Chart';

/** Of the whole image and of the plot in it, pixels. */
const WIDTH = 552;
const HEIGHT = 168;
const PLOT = { left: 64, top: 14, width: 476, height: 126 } as const;

const COLOURS = {
  text: '#565d66',
  grid: '#e5e8eb',
  mark: '#cb2526',
  cpu: '#206dc1',
  memory: '#9147a6',
  disk: '#206f78',
  network: '#007a6b',
  plain: '#505c6c',
} as const;

/** The colour that the web app's charts give to a field. */
function colourOf(field: string): string {
  if (/^(cpu|load|core:)/.test(field)) return COLOURS.cpu;
  if (/^(ram|mem|swap)/.test(field)) return COLOURS.memory;
  if (/^(disk|mount:|raid)/.test(field)) return COLOURS.disk;
  return /^(net|if:)/.test(field) ? COLOURS.network : COLOURS.plain;
}

type Point = MessageChart['points'][number];
type Known = readonly [t: number, min: number, mean: number, max: number];
const isKnown = (point: Point): point is Known => point[1] !== null;

/** The values at the lower and the upper edge of the plot. */
interface ValueRange {
  readonly bottom: number;
  readonly top: number;
}

/** 1, 2, 2.5 or 5 times a power of ten: the least of them that is not smaller. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= step * 0.999) ?? 10);
}

/** From 0, or below the least value, to above the greatest one and the threshold; a percentage ends at 100. */
function valueRange({
  field,
  meaning,
  points,
  threshold,
}: MessageChart): ValueRange & { readonly step: number } {
  const known = points.filter(isKnown);
  const values = [
    ...known.flatMap(([, min, , max]) => [min, max]),
    ...(threshold === null ? [] : [threshold]),
  ];
  const least = values.reduce((a, b) => Math.min(a, b), 0);
  const greatest = values.reduce((a, b) => Math.max(a, b), 0);
  if (meaningOf(field, meaning).unit === 'percent' && least >= 0 && greatest <= 100)
    return { bottom: 0, top: 100, step: 50 };
  if (!(greatest > least) || !Number.isFinite(greatest - least)) return { bottom: 0, top: 1, step: 0.5 };
  const step = roundStep((greatest - least) / 3);
  return {
    bottom: Math.floor(least / step) * step,
    top: Math.max(Math.ceil(greatest / step), 1) * step,
    step,
  };
}

const tenth = (pixels: number) => Math.round(pixels * 10) / 10;

/** Where times and values are in the image, pixels. */
function scalesOf({ from, to }: MessageChart, { bottom, top }: ValueRange) {
  const x = (t: number) => tenth(PLOT.left + ((t - from) / Math.max(1, to - from)) * PLOT.width);
  const y = (value: number) => tenth(PLOT.top + (1 - (value - bottom) / (top - bottom)) * PLOT.height);
  return { x, y };
}
type Scales = ReturnType<typeof scalesOf>;

/** The stretches of points without a gap. */
function runsOf(points: readonly Point[]): Known[][] {
  const runs: Known[][] = [[]];
  for (const point of points) {
    if (isKnown(point)) runs.at(-1)?.push(point);
    else runs.push([]);
  }
  return runs.filter((run) => run.length > 0);
}

function linePath(run: readonly Known[], { x, y }: Scales): string {
  const path = run.map(([t, , mean], index) => `${index === 0 ? 'M' : 'L'}${x(t)},${y(mean)}`).join('');
  return run.length === 1 ? `${path}h0` : path;
}

function bandPath(run: readonly Known[], { x, y }: Scales): string {
  const upper = run.map(([t, , , max]) => `${x(t)},${y(max)}`);
  const lower = run.map(([t, min]) => `${x(t)},${y(min)}`).reverse();
  return `M${[...upper, ...lower].join('L')}Z`;
}

const label = (words: string, x: number, y: number, anchor: 'start' | 'middle' | 'end', colour: string) =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${colour}">${escapeHtml(words)}</text>`;

const horizontal = (y: number, style: string) =>
  `<path d="M${PLOT.left},${y}h${PLOT.width}" fill="none" ${style}/>`;

/** The lines and labels of the values. */
function valueAxis(
  { field, meaning }: MessageChart,
  range: ReturnType<typeof valueRange>,
  { y }: Scales,
): string {
  const count = Math.round((range.top - range.bottom) / range.step);
  const ticks = Array.from({ length: count + 1 }, (_, index) => range.bottom + index * range.step);
  return ticks
    .map((value) => {
      const at = y(value);
      // A zero needs neither digits after the point nor a unit.
      const words = value === 0 ? '0' : figureText(figure(field, value, meaningOf(field, meaning)));
      return `${horizontal(at, `stroke="${COLOURS.grid}"`)}${label(words, PLOT.left - 8, at + 4, 'end', COLOURS.text)}`;
    })
    .join('');
}

const TIME_STEPS = [
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  6 * HOUR,
  DAY,
];

/** Three to seven times of day below the plot. */
function timeAxis({ from, to, timeZone }: MessageChart, { x }: Scales): string {
  const step = TIME_STEPS.find((ms) => (to - from) / ms <= 7) ?? 7 * DAY;
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' });
  const first = Math.ceil(from / step) * step;
  const times = Array.from(
    { length: Math.max(0, Math.floor((to - first) / step) + 1) },
    (_, i) => first + i * step,
  );
  return times
    .filter((t) => x(t) > PLOT.left + 14 && x(t) < PLOT.left + PLOT.width - 14)
    .map((t) => label(format.format(t), x(t), PLOT.top + PLOT.height + 18, 'middle', COLOURS.text))
    .join('');
}

/** The threshold, dashed and labelled on a white edge, and a line at the moment of the alert. */
function marksOf({ field, meaning, threshold, at, from, to }: MessageChart, { x, y }: Scales): string {
  const limit =
    threshold === null
      ? ''
      : `${horizontal(y(threshold), `stroke="${COLOURS.mark}" stroke-dasharray="3 3" opacity="0.85"`)}<g paint-order="stroke" stroke="#ffffff" stroke-width="3">${label(figureText(figure(field, threshold, meaningOf(field, meaning))), PLOT.left + 4, y(threshold) + 14, 'start', COLOURS.mark)}</g>`;
  const isInside = at >= from && at <= to;
  const moment = isInside
    ? `<path d="M${x(at)},${PLOT.top}v${PLOT.height}" fill="none" stroke="${COLOURS.mark}" opacity="0.7"/><path d="M${x(at) - 4},${PLOT.top - 6}h8l-4,6Z" fill="${COLOURS.mark}"/>`
    : '';
  return limit + moment;
}

/** The chart as SVG. */
export function chartSvg(chart: MessageChart): string {
  const range = valueRange(chart);
  const scales = scalesOf(chart, range);
  const runs = runsOf(chart.points);
  const colour = colourOf(chart.field);
  const band = runs.map((run) => bandPath(run, scales)).join('');
  const line = runs.map((run) => linePath(run, scales)).join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="${FONT}" font-size="12">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
${valueAxis(chart, range, scales)}${timeAxis(chart, scales)}
<path d="${band}" fill="${colour}" fill-opacity="0.2"/>
<path d="${line}" fill="none" stroke="${colour}" stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round"/>
${marksOf(chart, scales)}
</svg>`;
}

/**
 * The chart as a PNG of 1104 × 336 pixels. It is drawn beside the event loop.
 * @throws Error on a system for which there is no renderer
 */
export async function chartPng(chart: MessageChart): Promise<Buffer> {
  // Not at the start: a system without the renderer sends its mails without charts.
  const { renderAsync } = await import('@resvg/resvg-js');
  const image = await renderAsync(chartSvg(chart), {
    fitTo: { mode: 'zoom', value: 2 },
    font: { loadSystemFonts: false, fontFiles: [FONT_FILE], defaultFontFamily: FONT },
  });
  return image.asPng();
}
