/** A screen that shows a display link [W1]: it opens the link, and asks again and again what to show. */
import { DISPLAY_ASKS_MS, type WallProgram } from '#protocol/walls.ts';
import { errorMessage, RefusedError } from '../api/request.ts';

/** What a display asks of the server. */
export interface DisplayApi {
  /** Exchanges the link's secret for a cookie. */
  open(secret: string, version: string): Promise<void>;
  program(version: string): Promise<WallProgram>;
}

/**
 * - `opening`: the server has not answered yet.
 * - `open`: there is something to show.
 * - `ended`: the link was revoked, has expired, or may not be used from here. The display goes on asking.
 */
export type DisplayState = 'opening' | 'open' | 'ended';

export class Display {
  state: DisplayState = $state('opening');
  program: WallProgram | undefined = $state.raw();
  /** Why the link does not work, in the server's words. */
  problem: string = $state('');
  readonly #api: () => DisplayApi;
  readonly #version: string;
  /** Kept in memory only, so that a link that works again is opened again. */
  #secret: string | undefined;
  #toOpen = false;
  #asking = false;

  /** `api` returns the API, which is made after the display, because it reports every 401 to the display. */
  constructor({ api, version }: { api: () => DisplayApi; version: string }) {
    this.#api = api;
    this.#version = version;
  }

  /** Takes the secret of a link, and opens that with the next question. */
  take(secret: string): void {
    this.#secret = secret;
    this.#toOpen = true;
  }

  /** Asks now, and every DISPLAY_ASKS_MS until the returned function is called. */
  start(): () => void {
    void this.ask();
    const timer = setInterval(() => void this.ask(), DISPLAY_ASKS_MS);
    return () => clearInterval(timer);
  }

  /** Asks what to show. Never rejects: while the server cannot be reached, everything stays as it is. */
  async ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      await this.#ask();
    } finally {
      this.#asking = false;
    }
  }

  async #ask(): Promise<void> {
    try {
      if (this.#toOpen && this.#secret !== undefined) {
        await this.#api().open(this.#secret, this.#version);
        this.#toOpen = false;
      }
      const program = await this.#api().program(this.#version);
      if (program.revision !== this.program?.revision) this.program = program;
      this.problem = '';
      this.state = 'open';
    } catch (error) {
      if (!(error instanceof RefusedError) || ![401, 403, 404, 410].includes(error.status)) return;
      // The cookie does not count any more, which the secret may still do.
      this.#toOpen = this.#secret !== undefined;
      this.program = undefined;
      this.problem = errorMessage(error);
      this.state = 'ended';
    }
  }
}
