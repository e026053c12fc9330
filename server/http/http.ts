/** The uWS application: routes and static files on one TLS port, and its ordered end. */
import * as uWS from 'uWebSockets.js';
import { ApiError } from '#protocol/errors.ts';
import type { Log } from '../types.ts';
import type { Networks } from './address.ts';
import type { TlsFiles } from '../tls/authority.ts';
import { createBodyReader, inflate, NO_BODY } from './body.ts';
import { type Guard } from './guard.ts';
import { COPIED_HEADERS, DEVICE_HEADERS, readRequest, Reply } from './request.ts';
import type { Route } from './route.ts';
import { sendError, sendFile, sendToDevice, sendValue, type Exchange } from './send.ts';
import type { StaticFile, StaticFiles } from './static.ts';

export interface HttpParts {
  /** null: plain HTTP (loopback only; the config sees to that). */
  readonly tls: TlsFiles | null;
  readonly log: Log;
}

export interface Http {
  /** For what attaches itself beside the routes (socket.io), before `serve`. */
  readonly uws: uWS.TemplatedApp;
  serve(parts: ServeParts): void;
  /** Resolves with the port taken; rejects when it cannot be had. */
  listen(host: string, port: number): Promise<number>;
  /** Takes no new connections; resolves when every request under way is answered, or after `graceMs`. */
  drain(graceMs: number): Promise<void>;
  close(): void;
}

export interface ServeParts {
  readonly routes: readonly Route[];
  readonly guard: Guard;
  readonly files: StaticFiles;
  readonly trustedProxies: Networks;
}

interface Ongoing extends Exchange {
  /** What to let go of when the client goes away. */
  onGone: () => void;
}

type Handler = (res: uWS.HttpResponse, req: uWS.HttpRequest) => void;

/** The handler of GET, for HEAD: what it ends the response with is measured, not sent. */
function withoutBody(handler: Handler): Handler {
  return (res, req) => {
    const end = res.end.bind(res);
    // Given the length as its argument, uWS would wait for the bytes.
    res.end = (body) =>
      body === undefined
        ? end()
        : res.writeHeader('content-length', String(Buffer.byteLength(body))).endWithoutBody();
    handler(res, req);
  };
}

/** The page at a path: a file, or where it is. */
type FindPage = (url: string) => StaticFile | Reply | undefined;

function createApp(tls: TlsFiles | null): uWS.TemplatedApp {
  if (!tls) return uWS.App();
  return uWS.SSLApp({ cert_file_name: tls.certFile, key_file_name: tls.keyFile });
}

