/** How many channels do not deliver, for the rail. */
import type { Api } from '../api/api.ts';

/** No live message tells of a channel, so the server is asked. */
const ASK_EVERY_MS = 30_000;

export class FailingChannels {
  count: number = $state(0);
  readonly #api: Pick<Api, 'channels'>;

  constructor(api: Pick<Api, 'channels'>) {
    this.#api = api;
  }

  /** Asks now and from time to time. Returns the function that stops it. */
  follow(): () => void {
    void this.#ask();
    const timer = setInterval(() => void this.#ask(), ASK_EVERY_MS);
    return () => clearInterval(timer);
  }

  async #ask(): Promise<void> {
    try {
      const channels = await this.#api.channels.list();
      this.count = channels.filter(({ enabled, health }) => enabled && health.state === 'failing').length;
    } catch {
      // The link to the server is lost, which the page says by itself; what was known stays.
    }
  }
}
