import type { Api } from '../api/api.ts';
import { errorMessage } from '../api/request.ts';
import { stepFor, widthOf, historyQuery, type TimeRange } from '../charts/range.ts';
import { historyTrace, NO_TRACE, type Trace } from '../charts/trace.ts';

interface RangeData {
  /** The key of the range that was fetched. */
  readonly key: string;
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly traces: ReadonlyMap<string, Trace>;
}

/** One device's history over the range that is shown, fetched again as time goes on. */
export class RangeHistory {
  data: RangeData | undefined = $state.raw();
  state: 'loading' | 'ready' | 'error' = $state('loading');
  /** Why the last attempt failed, for a person. */
  problem: string = $state('');
  readonly #id: string;
  readonly #api: Api;
  readonly #now: () => number;
  #again: () => void = () => undefined;

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
    const asking = new AbortController();
    this.#again = () => void this.#load(range, asking.signal);
    if (this.data?.key !== range.key) this.state = 'loading';
    void this.#load(range, asking.signal);
    const every = Math.min(300_000, Math.max(10_000, stepFor(widthOf(range))));
    const timer = setInterval(() => {
      const over = range.kind === 'fixed' && range.to < this.#now() - every;
      if (!over && document.visibilityState === 'visible') void this.#load(range, asking.signal);
    }, every);
    return () => {
      asking.abort();
      clearInterval(timer);
    };
  }

  /** Fetches the followed range once more, after an error. */
  retry(): void {
    this.#again();
  }

  trace(field: string): Trace {
    return this.data?.traces.get(field) ?? NO_TRACE;
  }

  async #load(range: TimeRange, signal: AbortSignal): Promise<void> {
    try {
      const asked = historyQuery(range, this.#now());
      const { series, from, to, step_ms } = await this.#api.series(this.#id, asked, signal);
      if (signal.aborted) return;
      // eslint-disable-next-line svelte/prefer-svelte-reactivity -- never changed: `data` is replaced with it
      const traces = new Map(
        Object.entries(series).map(([field, points]) => [field, historyTrace(points, step_ms)]),
      );
      this.data = { key: range.key, from, to, step: step_ms, traces };
      this.state = 'ready';
    } catch (error) {
      if (signal.aborted) return;
      // What was shown stays; the page's note says that it is not new.
      this.problem = errorMessage(error);
      this.state = 'error';
    }
  }
}
