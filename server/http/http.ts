/** The uWS application: serves routes and static files on one TLS port, and stops in order. */
import type * as uWS from 'uWebSockets.js';
import { ApiError } from '#protocol/errors.ts';
import type { Log } from '../types.ts';
import { LIMITS } from '#protocol/sample.ts';
import { networkOf, type Networks } from './address.ts';
import type { TlsFiles } from '../tls/authority.ts';
import { App } from './app.ts';
import { createBodyReader, NO_BODY } from './body.ts';
import { type Guard } from './guard.ts';
import { inflate } from './inflate.ts';
import { isHost } from './origin.ts';
import { sendDownload } from './download.ts';
import { COPIED_HEADERS, DEVICE_HEADERS, FileReply, readRequest, Reply } from './request.ts';
import { needsSession, type Route } from './route.ts';
import { sendError, sendFile, sendToDevice, sendValue, type Exchange } from './send.ts';
import type { StaticFile, StaticFiles } from './static.ts';

export interface HttpParts {
  /** null: plain HTTP, which the config allows on loopback only. */
  readonly tls: TlsFiles | null;
  readonly log: Log;
}

export interface Http {
  /** The uWS application, for socket.io to attach to before `serve` is called. */
  readonly uws: App;
  /** Registers the routes, the static files and the replies to all other requests. */
  serve(parts: ServeParts): void;
  /** Returns the port it listens on (`port` 0: one the system chose). @throws Error when it cannot listen */
  listen(host: string, port: number): number;
  /** Serves new connections with this certificate; open ones go on. @throws Error when it cannot */
  renew(tls: TlsFiles): void;
  /** Accepts no new connections; resolves when all running requests are answered, at most `graceMs` later. */
  drain(graceMs: number): Promise<void>;
  close(): void;
}

export interface ServeParts {
  readonly routes: readonly Route[];
  readonly guard: Guard;
  /** Whether the session is still valid. */
  readonly sessionAlive: (sessionId: string) => boolean;
  readonly files: StaticFiles;
  readonly trustedProxies: Networks;
}

interface OpenExchange extends Exchange {
  /** Frees what the request holds; called when the client disconnects and when the request is answered. */
  onAbort: () => void;
}

/** The paths of the web app's pages and files. */
const PAGE_PATHS = ['/', '/ui', '/ui/*'];

/** [S5] The most that a body may have, on the wire and inflated, before its sender is known. */
const STRANGER_BODY_BYTES = 16 * 1024;

type Handler = (res: uWS.HttpResponse, req: uWS.HttpRequest) => void;

/** Makes the handler of HEAD from that of GET: the response has the body's length, but not the body. */
function withoutBody(handler: Handler): Handler {
  return (res, req) => {
    const end = res.end.bind(res);
    // endWithoutBody(length) would make uWS wait for the body, so the length is written as a header.
    res.end = (body, closes) =>
      body === undefined
        ? end(undefined, closes)
        : res.writeHeader('content-length', String(Buffer.byteLength(body))).endWithoutBody();
    handler(res, req);
  };
}

/** Finds the page at a path: a file, a redirect, or undefined. */
type FindPage = (url: string) => StaticFile | Reply | undefined;

