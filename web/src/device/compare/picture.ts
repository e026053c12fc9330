/** The charts of a comparison as one picture: with their title, the time, and the names of all lines. */
import { timeTicks, valueAxis } from '../../charts/axis.ts';
import { areaPath, linePath } from '../../charts/path.ts';
import { lineId } from '../../charts/plot.ts';
import { highest } from '../../charts/trace.ts';
import type { Zone } from '../../format/zone.ts';
import type { CompareChart } from './compare-charts.ts';

export interface PictureParts {
  readonly title: string;
  /** `22 Nov 14:07 – 22 Nov 15:07, Europe/Berlin` */
  readonly time: string;
  readonly charts: readonly CompareChart[];
  readonly from: number;
  readonly to: number;
  readonly zone: Zone;
  /** A token of the theme (`--chart-cpu`) → its colour. */
  readonly colour: (token: string) => string;
}

export interface Picture {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
}

const WIDTH = 1280;
const MARGIN = 32;
const CHART = { left: 64, width: WIDTH - 64 - MARGIN, height: 260 };
const LINE = 20;
/** So many names stand in one row of the legend. */
const IN_ROW = 4;
const NAME_CHARS = 34;

/** [S6] A text within the picture, whatever is in it. */
function escaped(text: string): string {
  return (
    text
      // Characters that XML cannot have.
      .replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  );
}

const shortened = (name: string) => (name.length > NAME_CHARS ? `${name.slice(0, NAME_CHARS - 1)}…` : name);

interface TextStyle {
  readonly size?: number;
  readonly fill: string;
  readonly weight?: number;
  readonly anchor?: 'start' | 'middle' | 'end';
}

function textAt(x: number, y: number, text: string, style: TextStyle): string {
  const { size = 13, fill, weight = 400, anchor = 'start' } = style;
  return `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${fill}" text-anchor="${anchor}">${escaped(text)}</text>`;
}

/** One chart whose upper edge is at `top`, and how high it is. */
function chartAt(top: number, chart: CompareChart, { from, to, zone, colour }: PictureParts) {
  const { left, width, height } = CHART;
  const most = Math.max(chart.floor ?? 0, ...chart.lines.map(({ trace }) => highest(trace)));
  const axis = valueAxis(chart.field, most, chart.top);
  const box = { width, height, from, to, top: axis.top };
  const [muted, grid] = [colour('--text-muted'), colour('--grid')];
  const plotTop = top + 30;
  const y = (value: number) => plotTop + height - (value / axis.top) * height;
  const parts = [
    textAt(MARGIN, top + 16, `${chart.title}  ${axis.unit}`, { fill: colour('--text'), weight: 600 }),
  ];
  for (const tick of axis.ticks) {
    parts.push(`<path d="M${left},${y(tick)}h${width}" stroke="${grid}" fill="none"/>`);
    parts.push(textAt(left - 8, y(tick) + 4, axis.label(tick), { size: 11, fill: muted, anchor: 'end' }));
  }
  for (const { t, label } of timeTicks(from, to, 10, zone)) {
    const x = left + ((t - from) / (to - from)) * width;
    parts.push(textAt(x, plotTop + height + 16, label, { size: 11, fill: muted, anchor: 'middle' }));
  }
  const lines = chart.lines.map(({ token, trace, main }) => {
    const area = main ? areaPath(trace, box) : '';
    const fill = area === '' ? '' : `<path d="${area}" fill="${colour(token)}" fill-opacity="0.15"/>`;
    return `${fill}<path d="${linePath(trace, box)}" fill="none" stroke="${colour(token)}" stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round"/>`;
  });
  parts.push(`<g transform="translate(${left} ${plotTop})">${lines.join('')}</g>`);
  const legendTop = plotTop + height + 40;
  chart.lines.forEach((line, i) => {
    const x = left + (i % IN_ROW) * (width / IN_ROW);
    const base = legendTop + Math.floor(i / IN_ROW) * LINE;
    parts.push(`<path d="M${x},${base - 4}h14" stroke="${colour(line.token)}" stroke-width="3"/>`);
    parts.push(
      textAt(x + 20, base, shortened(line.label || lineId(line)), { size: 12, fill: colour('--text') }),
    );
  });
  const rows = Math.ceil(chart.lines.length / IN_ROW);
  return { svg: parts.join(''), height: 30 + height + 40 + rows * LINE + 12 };
}

export function comparePicture(parts: PictureParts): Picture {
  const { title, time, charts, colour } = parts;
  let top = 84;
  const drawn = charts.map((chart) => {
    const { svg, height } = chartAt(top, chart, parts);
    top += height;
    return svg;
  });
  const height = top + MARGIN / 2;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="Inter Variable, Inter, system-ui, sans-serif">` +
    `<rect width="${WIDTH}" height="${height}" fill="${colour('--surface')}"/>` +
    textAt(MARGIN, 40, title, { size: 20, fill: colour('--text'), weight: 650 }) +
    textAt(MARGIN, 62, time, { fill: colour('--text-muted') }) +
    drawn.join('') +
    '</svg>';
  return { svg, width: WIDTH, height };
}

/** So many pixels of the picture for each of its lengths: sharp on any screen. */
const SCALE = 2;

/** Draws the picture; rejects where the browser cannot. */
export async function pngOf({ svg, width, height }: Picture): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = width * SCALE;
  canvas.height = height * SCALE;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser draws no pictures');
  context.scale(SCALE, SCALE);
  context.drawImage(image, 0, 0);
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error('the picture could not be made'))),
      'image/png',
    );
  });
}
