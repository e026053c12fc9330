/** What uWebSockets.js has and its type declarations forget. */
import type { us_listen_socket } from 'uWebSockets.js';

declare module 'uWebSockets.js' {
  /** Refuses a port that another process already listens on; without it, both would share it. */
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
