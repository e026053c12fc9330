/** Whether alerts reach somebody: how many channels do not deliver, and whether there is one at all. */
import type { Api } from '../api/api.ts';

/** No live message tells of a channel, so the server is asked. */
const ASK_EVERY_MS = 30_000;

export class Channels {
  /** How many channels do not deliver. */
  failing: number = $state(0);
  /** There is no channel that is switched on; false while that is not known. */
  none: boolean = $state(false);
  readonly #api: Pick<Api, 'channels'>;

  constructor(api: Pick<Api, 'channels'>) {
    this.#api = api;
  }

  /** Asks now and from time to time. Returns the function that stops it. */
  follow(): () => void {
    void this.ask();
    const timer = setInterval(() => void this.ask(), ASK_EVERY_MS);
    return () => clearInterval(timer);
  }

  /** Asks now, for a page that has just changed a channel. Never rejects. */
  async ask(): Promise<void> {
    try {
      const on = (await this.#api.channels.list()).filter(({ enabled }) => enabled);
      this.failing = on.filter(({ health }) => health.state === 'failing').length;
      this.none = on.length === 0;
    } catch {
      // The link to the server is lost, which the page says by itself; what was known stays.
    }
  }
}
