import { readFileSync } from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';
import { Theme, THEMES } from '../../../web/src/shell/theme.svelte.ts';
import { stubRunes } from '../stores/runes.ts';

/** Runs before the first paint, on its own, so it names the key and the themes a second time. */
const early = readFileSync(new URL('../../../web/static/theme.js', import.meta.url), 'utf8');

afterEach(() => void vi.unstubAllGlobals());

it('static/theme.js reads the key that the theme is kept under, and knows every theme', () => {
  stubRunes();
  const keys: string[] = [];
  const memory = {
    getItem(key: string) {
      keys.push(key);
      return null;
    },
    setItem: () => undefined,
    removeItem: () => undefined,
  };
  const root: Pick<HTMLElement, 'dataset'> = { dataset: {} };
  new Theme({ memory, root });
  expect(keys).toHaveLength(1);
  for (const key of keys) expect(early).toContain(`kept('${key}')`);
  for (const { value } of THEMES) if (value !== 'system') expect(early).toContain(`'${value}'`);
});
