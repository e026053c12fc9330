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

/** `over`: it worked before, and the server does not say why it does no more. `no-link`: it never did on this screen. */
export type EndedBy = 'revoked' | 'expired' | 'not-allowed' | 'over' | 'no-link';

/** The server's codes. What is no secret at all, being too long for one, is told like one that no link has any more. */
const ENDED_BY: Readonly<Record<string, keyof typeof TRY_AGAIN>> = {
  invalid_display_link: 'revoked',
  display_link_expired: 'expired',
  address_not_allowed: 'not-allowed',
  invalid_body: 'revoked',
  too_large: 'revoked',
};

/** A link that has ended is opened again after so many questions: each try is in the audit log. */
const TRY_AGAIN = { revoked: 30, expired: 3, 'not-allowed': 3 } as const;

export class Display {
  state: DisplayState = $state('opening');
  program: WallProgram | undefined = $state.raw();
  /** Why the link does not work. */
  ended: EndedBy = $state('revoked');
  /** The same in the server's words. */
  problem: string = $state('');
  readonly #api: () => DisplayApi;
  readonly #version: string;
  /** Kept in memory only, so that a link that works again is opened again. */
  #secret: string | undefined;
  /** After so many questions the link is opened; undefined: its cookie still counts. */
  #opensIn: number | undefined;
  #asking = false;
  #wasOpen = false;

  /** `api` returns the API, which is made after the display, because it reports every 401 to the display. */
  constructor({ api, version }: { api: () => DisplayApi; version: string }) {
    this.#api = api;
    this.#version = version;
  }

  /** Takes the secret of a link, and opens that with the next question. */
  take(secret: string): void {
    this.#secret = secret;
    this.#opensIn = 0;
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
      if (this.#opensIn === 0) await this.#open();
      else if (this.#opensIn !== undefined) this.#opensIn--;
      try {
        await this.#takeProgram();
      } catch (error) {
        if (!isEnd(error) || this.state !== 'open' || this.#secret === undefined) throw error;
        // The cookie does not count any more. The secret may still do, and otherwise its refusal says why.
        await this.#open();
        await this.#takeProgram();
      }
    } catch (error) {
      // While the server cannot be reached, or has too much to do, everything stays as it is.
      if (isEnd(error)) this.#end(error);
    }
  }

  async #open(): Promise<void> {
    if (this.#secret === undefined) return;
    try {
      await this.#api().open(this.#secret, this.#version);
    } catch (error) {
      // It stays due where the server could not be asked.
      if (isEnd(error)) this.#opensIn = undefined;
      throw error;
    }
    this.#opensIn = undefined;
  }

  async #takeProgram(): Promise<void> {
    const program = await this.#api().program(this.#version);
    if (program.revision !== this.program?.revision) this.program = program;
    this.#opensIn = undefined;
    this.#wasOpen = true;
    this.state = 'open';
  }

  #end(error: RefusedError): void {
    const by = ENDED_BY[error.code];
    if (by !== undefined) this.#opensIn ??= TRY_AGAIN[by];
    // What a refused secret said is known better than what a refused cookie says.
    if (this.state !== 'ended' || by !== undefined) {
      this.ended = by ?? (this.#wasOpen ? 'over' : 'no-link');
      this.problem = errorMessage(error);
    }
    this.program = undefined;
    this.state = 'ended';
  }
}

/** Whether the server says that there is nothing to show, and not only that it cannot answer now. */
function isEnd(error: unknown): error is RefusedError {
  return error instanceof RefusedError && [401, 403, 404, 410, 413, 422].includes(error.status);
}
