import { z } from 'zod';
import { speak } from './format/messages.ts';
import { takeSecretFromUrl } from './wall/display-secret.ts';

// zod would compile schemas with eval, which the page's content security policy forbids. This module runs before any
// page's, so that compiling is off before the first schema is made.
z.config({ jitless: true });

/**
 * Runs before any component: `static/theme.js` has written the language that was chosen, or the browser's own. What has
 * messages is fetched only after the language, because it may say them while it is loaded.
 */
export async function init(): Promise<void> {
  // [W1] First of all, before anything is fetched.
  takeSecretFromUrl();
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
