import { z } from 'zod';
import { speak } from './format/messages.ts';

// zod would compile schemas with eval, which the page's content security policy forbids. This module runs before any
// page's, so that compiling is off before the first schema is made.
z.config({ jitless: true });

/** Runs before any component: `static/theme.js` has written the language that was chosen, or the browser's own. */
export function init(): Promise<void> {
  return speak(document.documentElement.lang === 'de' ? 'de' : 'en');
}
