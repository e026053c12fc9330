import { z } from 'zod';
import { keptIn, prefer } from './format/preferences.ts';
import { pageMemory } from './shell/theme.svelte.ts';
import { takeSecretFromUrl } from './wall/display-secret.ts';

// zod would compile schemas with eval, which the page's content security policy forbids. This module runs before any
// page's, so that compiling is off before the first schema is made.
z.config({ jitless: true });

/** Runs before any component: `static/theme.js` has written the language that was chosen, or the browser's own. */
export function init(): Promise<void> {
  takeSecretFromUrl();
  const root = document.documentElement;
  const kept = keptIn(pageMemory());
  if (kept.preferences.motion === 'reduced') root.dataset['motion'] = 'reduced';
  return prefer(kept, root.lang === 'de' ? 'de' : 'en');
}
