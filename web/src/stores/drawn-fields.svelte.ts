/** [L6] The fields that the views of a page draw now: the history of these is fetched, and of no others. */
import { errorMessage } from '../api/request.ts';

/** A request names at most so many characters of fields, because servers and proxies limit the length of a URL. */
const URL_CHARS = 3000;
/** A request asks for at most so many points: fields times buckets. */
const POINTS = 60_000;

export interface FieldFetcher {
  /** Fetches the history of these fields and keeps it; `signal` says that it is no longer wanted. */
  readonly fetch: (fields: readonly string[], signal: AbortSignal) => Promise<void>;
  /** How many buckets each field has in one reply. */
  readonly buckets: () => number;
}

export class DrawnFields {
  /** Why the history could not be fetched, for a person; empty where it could. */
  problem: string = $state('');
  #requests: number = $state(0);
  // No view reads these two.
  /* eslint-disable svelte/prefer-svelte-reactivity */
  /** Field → how many views draw it. */
  readonly #views = new Map<string, number>();
  readonly #fetched = new Set<string>();
  /* eslint-enable svelte/prefer-svelte-reactivity */
  readonly #fetcher: FieldFetcher;
  #asking = new AbortController();
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #failed = false;

  constructor(fetcher: FieldFetcher) {
    this.#fetcher = fetcher;
  }

  get loading(): boolean {
    return this.#requests > 0;
  }

  /** Counts the fields as drawn by one more view until the returned function is called; fetches those that are new. */
  draw(fields: readonly string[]): () => void {
    for (const field of fields) this.#views.set(field, (this.#views.get(field) ?? 0) + 1);
    this.#gather();
    let drawn = true;
    return () => {
      if (drawn) for (const field of fields) this.#leave(field);
      drawn = false;
    };
  }

  /** Fetches all drawn fields again: after a gap, for another range of time, or after an error. */
  renew(): void {
    this.stop();
    this.#asking = new AbortController();
    this.#failed = false;
    this.#fetched.clear();
    this.#gather();
  }

  /** Ends what is being fetched. Nothing is fetched until `renew` or a newly drawn field. */
  stop(): void {
    this.#asking.abort();
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
  }

  #leave(field: string): void {
    const left = (this.#views.get(field) ?? 1) - 1;
    if (left > 0) this.#views.set(field, left);
    else this.#views.delete(field);
  }

  /** Waits for the end of the running task, so that charts that come on the screen together are one request. */
  #gather(): void {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      const missing = [...this.#views.keys()].filter((field) => !this.#fetched.has(field));
      for (const field of missing) this.#fetched.add(field);
      for (const batch of batches(missing, POINTS / this.#fetcher.buckets())) void this.#fetch(batch);
    }, 0);
  }

  async #fetch(fields: readonly string[]): Promise<void> {
    const { signal } = this.#asking;
    this.#requests++;
    try {
      await this.#fetcher.fetch(fields, signal);
    } catch (error) {
      if (!signal.aborted) {
        this.#failed = true;
        this.problem = errorMessage(error);
      }
    } finally {
      this.#requests--;
    }
    // One request that succeeds does not hide that another one failed.
    if (!signal.aborted && !this.#failed && !this.loading) this.problem = '';
  }
}

/** Splits the fields into requests that are short enough, each of at most `most` fields. */
function batches(fields: readonly string[], most: number): string[][] {
  const found: string[][] = [];
  let batch: string[] = [];
  let chars = 0;
  for (const field of fields) {
    const length = encodeURIComponent(field).length + '&field='.length;
    if (batch.length > 0 && (batch.length >= most || chars + length > URL_CHARS)) {
      found.push(batch);
      batch = [];
      chars = 0;
    }
    batch.push(field);
    chars += length;
  }
  if (batch.length > 0) found.push(batch);
  return found;
}
