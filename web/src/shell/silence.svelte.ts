import type { Live } from '../live/live.svelte.ts';

/** How long nothing has been heard from the server. */
export class Silence {
  #lastHeard: number | undefined = $state();
  readonly #live: Live;

  constructor(live: Live) {
    this.#live = live;
  }

  /** Milliseconds; 0 while live, undefined before the link was ever live. Counts once a second. */
  get ms(): number | undefined {
    if (this.#live.link === 'live') return 0;
    return this.#lastHeard === undefined ? undefined : Math.max(0, this.#live.now - this.#lastHeard);
  }

  /** For an `$effect`: remembers when the link stopped being live. */
  watch(): (() => void) | undefined {
    if (this.#live.link !== 'live') return undefined;
    return () => {
      this.#lastHeard = this.#live.serverNow();
    };
  }
}
