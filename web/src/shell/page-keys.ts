/** Keys of the page that is shown, such as `a` for "acknowledge". The shell hands them on when they are no text. */
import { createContext } from 'svelte';

/** Returns whether the key means something to the page. */
type OnKey = (key: string) => boolean;

export class PageKeys {
  readonly #listeners: OnKey[] = [];

  /** Hands keys to `onKey` until the returned function is called; the page that came last gets them. */
  listen(onKey: OnKey): () => void {
    this.#listeners.push(onKey);
    return () => void this.#listeners.splice(this.#listeners.indexOf(onKey), 1);
  }

  press(key: string): boolean {
    return this.#listeners.at(-1)?.(key) ?? false;
  }
}

const [getKeys, setKeys] = createContext<PageKeys>();

/** The keys of the page. Call it while a component is made. */
export const usePageKeys: () => PageKeys = getKeys;

/** Makes them, for the shell. */
export function providePageKeys(): PageKeys {
  return setKeys(new PageKeys());
}
