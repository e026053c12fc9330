/**
 * What machines have declared of their own fields. A page looks a field up when it writes a number of it; the first time
 * that asks the server, together with what else is looked up then, and the page is drawn anew when the answer is there.
 */
import { declarationKey, type Meaning } from '#protocol/meaning.ts';
import { SvelteMap } from 'svelte/reactivity';

/** What is looked up within this time, in milliseconds, is asked together. */
const GATHER_MS = 60;
/** What nobody has declared, or could not be asked, is asked again after this time: a new machine may. */
const AGAIN_MS = 60_000;
const MOST_ASKED = 100;
/** Past it, all is forgotten: names may be typed for ever. */
const MOST_KNOWN = 5000;

/** Asks for what is declared of these fields. */
export type AskMeanings = (fields: readonly string[]) => Promise<Readonly<Record<string, Meaning>>>;

export class FieldMeanings {
  readonly #known = new SvelteMap<string, Meaning>();
  /** When a field was asked, in milliseconds. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- no page shows it
  readonly #askedAt = new Map<string, number>();
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- no page shows it
  readonly #wanted = new Set<string>();
  readonly #ask: AskMeanings;
  readonly #now: () => number;

  constructor(ask: AskMeanings, now: () => number = Date.now) {
    this.#ask = ask;
    this.#now = now;
  }

  /** Undefined where nothing is declared, or not known yet. */
  readonly find = (field: string): Meaning | undefined => {
    const key = declarationKey(field);
    const found = this.#known.get(key);
    if (found === undefined) this.#want(key);
    return found;
  };

  #want(key: string): void {
    if (key === '' || key.includes(',') || this.#wanted.has(key)) return;
    if (this.#now() - (this.#askedAt.get(key) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return;
    if (this.#wanted.size === 0) setTimeout(() => void this.#askWanted(), GATHER_MS);
    this.#wanted.add(key);
  }

  async #askWanted(): Promise<void> {
    const keys = [...this.#wanted];
    this.#wanted.clear();
    if (this.#askedAt.size > MOST_KNOWN) this.#askedAt.clear();
    for (const key of keys) this.#askedAt.set(key, this.#now());
    for (let at = 0; at < keys.length; at += MOST_ASKED) {
      try {
        const meanings = await this.#ask(keys.slice(at, at + MOST_ASKED));
        for (const [key, meaning] of Object.entries(meanings)) this.#known.set(key, meaning);
      } catch {
        // The numbers are shown without a unit until it is asked again.
      }
    }
  }
}
