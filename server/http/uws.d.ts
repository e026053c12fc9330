/** Adds what uWebSockets.js has but its type declarations lack. */
import type { us_listen_socket } from 'uWebSockets.js';

declare module 'uWebSockets.js' {
  /**
   * Makes `listen` fail on a port that another process listens on; without this option both share the port.
   */
  export const LIBUS_LISTEN_EXCLUSIVE_PORT: number;
  interface TemplatedApp {
    listen(
      host: string,
      port: number,
      options: number,
      cb: (listenSocket: us_listen_socket | false) => void,
    ): TemplatedApp;
  }
}
