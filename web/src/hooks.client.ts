import { z } from 'zod';
import { speak } from './format/messages.ts';
import { takeSecretFromUrl } from './wall/display-secret.ts';

// zod would compile schemas with eval, which the page's content security policy forbids. This module runs before any
// page's, so that compiling is off before the first schema is made.
z.config({ jitless: true });

/** An address with a `%` that stands for no character cannot be read and leaves the page empty: there it is only a `%`. */
function mendAddress(): void {
  const { pathname, search, hash } = window.location;
  const mended = pathname.split('/').map((part) => (isReadable(part) ? part : part.replaceAll('%', '%25')));
  const path = mended.join('/');
  if (path !== pathname) window.history.replaceState(window.history.state, '', path + search + hash);
}

function isReadable(part: string): boolean {
  try {
    return decodeURIComponent(part) !== undefined;
  } catch {
    return false;
  }
}

/**
 * Runs before any component: `static/theme.js` has written the language that was chosen, or the browser's own. What has
 * messages is fetched only after the language, because it may say them while it is loaded.
 */
export async function init(): Promise<void> {
  // [W1] First of all, before anything is fetched.
  takeSecretFromUrl();
  mendAddress();
  const root = document.documentElement;
  await speak(root.lang === 'de' ? 'de' : 'en');
  const [{ keptIn, prefer }, { pageMemory }] = await Promise.all([
    import('./format/preferences.ts'),
    import('./shell/theme.svelte.ts'),
  ]);
  const kept = keptIn(pageMemory());
  if (kept.preferences.motion === 'reduced') root.dataset['motion'] = 'reduced';
  prefer(kept);
}
