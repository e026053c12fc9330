import { vi } from 'vitest';

/**
 * Makes Svelte's runes plain functions, so that a test can run a store without the Svelte compiler: the store's
 * fields hold values and tell nobody of changes. Undone by `vi.unstubAllGlobals()`.
 */
export function stubRunes(): void {
  const state = <Value>(value?: Value) => value;
  vi.stubGlobal('$state', Object.assign(state, { raw: <Value>(value?: Value) => value }));
}
