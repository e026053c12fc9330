/** Which set of colours is drawn. `static/theme.js` applies the same choice before the first paint. */
import { createContext } from 'svelte';

type ThemeChoice = 'system' | 'light' | 'dark' | 'contrast';

/** Where the browser keeps the choice; `static/theme.js` reads it. */
const KEY = 'watchfloor-theme';

export const THEMES: readonly { readonly value: ThemeChoice; readonly label: string }[] = [
  { value: 'system', label: 'System' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
  { value: 'contrast', label: 'Contrast' },
];

export function isThemeChoice(text: string | null): text is ThemeChoice {
  return THEMES.some(({ value }) => value === text);
}

/** The part of `localStorage` that is used; null where the browser forbids storage. */
type Memory = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null;

export class Theme {
  choice: ThemeChoice = $state('system');
  readonly #memory: Memory;
  readonly #root: Pick<HTMLElement, 'dataset'>;

  constructor({ memory, root }: { memory: Memory; root: Pick<HTMLElement, 'dataset'> }) {
    this.#memory = memory;
    this.#root = root;
    const kept = memory?.getItem(KEY) ?? null;
    if (isThemeChoice(kept)) this.choice = kept;
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    if (choice === 'system') this.#memory?.removeItem(KEY);
    else this.#memory?.setItem(KEY, choice);
    const contrast = matchMedia('(prefers-contrast: more)').matches ? 'contrast' : undefined;
    const drawn = choice === 'system' ? contrast : choice;
    if (drawn === undefined) delete this.#root.dataset['theme'];
    else this.#root.dataset['theme'] = drawn;
  }
}

/** The page's storage; null where the browser forbids it. */
export function pageMemory(): Memory {
  try {
    return window.localStorage;
  } catch {
    return null; // Storage is blocked: the choice lasts as long as the page.
  }
}

/** The theme, for components that let somebody choose it; the root layout provides it. */
export const [useTheme, provideTheme] = createContext<Theme>();
