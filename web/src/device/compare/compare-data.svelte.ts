/** The series of a comparison, read again as time goes on. */
import type { ManySeriesReply } from '#protocol/series.ts';
import type { Api } from '../../api/api.ts';
import { historyQuery, stepFor, widthOf, type TimeRange } from '../../charts/range.ts';
import { Resource } from '../../stores/resource.svelte.ts';
import type { CompareQuery } from './compare-query.ts';

/** The band reaches from the one percentage to the other. */
export const BAND = [10, 90] as const;

interface Asked {
  readonly query: CompareQuery;
  readonly range: TimeRange;
}

export class CompareData {
  #asked: Asked | undefined;
  readonly #resource: Resource<ManySeriesReply>;

  constructor({ api, now }: { api: Api; now: () => number }) {
    this.#resource = new Resource((signal) => {
      if (this.#asked === undefined) return Promise.reject(new Error('nothing is asked for'));
      const { query, range } = this.#asked;
      const { scope, fields, view, top } = query;
      // The server chooses how wide the buckets are: it knows how many lines there will be.
      const { from, to } = historyQuery(range, now());
      const percentiles = view === 'band' ? { percentiles: BAND } : {};
      return api.history.manySeries({ scope, fields, from, to, top, ...percentiles }, signal);
    });
  }

  /** What was read last; it stays while the next is read, and when that fails. */
  get reply(): ManySeriesReply | undefined {
    return this.#resource.value;
  }

  get loading(): boolean {
    return this.#resource.loading;
  }

  /** Why it could not be read, for a person. */
  get problem(): string | undefined {
    return this.#resource.problem;
  }

  readonly load = (): void => void this.#resource.load();

  /** Reads it now and again and again, until the returned function is called. */
  follow(asked: Asked): () => void {
    this.#asked = asked;
    const stop = this.#resource.start();
    const every = Math.min(300_000, Math.max(5000, stepFor(widthOf(asked.range))));
    const timer = setInterval(() => {
      if (asked.range.kind !== 'fixed' && document.visibilityState === 'visible') this.load();
    }, every);
    return () => {
      clearInterval(timer);
      stop();
    };
  }
}
