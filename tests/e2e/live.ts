/** A live connection as a script would open it: socket.io over a WebSocket, with the session's cookie. */
import { io, type Socket } from 'socket.io-client';
import { LIVE_PATH, subscribeReply, type SessionOf, type Target } from '#protocol/live.ts';
import type { z } from 'zod';

/** How long connecting, or the next event, may take. */
const PATIENCE_MS = 10_000;

export interface LiveConnection {
  readonly socket: Socket;
  /** Resolves once connected; rejects when the server refuses. */
  readonly connected: Promise<void>;
  subscribe(target: Target | string): Promise<z.infer<typeof subscribeReply>>;
  /** The data of the next event of this name; rejects when none comes within 10 s. */
  next(event: string): Promise<unknown>;
  close(): void;
}

export interface LiveOptions {
  readonly url: string;
  readonly ca: string | undefined;
  readonly cookie?: string | undefined;
  readonly origin?: string;
  /** The address of this machine that the connection comes from, for example `127.0.0.2`. */
  readonly from?: string;
  readonly forwardedFor?: string;
  readonly forwardedHost?: string;
  /** Whose session counts. */
  readonly as?: SessionOf;
}

export function openLive(options: LiveOptions): LiveConnection {
  const { url, ca, cookie, origin = url, from, forwardedFor, forwardedHost, as = 'person' } = options;
  const socket = io(url, {
    path: LIVE_PATH,
    query: { as },
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    timeout: PATIENCE_MS,
    ...(ca === undefined ? {} : { ca }),
    ...(from === undefined ? {} : { localAddress: from, family: 4 }),
    extraHeaders: {
      origin,
      ...(cookie === undefined ? {} : { cookie }),
      ...(forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }),
      ...(forwardedHost === undefined ? {} : { 'x-forwarded-host': forwardedHost }),
    },
  });
  return {
    socket,
    connected: new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new Error(`not connected in ${PATIENCE_MS / 1000} s`));
      }, PATIENCE_MS);
      socket.once('connect', () => {
        clearTimeout(late);
        resolve();
      });
      socket.once('connect_error', (error) => {
        clearTimeout(late);
        reject(error);
      });
    }),
    subscribe: async (target) =>
      subscribeReply.parse(await socket.timeout(5000).emitWithAck('subscribe', target)),
    next: (event) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          reject(new Error(`no "${event}" came in ${PATIENCE_MS / 1000} s`));
        }, PATIENCE_MS);
        socket.once(event, (data: unknown) => {
          clearTimeout(late);
          resolve(data);
        });
      }),
    close: () => {
      socket.disconnect();
    },
  };
}
