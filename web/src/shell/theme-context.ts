/** The theme, for pages that let one choose it. The root layout provides it. */
import { createContext } from 'svelte';
import type { Theme } from './theme.svelte.ts';

const [getTheme, setTheme] = createContext<Theme>();

export const useTheme: () => Theme = getTheme;
export const provideTheme: (theme: Theme) => Theme = setTheme;
