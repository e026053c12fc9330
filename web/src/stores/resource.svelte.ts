/** Something that a page fetches: loading, loaded, or failed and ready to be tried again. */
import { errorMessage } from '../api/request.ts';

export class Resource<Value> {
  /** What was fetched last. It stays while it is fetched again, and when that fails. */
  value: Value | undefined = $state.raw();
  /** Why the last attempt failed, for a person. */
  problem: string | undefined = $state();
  loading: boolean = $state(false);
  readonly #fetch: (signal: AbortSignal) => Promise<Value>;
  #asking: AbortController | undefined;

  constructor(fetch: (signal: AbortSignal) => Promise<Value>) {
    this.#fetch = fetch;
  }

  /** Fetches, or fetches again. A newer call cancels an older one. Never rejects. */
  readonly load = async (): Promise<void> => {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.loading = true;
    try {
      const value = await this.#fetch(asking.signal);
      if (asking.signal.aborted) return;
      this.value = value;
      this.problem = undefined;
    } catch (error) {
      if (asking.signal.aborted) return;
      this.problem = errorMessage(error);
    }
    this.loading = false;
  };

  /** Fetches now; the returned function cancels that. For an effect of the page. */
  readonly start = (): (() => void) => {
    void this.load();
    return () => this.#asking?.abort();
  };

  /** Fetches again every `ms` milliseconds; the returned function ends that. For an effect of the page. */
  loadEvery(ms: number): () => void {
    const timer = setInterval(() => void this.load(), ms);
    return () => clearInterval(timer);
  }
}
