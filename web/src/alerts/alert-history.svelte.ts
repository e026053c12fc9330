/** Past and active alerts from the server, page by page, the newest first. */
import type { Alert } from '#protocol/alerts.ts';
import type { AlertQuery } from '../api/alerts.ts';
import type { Api } from '../api/api.ts';
import { errorMessage } from '../api/request.ts';
import { mergeAlerts } from './alert-list.ts';

const PAGE_ROWS = 100;

export class AlertHistory {
  /** Undefined until the first page is there. */
  alerts: readonly Alert[] | undefined = $state.raw();
  /** Why the last attempt failed, for a person. */
  problem: string | undefined = $state();
  /** What to ask with for more; null where there are no more. */
  next: string | null = $state(null);
  busy: boolean = $state(false);
  readonly #api: Api;
  #query: AlertQuery = {};
  #asking: AbortController | undefined;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Fetches the first page. What was shown stays until it is there. The returned function cancels that. */
  start(query: AlertQuery): () => void {
    this.#query = { ...query, state: 'all', limit: PAGE_ROWS };
    void this.#ask(null);
    return () => this.#asking?.abort();
  }

  readonly again = (): void => void this.#ask(null);
  readonly more = (): void => void this.#ask(this.next);

  async #ask(cursor: string | null): Promise<void> {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.busy = true;
    try {
      const { alerts, next } = await this.#api.alerts.page({ ...this.#query, cursor }, asking.signal);
      if (asking.signal.aborted) return;
      this.alerts = cursor === null ? alerts : mergeAlerts(this.alerts ?? [], alerts);
      this.next = next;
      this.problem = undefined;
    } catch (error) {
      if (asking.signal.aborted) return;
      this.problem = errorMessage(error);
    }
    this.busy = false;
  }
}
