/** The keys that work on every page. */

interface Shortcuts {
  /** Ctrl-K, or ⌘K. */
  readonly find: () => void;
  /** `?` */
  readonly keys: () => void;
  /** `/`. Returns whether the page has a search field. */
  readonly search: () => boolean;
  /** `g`, then a letter. Returns whether the letter stands for a page. */
  readonly go: (letter: string) => boolean;
  /** Any other key. Returns whether the page that is shown has a use for it. */
  readonly page: (key: string) => boolean;
}

/** How long `g` waits for its letter. */
const SEQUENCE_MS = 1200;

/** Whether a key that is typed there is text. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target.matches(
      'input:not([type="radio"], [type="checkbox"]), textarea, select, [role="menu"] *, [role="dialog"] *',
    )
  );
}

/** Whether Enter means the element that has the focus, and not the page. */
function isPressed(target: EventTarget | null, key: string): boolean {
  return key === 'Enter' && target instanceof HTMLElement && target.matches('a, button, summary, [role]');
}

/** Returns a listener for `keydown`. `now` is a clock in milliseconds. */
export function onShortcut(shortcuts: Shortcuts, now: () => number): (event: KeyboardEvent) => void {
  let gAt = -Infinity;
  return (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      return shortcuts.find();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (now() - gAt < SEQUENCE_MS) {
      gAt = -Infinity;
      if (shortcuts.go(event.key)) event.preventDefault();
      return;
    }
    if (event.key === 'g') gAt = now();
    else if (event.key === '?') shortcuts.keys();
    else if (event.key === '/' && shortcuts.search()) event.preventDefault();
    else if (!isPressed(event.target, event.key) && shortcuts.page(event.key)) event.preventDefault();
  };
}
