/** Sparklines on canvas. One loop draws all that changed in one frame. */
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

interface SparkBox {
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
}

/** Draws one trace: a thin line, a faint fill under it, broken at gaps. */
export function drawTrace(
  context: CanvasRenderingContext2D,
  { t, values }: Trace,
  { end, span, top, gap }: SparkScale,
  { width, height, ratio }: SparkBox,
  { colour, fill }: { colour: string; fill: boolean },
): void {
  const inset = 1.25 * ratio;
  const x = (time: number) => width - inset - ((end - time) / span) * (width - 2 * inset);
  const y = (value: number) => height - inset - Math.min(1, value / top) * (height - 2 * inset);
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = 1.25 * ratio;
  context.lineJoin = 'round';

  let from = 0;
  const close = (to: number) => {
    if (to - from >= 1) {
      context.beginPath();
      for (let i = from; i <= to; i++) context.lineTo(x(t[i] ?? 0), y(values[i] ?? 0));
      context.stroke();
      if (fill) {
        context.lineTo(x(t[to] ?? 0), height);
        context.lineTo(x(t[from] ?? 0), height);
        context.globalAlpha = 0.09;
        context.fill();
        context.globalAlpha = 1;
      }
    }
  };
  for (let i = 0; i < t.length; i++) {
    const missing = Number.isNaN(values[i]);
    const apart = i > from && (t[i] ?? 0) - (t[i - 1] ?? 0) > gap;
    if (!missing && !apart) continue;
    close(i - 1);
    from = missing ? i + 1 : i;
  }
  close(t.length - 1);
}

/** Gathers the sparklines that are to be drawn and draws them in the next frame. A page has one. */
export class SparkLoop {
  readonly #waiting = new Set<() => void>();
  #frame: number | undefined;
  readonly #colours = new Map<string, string>();
  readonly #spare: HTMLCanvasElement[] = [];

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

  /**
   * A canvas to draw on, cleared. Those of rows that are gone are used again: to make hundreds while a list is scrolled
   * has the browser collect garbage for a tenth of a second at a time.
   */
  takeCanvas(): HTMLCanvasElement {
    const canvas = this.#spare.pop() ?? document.createElement('canvas');
    canvas.getContext('2d')?.clearRect(0, 0, canvas.width, canvas.height);
    return canvas;
  }

  /** The canvas is not needed any more. */
  giveBack(canvas: HTMLCanvasElement): void {
    canvas.remove();
    this.#spare.push(canvas);
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
