/** Reloads of a wall by itself. What is wrong with the page may still be wrong after one, so they are rare. */

/** The part of `sessionStorage` that is used; null where the browser forbids storage. */
type Memory = Pick<Storage, 'getItem' | 'setItem'> | null;

const KEY = 'watchfloor-wall-reload';
/** For the same reason, the page is reloaded again only after so many milliseconds. */
export const AGAIN_MS = 10 * 60_000;
/** Whatever the reason, a page stays for so many milliseconds. */
export const STAY_MS = 20_000;

export class Reloads {
  readonly #memory: Memory;
  /** Epoch milliseconds. */
  readonly #now: () => number;
  readonly #reload: () => void;
  readonly #openedAt: number;

  constructor({ memory, now, reload }: { memory: Memory; now: () => number; reload: () => void }) {
    this.#memory = memory;
    this.#now = now;
    this.#reload = reload;
    this.#openedAt = now();
  }

  /** Whether a reload for this reason is allowed now: not in a loop. */
  allows(reason: string): boolean {
    const now = this.#now();
    if (this.#memory === null && now - this.#openedAt < AGAIN_MS) return false;
    const [last = '', at = ''] = (this.#memory?.getItem(KEY) ?? '').split('\n');
    const passed = now - Number(at);
    // A time ahead of now is from before the clock was set back: it says nothing.
    const isKnown = at !== '' && passed >= 0;
    if (isKnown && passed < STAY_MS) return false;
    return !(isKnown && last === reason && passed < AGAIN_MS);
  }

  /** Reloads the page, where that is allowed; returns whether it was. */
  request(reason: string): boolean {
    if (!this.allows(reason)) return false;
    this.#memory?.setItem(KEY, `${reason}\n${this.#now()}`);
    this.#reload();
    return true;
  }
}

/** The address of a script or a style, wherever it stands in the shell: its own style has addresses and quotes, too. */
const BEGINS_WITH = /[\w./-]*\/_app\/immutable\/[\w./-]+\.(?:js|css)\b/g;

/**
 * Whether the server really serves the page: its shell, and every script and style that the shell begins with. While
 * the web app is being replaced, one of them may be missing, and a reload would leave the wall blank.
 */
export async function isServed(fetch: typeof globalThis.fetch, path: string): Promise<boolean> {
  try {
    const shell = await fetch(path, { cache: 'no-store' });
    if (!shell.ok) return false;
    const files = (await shell.text()).match(BEGINS_WITH) ?? [];
    if (files.length === 0) return false;
    const answers = await Promise.all(files.map((file) => fetch(file, { cache: 'no-cache' })));
    return answers.every(({ ok }) => ok);
  } catch {
    return false; // The server cannot be reached.
  }
}
