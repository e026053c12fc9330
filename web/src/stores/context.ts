/** How components get at the stores they share. The root layout makes them with `provideApp` and starts them. */
import { version } from '$app/env';
import { createContext } from 'svelte';
import { serverPath } from '../api/server-path.ts';
import { LIVE_PATH, type SessionOf } from '#protocol/live.ts';
import { dialServer } from '../live/dial.ts';
import { App } from './app.svelte.ts';

const [getApp, setApp] = createContext<App>();

/** The shared stores. Call it while a component is made. */
export const useApp: () => App = getApp;

/** Makes the shared stores, for the root layout. `as`: whose session the page uses. */
export function provideApp(as: SessionOf): App {
  return setApp(
    new App({
      fetch: (input, init) => fetch(serverPath(input), init),
      dial: dialServer(as, serverPath(LIVE_PATH)),
      as,
      version,
    }),
  );
}
