/**
 * How pages get at what they share. The root layout makes it, starts it, and guards the pages:
 *
 * ```ts
 * const app = provideApp();
 * $effect(() => app.start());
 * $effect(() => {
 *   if (app.session.state === 'out' && !onLoginPage) goto(resolve('/login') + loginQuery(page.url, resolve('/')));
 * });
 * ```
 */
import { createContext } from 'svelte';
import { App } from './app.svelte.ts';

const [getApp, setApp] = createContext<App>();

/** The shared stores: `api`, `session`, `live`, `fleet`, `alerts`, `device(id)`. Call while a component is made. */
export const useApp: () => App = getApp;

/** For the root layout. */
export function provideApp(): App {
  return setApp(new App({ fetch: (input, init) => fetch(input, init) }));
}