export function createHttp({ tls, log }: HttpParts): Http {
  const uws = createApp(tls);
  const bodies = createBodyReader();
  let underWay = 0;
  let stopping = false;
  let whenIdle: (() => void) | undefined;
  let listening: uWS.us_listen_socket | undefined;

  function begin(res: uWS.HttpResponse): Ongoing {
    const exchange: Ongoing = { res, aborted: false, onGone: () => undefined };
    underWay++;
    res.onAborted(() => {
      exchange.aborted = true;
      exchange.onGone();
    });
    return exchange;
  }

  function end(): void {
    if (--underWay === 0) whenIdle?.();
  }

  function get(path: string, handler: Handler): void {
    uws.get(path, handler);
    uws.head(path, withoutBody(handler));
  }

  function serveRoute(route: Route, { guard, trustedProxies }: ServeParts): void {
    const paramCount = route.path.split('/:').length - 1;
    const where = `${route.method} ${route.path}`;
    const headers = route.access === 'device' ? DEVICE_HEADERS : COPIED_HEADERS;
    const send = route.access === 'device' ? sendToDevice : sendValue;
    const hasQuery = route.query !== undefined;
    const needsAddress = route.needsAddress ?? true;
    const reading = { paramCount, headers, hasQuery, needsAddress, trusted: trustedProxies };

    async function answer(exchange: Ongoing, req: uWS.HttpRequest): Promise<void> {
      try {
        const request = readRequest(exchange.res, req, reading);
        if (stopping) throw new ApiError('stopping', { retryAfterS: 2 });
        // The body is taken from the start: uWS forgets what nobody listens for.
        const arriving = route.readsBody
          ? bodies.read(exchange.res, request.header('content-length'), () => request.address)
          : NO_BODY;
        exchange.onGone = arriving.stop;
        // A refused request must not leave the body's own rejection unheard.
        arriving.bytes.catch(() => undefined);
        const person = await guard(route, request);
        const raw = inflate(await arriving.bytes, request.header('content-encoding'));
        send(exchange, await route.handle({ request, person, raw, body: undefined }));
      } catch (error) {
        sendError(exchange, error, where, log);
      } finally {
        exchange.onGone();
        end();
      }
    }

    const handler: Handler = (res, req) => {
      void answer(begin(res), req);
    };
    if (route.method === 'GET') get(route.path, handler);
    else if (route.method === 'POST') uws.post(route.path, handler);
    else if (route.method === 'PATCH') uws.patch(route.path, handler);
    else uws.del(route.path, handler);
  }

  function serveErrors(routes: readonly Route[]): void {
    const refuse =
      (code: 'not_found' | 'method_not_allowed'): Handler =>
      (res) => {
        sendError(begin(res), new ApiError(code), '', log);
        end();
      };
    const paths = new Set(routes.map((route) => route.path));
    const readable = new Set(routes.filter(({ method }) => method === 'GET').map(({ path }) => path));
    for (const path of paths) {
      if (!readable.has(path)) uws.head(path, withoutBody(refuse('method_not_allowed')));
      uws.any(path, refuse('method_not_allowed'));
    }
    uws.head('/*', withoutBody(refuse('not_found')));
    uws.any('/*', refuse('not_found'));
  }

  function serveFiles({ files, guard, trustedProxies: trusted }: ServeParts): void {
    const reading = { paramCount: 0, headers: [], hasQuery: false, needsAddress: false, trusted };

    async function answer(exchange: Ongoing, req: uWS.HttpRequest, find: FindPage): Promise<void> {
      const [ifNoneMatch, acceptEncoding] = [
        req.getHeader('if-none-match'),
        req.getHeader('accept-encoding'),
      ];
      const page = find(req.getUrl());
      try {
        await guard(
          { access: 'public', method: 'GET', path: '/ui/*' },
          readRequest(exchange.res, req, reading),
        );
        if (page === undefined) throw new ApiError('not_found');
        if (page instanceof Reply) sendValue(exchange, page);
        else sendFile(exchange, page, ifNoneMatch, acceptEncoding);
      } catch (error) {
        sendError(exchange, error, '/ui/*', log);
      } finally {
        end();
      }
    }
    const serve = (path: string, find: FindPage) =>
      get(path, (res, req) => {
        void answer(begin(res), req, find);
      });
    const redirect = new Reply(302, undefined, { location: '/ui/' });
    serve('/', () => redirect);
    serve('/ui', () => redirect);
    serve('/ui/*', (url) => files.find(url.slice('/ui/'.length)));
  }

  return {
    uws,
    serve(parts) {
      for (const route of parts.routes) serveRoute(route, parts);
      serveFiles(parts);
      serveErrors(parts.routes);
    },
    listen(host, port) {
      return new Promise((resolve, reject) => {
        uws.listen(host, port, uWS.LIBUS_LISTEN_EXCLUSIVE_PORT, (socket) => {
          if (!socket) {
            reject(
              new Error(
                `cannot listen on ${host}:${port}: the port is in use, or not yours to take. ` +
                  'Stop what uses it, or choose another with WATCHFLOOR_PORT.',
              ),
            );
            return;
          }
          listening = socket;
          resolve(uWS.us_socket_local_port(socket));
        });
      });
    },
    async drain(graceMs) {
      stopping = true;
      if (listening) uWS.us_listen_socket_close(listening);
      listening = undefined;
      if (underWay === 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs);
        whenIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
    close() {
      uws.close();
    },
  };
}
