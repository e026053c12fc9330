/** How components get at the stores they share. The root layout makes them with `provideApp` and starts them. */
import { createContext } from 'svelte';
import { App } from './app.svelte.ts';

const [getApp, setApp] = createContext<App>();

/** The shared stores. Call it while a component is made. */
export const useApp: () => App = getApp;

/** Makes the shared stores, for the root layout. */
export function provideApp(): App {
  return setApp(new App({ fetch: (input, init) => fetch(input, init) }));
}
