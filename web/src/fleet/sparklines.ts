/** Sparklines: as paths where there are some, on one canvas where there are hundreds. */
import { gapMs, onlineWindowMs, usualDistanceMs } from '#protocol/gaps.ts';
import { tokenColour } from '../styles/token-colour.ts';

/** A column of values and their times (epoch milliseconds); NaN where there is no value. */
export interface Trace {
  readonly t: Float64Array;
  readonly values: Float64Array;
}

interface SparkScale {
  /** The time at the right edge, and how many milliseconds fit. */
  readonly end: number;
  readonly span: number;
  /** The value at the upper edge; 0 is at the lower one. */
  readonly top: number;
  readonly gap: number;
}

/** The scale for all `traces`, which reaches up to `top` or else to their maximum, but at least to `floor`. */
export function sparkScale(
  traces: readonly Trace[],
  { top, floor = 0, spanMs }: { top?: number; floor?: number; spanMs: number },
): SparkScale {
  let [end, most] = [-Infinity, floor];
  // Values come once for each push, and a push may be late: no gap is shorter than the shortest online window.
  let gap = onlineWindowMs(0);
  for (const { t, values } of traces) {
    end = Math.max(end, t[t.length - 1] ?? -Infinity);
    gap = Math.max(gap, gapMs(usualDistanceMs(t) ?? 0));
    if (top === undefined) for (const value of values) if (value > most) most = value;
  }
  return { end, span: spanMs, top: top ?? most * 1.08, gap };
}

/** The runs of a trace without a gap: the index of the first and of the last point of each. */
function runsOf({ t, values }: Trace, gap: number): [number, number][] {
  const runs: [number, number][] = [];
  let from = 0;
  for (let i = 0; i <= t.length; i++) {
    const missing = i === t.length || Number.isNaN(values[i]);
    const apart = i > from && (t[i] ?? 0) - (t[i - 1] ?? 0) > gap;
    if (!missing && !apart) continue;
    if (i - 1 > from) runs.push([from, i - 1]);
    from = missing ? i + 1 : i;
  }
  return runs;
}

/** A trace as SVG path data in a box of so many whole units: its line, and the area under it. */
export function sparkPaths(
  trace: Trace,
  { end, span, top, gap }: SparkScale,
  { width, height }: { readonly width: number; readonly height: number },
): { readonly line: string; readonly area: string } {
  const { t, values } = trace;
  const x = (i: number) => Math.round(width - ((end - (t[i] ?? 0)) / span) * width);
  const y = (i: number) => Math.round(height - Math.min(1, (values[i] ?? 0) / top) * height);
  let [line, area] = ['', ''];
  for (const [from, to] of runsOf(trace, gap)) {
    let run = `M${x(from)},${y(from)}`;
    for (let i = from + 1; i <= to; i++) run += `L${x(i)},${y(i)}`;
    line += run;
    area += `${run}V${height}H${x(from)}Z`;
  }
  return { line, area };
}

interface SparkBox {
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
}

/** Draws one trace: a thin line, a faint fill under it, broken at gaps. */
export function drawTrace(
  context: CanvasRenderingContext2D,
  trace: Trace,
  { end, span, top, gap }: SparkScale,
  { width, height, ratio }: SparkBox,
  { colour, fill }: { colour: string; fill: boolean },
): void {
  const { t, values } = trace;
  const inset = 1.25 * ratio;
  const x = (time: number) => width - inset - ((end - time) / span) * (width - 2 * inset);
  const y = (value: number) => height - inset - Math.min(1, value / top) * (height - 2 * inset);
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = 1.25 * ratio;
  context.lineJoin = 'round';
  for (const [from, to] of runsOf(trace, gap)) {
    context.beginPath();
    for (let i = from; i <= to; i++) context.lineTo(x(t[i] ?? 0), y(values[i] ?? 0));
    context.stroke();
    if (!fill) continue;
    context.lineTo(x(t[to] ?? 0), height);
    context.lineTo(x(t[from] ?? 0), height);
    context.globalAlpha = 0.09;
    context.fill();
    context.globalAlpha = 1;
  }
}

/** Gathers what is to be drawn on canvases and draws it in the next frame. A page has one. */
export class SparkLoop {
  readonly #waiting = new Set<() => void>();
  #frame: number | undefined;
  readonly #colours = new Map<string, string>();

  /** Runs `job` in the next frame, once, however often it is requested. */
  request(job: () => void): void {
    this.#waiting.add(job);
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      const jobs = [...this.#waiting];
      this.#waiting.clear();
      for (const draw of jobs) draw();
    });
  }

  forget(job: () => void): void {
    this.#waiting.delete(job);
  }

  /** The colour of a token, as canvas takes it; looked up once for each theme. */
  colour(token: string): string {
    const known = this.#colours.get(token);
    if (known !== undefined) return known;
    const colour = tokenColour(token);
    this.#colours.set(token, colour);
    return colour;
  }

  /** Forgets the colours and calls `changed` whenever the theme changes. Returns its stop. */
  watchTheme(changed: () => void): () => void {
    const forget = () => {
      this.#colours.clear();
      changed();
    };
    const root = new MutationObserver(forget);
    root.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', forget);
    return () => {
      root.disconnect();
      dark.removeEventListener('change', forget);
      if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
      this.#frame = undefined;
      this.#waiting.clear();
    };
  }
}
