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
  /** Whether the history of a field is to be fetched yet; absent: always. `draw`, `more` and `renew` ask anew. */
  readonly isReady?: (field: string) => boolean;
  /** Other fields are drawn than before. */
  readonly changed?: () => void;
  /**
   * A field that nothing draws for so long is fetched again when it is drawn the next time, milliseconds; absent: what
   * was fetched stays.
   */
  readonly forgetMs?: number;
}

export class DrawnFields {
  /** Why the history could not be fetched, for a person; empty where it could. */
  problem: string = $state('');
  #requests: number = $state(0);
  /** How many drawn fields are not ready to be fetched. */
  #waiting: number = $state(0);
  // No view reads these.
  /* eslint-disable svelte/prefer-svelte-reactivity */
  /** Field → how many views draw it. */
  readonly #views = new Map<string, number>();
  readonly #fetched = new Set<string>();
  /** Fields that nothing draws any more, until they are forgotten. */
  readonly #leaving = new Map<string, ReturnType<typeof setTimeout>>();
  /* eslint-enable svelte/prefer-svelte-reactivity */
  readonly #fetcher: FieldFetcher;
  #asking = new AbortController();
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #failed = false;

  constructor(fetcher: FieldFetcher) {
    this.#fetcher = fetcher;
  }

  get loading(): boolean {
    return this.#requests > 0 || this.#waiting > 0;
  }

  /** The fields that are drawn, or were a moment ago. */
  get fields(): string[] {
    return [...this.#views.keys(), ...this.#leaving.keys()];
  }

  /** Counts the fields as drawn by one more view until the returned function is called; fetches those that are new. */
  draw(fields: readonly string[]): () => void {
    for (const field of fields) {
      this.#views.set(field, (this.#views.get(field) ?? 0) + 1);
      this.#stay(field);
    }
    this.#fetcher.changed?.();
    this.#gather();
    let drawn = true;
    return () => {
      if (drawn) for (const field of fields) this.#leave(field);
      drawn = false;
    };
  }

  /** Fetches those drawn fields that have become ready. */
  more(): void {
    this.#gather();
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
    this.#waiting = 0;
    for (const field of [...this.#leaving.keys()]) this.#forget(field);
  }

  #leave(field: string): void {
    const left = (this.#views.get(field) ?? 1) - 1;
    if (left > 0) this.#views.set(field, left);
    else {
      this.#views.delete(field);
      const { forgetMs } = this.#fetcher;
      if (forgetMs === undefined) this.#fetcher.changed?.();
      else
        this.#leaving.set(
          field,
          setTimeout(() => this.#forget(field), forgetMs),
        );
    }
  }

  #stay(field: string): void {
    clearTimeout(this.#leaving.get(field));
    this.#leaving.delete(field);
  }

  #forget(field: string): void {
    this.#stay(field);
    this.#fetched.delete(field);
    this.#fetcher.changed?.();
  }

  /** Waits for the end of the running task, so that charts that come on the screen together are one request. */
  #gather(): void {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      const { isReady = () => true } = this.#fetcher;
      const unfetched = [...this.#views.keys()].filter((field) => !this.#fetched.has(field));
      const missing = unfetched.filter(isReady);
      this.#waiting = unfetched.length - missing.length;
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