export function createHttp({ tls, log }: HttpParts): Http {
  const uws = new App(tls);
  const deviceBodies = createBodyReader();
  const otherBodies = createBodyReader();
  let openExchanges = 0;
  let stopping = false;
  let onIdle: (() => void) | undefined;

  function beginExchange(res: uWS.HttpResponse): OpenExchange {
    const exchange: OpenExchange = { res, aborted: false, closes: false, onAbort: () => undefined };
    openExchanges++;
    res.onAborted(() => {
      exchange.aborted = true;
      exchange.onAbort();
    });
    return exchange;
  }

  function endExchange(): void {
    if (--openExchanges === 0) onIdle?.();
  }

  function get(path: string, handler: Handler): void {
    uws.on('get', path, handler);
    uws.on('head', path, withoutBody(handler));
  }

  function serveRoute(route: Route, { guard, sessionAlive, trustedProxies }: ServeParts): void {
    const paramCount = route.path.split('/:').length - 1;
    const routeName = `${route.method} ${route.path}`;
    const headers = route.access === 'device' ? DEVICE_HEADERS : COPIED_HEADERS;
    const send = route.access === 'device' ? sendToDevice : sendValue;
    const isForSessions = needsSession(route.access);
    // Of a request with a session, the query says whose session counts.
    const hasQuery = route.query !== undefined || isForSessions;
    const needsAddress = route.needsAddress ?? true;
    const readOptions = { paramCount, headers, hasQuery, needsAddress, trustedProxies };

    const isForStrangers = route.admit === undefined && !isForSessions;
    const maxBytes = isForStrangers ? STRANGER_BODY_BYTES : LIMITS.bodyBytes;
    const bodies = route.admit === undefined ? otherBodies : deviceBodies;

    /** Sends a file; an error while it is sent ends the connection, as its status is sent already. */
    async function sendWhole(exchange: OpenExchange, reply: FileReply, isHead: boolean): Promise<void> {
      if (exchange.aborted) return reply.file.close();
      const { over, abort } = sendDownload(exchange, reply, isHead);
      exchange.onAbort = abort;
      await over.catch((error: unknown) => {
        log.warn({ err: error, where: routeName }, 'a file was not sent whole');
      });
    }

    async function answer(exchange: OpenExchange, req: uWS.HttpRequest): Promise<void> {
      let body = NO_BODY;
      const isHead = route.method === 'GET' && req.getMethod() === 'head';
      try {
        const request = readRequest(exchange.res, req, readOptions);
        if (stopping) throw new ApiError('stopping', { retryAfterS: 2 });
        if (route.access !== 'device' && !isHost(request.host)) throw new ApiError('invalid_host');
        const guarded = guard(route, request);
        const deviceId = route.admit?.(request) ?? '';
        if (route.readsBody) {
          const declaredLength = request.header('content-length');
          const sender = () => (deviceId === '' ? networkOf(request.address) : deviceId);
          // Reading starts here, before any await: uWS drops a body that has no listener.
          body = bodies.read(exchange.res, { declaredLength, maxBytes, sender });
          exchange.onAbort = body.discard;
          // If the guard refuses the request, nobody awaits the body; its rejection must not end the process.
          body.bytes.catch(() => undefined);
        }
        const person = await guarded;
        const raw = inflate(await body.bytes, request.header('content-encoding'), maxBytes);
        const isGone = () => exchange.aborted;
        const reply = await route.handle({ request, person, raw, deviceId, isGone });
        // [W1] What a session asked for before it ended is not told to it afterwards.
        if (isForSessions && route.method === 'GET' && !sessionAlive(person.sessionId))
          throw new ApiError('not_signed_in');
        if (reply instanceof FileReply) await sendWhole(exchange, reply, isHead);
        else send(exchange, reply);
      } catch (error) {
        exchange.closes = !body.isComplete();
        sendError(exchange, error, routeName, log);
      } finally {
        exchange.onAbort();
        endExchange();
      }
    }

    const handler: Handler = (res, req) => {
      void answer(beginExchange(res), req);
    };
    if (route.method === 'GET') get(route.path, handler);
    else if (route.method === 'POST') uws.on('post', route.path, handler);
    else if (route.method === 'PATCH') uws.on('patch', route.path, handler);
    else uws.on('del', route.path, handler);
  }

  /** Answers 405 for other methods of the served paths, and 404 for all other paths. */
  function serveErrors(routes: readonly Route[]): void {
    const refuseWith =
      (error: ApiError, headers: Readonly<Record<string, string>> = {}): Handler =>
      (res) => {
        sendValue(beginExchange(res), new Reply(error.status, error.body, headers));
        endExchange();
      };
    const methods = new Map<string, string[]>(PAGE_PATHS.map((path) => [path, ['GET', 'HEAD']]));
    for (const { path, method } of routes) {
      const known = methods.get(path) ?? [];
      methods.set(path, [...known, ...(method === 'GET' ? ['GET', 'HEAD'] : [method])]);
    }
    for (const [path, known] of methods) {
      const refuse = refuseWith(new ApiError('method_not_allowed'), { allow: known.join(', ') });
      if (!known.includes('HEAD')) uws.on('head', path, withoutBody(refuse));
      uws.on('any', path, refuse);
    }
    const notFound = refuseWith(new ApiError('not_found'));
    uws.on('head', '/*', withoutBody(notFound));
    uws.on('any', '/*', notFound);
  }

  function serveFiles({ files, guard, trustedProxies }: ServeParts): void {
    const readOptions = { paramCount: 0, headers: [], hasQuery: false, needsAddress: false, trustedProxies };

    async function answer(exchange: OpenExchange, req: uWS.HttpRequest, find: FindPage): Promise<void> {
      const ifNoneMatch = req.getHeader('if-none-match');
      const acceptEncoding = req.getHeader('accept-encoding');
      // A certificate that every browser trusts, on the usual port: what is remembered of the host is then true of all
      // its ports, and can lock nobody out. A certificate of the server's own authority could.
      const isHttpsOnly = tls?.fingerprint === null && !req.getHeader('host').includes(':');
      const page = find(req.getUrl());
      try {
        await guard(
          { access: 'public', method: 'GET', path: '/ui/*' },
          readRequest(exchange.res, req, readOptions),
        );
        if (page === undefined) throw new ApiError('not_found');
        if (page instanceof Reply) sendValue(exchange, page);
        else sendFile(exchange, page, { ifNoneMatch, acceptEncoding, isHttpsOnly });
      } catch (error) {
        sendError(exchange, error, '/ui/*', log);
      } finally {
        endExchange();
      }
    }
    const serve = (path: string, find: FindPage) =>
      get(path, (res, req) => {
        void answer(beginExchange(res), req, find);
      });
    // Relative, for a proxy that has the server below a path.
    const redirect = new Reply(302, undefined, { location: 'ui/' });
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
      const opened = uws.listen(host, port);
      if (opened !== undefined) return opened;
      throw new Error(
        `cannot listen on ${host}:${port}: the port is in use, or you may not listen on it. ` +
          'Stop the program that uses it, or choose another port with WATCHFLOOR_PORT.',
      );
    },
    renew(files) {
      uws.renew(files);
    },
    async drain(graceMs) {
      stopping = true;
      uws.stopListening();
      if (openExchanges === 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs);
        onIdle = () => {
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
