/** What the tiles of one board draw from: each distinct thing is asked for once, whichever tiles show it [L6]. */
import type { MachineScope } from '#protocol/machine-scope.ts';
import type { SessionOf } from '#protocol/live.ts';
import { Crosshair } from '../charts/crosshair.svelte.ts';
import { stepFor, widthOf, type TimeRange } from '../charts/range.ts';
import { SparkLoop } from '../fleet/sparklines.ts';
import type { App } from '../stores/app.svelte.ts';
import { TileEvents } from './tile-events.svelte.ts';
import { TileSeries, type PastParts, type SeriesQuery } from './tile-series.svelte.ts';
import { TileValues } from './tile-values.svelte.ts';

/** Where all tiles show the same time; undefined: each shows its own range. */
type Override = Exclude<TimeRange, { kind: 'live' }> | undefined;

/** What all tiles of the board need to know. */
interface BoardView {
  readonly override: () => Override;
  /** Whether a click on a tile leads somewhere; nobody clicks on a wall. */
  readonly linked: boolean;
  /** Whose session the page uses. */
  readonly as: SessionOf;
}

export class BoardData {
  readonly app: App;
  readonly linked: boolean;
  readonly as: SessionOf;
  /** Draws what is on canvas. */
  readonly loop = new SparkLoop();
  /** Goes up when the theme changes the colours of what is on canvas. */
  theme: number = $state(0);
  readonly #override: () => Override;
  readonly #past: PastParts;
  // No view reads these; what they hold has signals of its own.
  /* eslint-disable svelte/prefer-svelte-reactivity */
  readonly #values = new Map<string, TileValues>();
  readonly #series = new Map<string, TileSeries>();
  readonly #events = new Map<string, TileEvents>();
  readonly #crosshairs = new Map<string, Crosshair>();
  /* eslint-enable svelte/prefer-svelte-reactivity */

  constructor(app: App, { override, linked, as }: BoardView) {
    this.app = app;
    this.#override = override;
    this.linked = linked;
    this.as = as;
    this.#past = { history: app.api.history, ends: (rangeMs) => this.ends(rangeMs) };
  }

  /** The server's time, updated once a second. */
  get now(): number {
    return this.app.live.now;
  }

  /** Keeps the colours of what is on canvas those of the theme, until the returned function is called. */
  start(): () => void {
    return this.loop.watchTheme(() => this.theme++);
  }

  /** The newest values of some fields of the machines of a scope; without fields, only the machines. */
  values(scope: MachineScope, fields: readonly string[]): TileValues {
    return kept(this.#values, [scope, fields], () => new TileValues(this, { scope, fields }));
  }

  /** Values over time. `rangeMs` is the tile's own range. */
  series(query: SeriesQuery): TileSeries {
    return kept(this.#series, [query], () => new TileSeries(this.#past, query));
  }

  /** What happened to the machines of a scope. */
  events(scope: MachineScope, rangeMs: number): TileEvents {
    return kept(this.#events, [scope, rangeMs], () => new TileEvents(this.#past, { scope, rangeMs }));
  }

  /** The time that a tile of this own range shows, epoch milliseconds: all tiles of a range have the same ends. */
  ends(rangeMs: number): { readonly from: number; readonly to: number } {
    const override = this.#override();
    if (override?.kind === 'fixed') return { from: override.from, to: override.to };
    const width = override === undefined ? rangeMs : widthOf(override);
    const each = refreshMs(width);
    const to = Math.ceil(this.now / each) * each;
    return { from: to - width, to };
  }

  /** The crosshair of all charts with the same time axis. */
  crosshair(rangeMs: number): Crosshair {
    const key = this.#override() === undefined ? String(rangeMs) : 'all';
    return kept(this.#crosshairs, [key], () => new Crosshair());
  }
}

/** A chart is read again this often, milliseconds: with each new point, but not all the time. */
function refreshMs(widthMs: number): number {
  return Math.min(300_000, Math.max(10_000, stepFor(widthMs)));
}

function kept<Value>(all: Map<string, Value>, key: readonly unknown[], make: () => Value): Value {
  const text = JSON.stringify(key);
  const known = all.get(text);
  if (known !== undefined) return known;
  const made = make();
  all.set(text, made);
  return made;
}
