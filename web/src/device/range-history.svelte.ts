import type { Api } from '../api/api.ts';
import { stepFor, widthOf, historyQuery, type TimeRange } from '../charts/range.ts';
import { DrawnFields } from '../stores/drawn-fields.svelte.ts';
import { historyTrace, NO_TRACE, type Trace } from '../charts/trace.ts';

interface RangeData {
  /** The key of the range that was fetched. */
  readonly key: string;
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly traces: ReadonlyMap<string, Trace>;
}

/** One device's history over the range that is shown, for the fields that are drawn, fetched again as time goes on. */
export class RangeHistory {
  data: RangeData | undefined = $state.raw();
  /** The fields whose history is fetched, and how that goes. */
  readonly drawn = new DrawnFields({
    fetch: (fields, signal) => this.#load(fields, signal),
    buckets: () => (this.#range === undefined ? 1 : widthOf(this.#range) / stepFor(widthOf(this.#range))),
  });
  readonly #id: string;
  readonly #api: Api;
  readonly #now: () => number;
  #range: TimeRange | undefined;

  /** `now`: the server's clock, epoch milliseconds. */
  constructor({ id, api, now }: { id: string; api: Api; now: () => number }) {
    this.#id = id;
    this.#api = api;
    this.#now = now;
  }

  /**
   * Fetches the range now and, where it reaches to now, again whenever it has a new bucket, until the returned
   * function is called.
   */
  follow(range: TimeRange): () => void {
    this.#range = range;
    this.drawn.renew();
    const every = Math.min(300_000, Math.max(10_000, stepFor(widthOf(range))));
    const timer = setInterval(() => {
      const over = range.kind === 'fixed' && range.to < this.#now() - every;
      if (!over && document.visibilityState === 'visible') this.drawn.renew();
    }, every);
    return () => {
      this.drawn.stop();
      clearInterval(timer);
    };
  }

  trace(field: string): Trace {
    return this.data?.traces.get(field) ?? NO_TRACE;
  }

  async #load(fields: readonly string[], signal: AbortSignal): Promise<void> {
    const range = this.#range;
    if (range === undefined) return;
    const asked = { ...historyQuery(range, this.#now()), fields };
    const { series, from, to, step_ms } = await this.#api.series(this.#id, asked, signal);
    if (signal.aborted) return;
    // The lines of the range before stay until those of this one are here.
    // eslint-disable-next-line svelte/prefer-svelte-reactivity -- never changed: `data` is replaced with it
    const traces = new Map(this.data?.traces);
    for (const field of fields) traces.set(field, historyTrace(series[field] ?? [], step_ms));
    this.data = { key: range.key, from, to, step: step_ms, traces };
  }
}
