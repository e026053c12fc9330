/** A folder of pictures of pages, and which of them are wanted. */
import { join } from 'node:path';
import type { Page } from 'playwright';
import type { PersonOptions } from './ui.ts';

/** What pages are pictured in: themes, screens and languages. */
export const LOOKS: readonly (PersonOptions & { readonly name: string })[] = [
  { name: 'light', viewport: { width: 1440, height: 900 } },
  { name: 'dark', viewport: { width: 1440, height: 900 }, colorScheme: 'dark' },
  { name: 'contrast', viewport: { width: 1440, height: 900 }, contrast: 'more' },
  { name: 'phone', viewport: { width: 390, height: 844 } },
  { name: '4k', viewport: { width: 3840, height: 2160 }, colorScheme: 'dark' },
  { name: 'german', viewport: { width: 1280, height: 800 }, locale: 'de-DE' },
  { name: 'german-phone', viewport: { width: 390, height: 844 }, locale: 'de-DE' },
];

export interface Pictures {
  wants(name: string): boolean;
  /** Writes what the screen shows to `<name>.png`, where that is wanted; with `fullPage`, what is scrolled away, too. */
  take(page: Page, name: string, options?: { readonly fullPage?: boolean }): Promise<void>;
}

/**
 * @param words a picture is wanted where its name has each of them, as `board` and `phone`; without any, every one is
 */
export function picturesIn(folder: string, words: readonly string[]): Pictures {
  const wants = (name: string) => words.every((word) => name.includes(word));
  return {
    wants,
    async take(page, name, { fullPage = false } = {}) {
      if (wants(name)) await page.screenshot({ path: join(folder, `${name}.png`), fullPage });
    },
  };
}
