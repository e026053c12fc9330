/**
 * How channels reach the outside: HTTP requests and addresses of hosts, bounded in time and size, and only to where
 * the channel may go.
 */
import { lookup as dnsLookup } from 'node:dns/promises';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { TLSSocket } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';
import {
  DeliveryError,
  type AllowedAddress,
  type Outgoing,
  type OutgoingReply,
  type OutgoingRequest,
} from './channel.ts';
import { connectionProblem, problemOfReply, retryAfterMs } from './delivery-problem.ts';
import { reachOf, type Reach } from './reach.ts';
import { redact } from './redact.ts';

export interface OutgoingParts {
  /** Whether loopback and private networks may be reached. */
  readonly allowPrivate: boolean;
  /** Which addresses are public and which are private; a test lets an address of its own count as public. */
  readonly reach?: (address: string) => Reach;
  /** All addresses of a host name; rejects where it has none. */
  readonly resolve?: (host: string) => Promise<readonly { address: string; family: number }[]>;
  readonly now?: () => number;
  /** For one request with all its redirects, milliseconds. */
  readonly timeoutMs?: number;
  /** Until a connection stands, TLS included, milliseconds. */
  readonly connectTimeoutMs?: number;
}

const MAX_REPLY_BYTES = 64 * 1024;
const MAX_REDIRECTS = 3;
/** What another host gets of the headers after a redirect: the others may hold a password. */
const HARMLESS_HEADERS = /^(content-type|accept|user-agent|idempotency-key)$/i;

/** One request on its way, after the redirects so far. */
interface Hop {
  readonly url: URL;
  readonly request: OutgoingRequest;
  /** `POST https://ntfy.sh/topic` */
  readonly asked: string;
  readonly signal: AbortSignal;
}

/** The method and the address without its query, which may hold a key. */
const askedOf = (method: string, { origin, pathname }: URL) => `${method} ${origin}${pathname}`;

/** @throws {DeliveryError} where the text is no address of a web server */
function parseUrl(text: string, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base?.href) : undefined;
  if (url === undefined)
    throw new DeliveryError('The address is not one. Enter it in full, such as https://example.com/hook.');
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new DeliveryError(
      `The address begins with ${url.protocol}, and only https: and http: can be reached.`,
    );
  if (url.username !== '' || url.password !== '')
    throw new DeliveryError(
      'The address holds a user name or password. Remove them, and enter them in their own fields where the kind of channel has them.',
    );
  return url;
}

/** The reply as a record: a header that came several times is joined by commas. */
const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );

/** Reads the first 64 KiB and drops the connection with the rest. */
async function readBody(reply: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of reply) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    size += bytes.length;
    if (size >= MAX_REPLY_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_REPLY_BYTES).toString();
}

/** What a request proves itself with, for the case that the reply repeats it: logins are encoded, so not as entered. */
function credentialsIn({ headers = {} }: OutgoingRequest): readonly string[] {
  const sent = Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1] ?? '';
  return [sent, sent.split(' ').at(-1) ?? ''];
}

/** The text of a reply as people read it: `200 OK: {"id": 1}`. */
const replyText = (status: number, statusText: string, body: string) =>
  `${status} ${statusText}`.trim() + (body.trim() === '' ? '' : `: ${body.trim()}`);

/** Runs `connected` once the connection stands, with TLS where the address asks for it. */
function onConnected(request: ClientRequest, connected: () => void): void {
  request.once('socket', (socket) => {
    if (socket instanceof TLSSocket) socket.once('secureConnect', connected);
    else if (socket.connecting) socket.once('connect', connected);
    else connected();
  });
}

export function createOutgoing({
  allowPrivate,
  reach = reachOf,
  resolve = (host) => dnsLookup(host, { all: true, verbatim: true }),
  now = Date.now,
  timeoutMs = 10_000,
  connectTimeoutMs = 5_000,
}: OutgoingParts): Outgoing {
  /** @throws {DeliveryError} where the channel may not connect to any of the addresses */
  function allowed(
    host: string,
    addresses: readonly { address: string; family: number }[],
  ): AllowedAddress[] {
    const permitted = addresses.filter(({ address }) => {
      const its = reach(address);
      return its === 'public' || (its === 'private' && allowPrivate);
    });
    if (permitted.length > 0)
      return permitted.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
    const [first] = addresses;
    if (first === undefined) throw new DeliveryError(`${host} has no address. Check the name.`);
    const shown = first.address === host ? host : `${host} (${first.address})`;
    throw new DeliveryError(
      reach(first.address) === 'private'
        ? `${shown} is in a private network, which this channel may not reach. Switch on "Private network" where the server is really meant to go there.`
        : `${shown} is an address that channels never reach: link-local, cloud metadata, multicast or reserved. Enter another one.`,
    );
  }

  async function resolveName(host: string): Promise<AllowedAddress[]> {
    const literal = host.replace(/^\[|\]$/g, '');
    if (isIP(literal) !== 0) return allowed(literal, [{ address: literal, family: isIP(literal) }]);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new DeliveryError(
        `The name ${host} was not found within ${connectTimeoutMs / 1000} s: the DNS server does not answer. Check the server's DNS settings.`,
      );
      timer = setTimeout(() => reject(error), connectTimeoutMs);
    });
    try {
      return allowed(host, await Promise.race([resolve(host), late]));
    } catch (error) {
      if (error instanceof DeliveryError) throw error;
      throw new DeliveryError(connectionProblem(error, host), { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Checks the target of a request that a proxy makes. A name that only the proxy knows is left to it. */
  async function checkBehindProxy(host: string): Promise<void> {
    try {
      await resolveName(host);
    } catch (error) {
      if (error instanceof DeliveryError && error.cause === undefined) throw error;
    }
  }

  /** Opens the request: to exactly the addresses that were checked, or to the proxy. */
  async function open({ url, request, signal }: Hop): Promise<ClientRequest> {
    const { method = 'POST', headers = {}, body = '' } = request;
    const options = {
      method,
      signal,
      headers: {
        'user-agent': 'Watchfloor',
        'accept-encoding': 'identity',
        ...headers,
        ...(method === 'GET' ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      },
    };
    const proxyText = getProxyForUrl(url.href);
    if (proxyText === '') {
      const addresses = await resolveName(url.hostname);
      const lookup: LookupFunction = (_, { all }, done) => {
        const [first] = addresses;
        if (all === true || first === undefined) done(null, addresses);
        else done(null, first.address, first.family);
      };
      const transport = url.protocol === 'https:' ? https : http;
      return transport.request(url, { ...options, agent: false, lookup });
    }
    await checkBehindProxy(url.hostname);
    const proxy = new URL(proxyText);
    if (url.protocol === 'https:')
      return https.request(url, { ...options, agent: new HttpsProxyAgent(proxy, { signal }) });
    const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
    return (proxy.protocol === 'https:' ? https : http).request({
      ...options,
      agent: false,
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port,
      path: url.href,
      headers: {
        ...options.headers,
        host: url.host,
        ...(login === ':' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` }),
      },
    });
  }

  /** Sends a request and waits for the head of its reply. */
  async function exchange(hop: Hop): Promise<IncomingMessage> {
    const { url, request } = hop;
    try {
      const sent = await open(hop);
      return await new Promise<IncomingMessage>((done, fail) => {
        const timer = setTimeout(() => {
          const late = new DeliveryError(
            `${url.host} did not take the connection within ${connectTimeoutMs / 1000} s. Check the address, and whether a firewall is between.`,
          );
          // A request that waits for its proxy has no socket yet and tells of no error.
          fail(late);
          sent.destroy(late);
        }, connectTimeoutMs);
        onConnected(sent, () => clearTimeout(timer));
        sent.once('proxyConnect', ({ statusCode }: { statusCode: number }) => {
          if (statusCode !== 200)
            fail(
              new DeliveryError(
                `The proxy of HTTPS_PROXY refused to connect to ${url.host}: it answered ${statusCode}. Check its rules, or name the host in NO_PROXY.`,
              ),
            );
        });
        sent.once('response', done);
        sent.on('error', fail);
        sent.once('close', () => clearTimeout(timer));
        sent.end(request.method === 'GET' ? undefined : (request.body ?? ''));
      });
    } catch (error) {
      throw deliveryError(error, hop);
    }
  }

  function deliveryError(error: unknown, { asked, url: { host }, signal }: Hop): DeliveryError {
    const text = signal.aborted
      ? `${host} did not answer within ${timeoutMs / 1000} s. It may be overloaded, or the address may be of something else.`
      : error instanceof DeliveryError
        ? error.message
        : connectionProblem(error, host);
    return new DeliveryError(text, { request: asked, cause: error });
  }

  /** The next request where the reply is a redirect that may be followed; undefined where it is none. */
  function redirected(
    { url, request, asked, signal }: Hop,
    reply: IncomingMessage,
    hops: number,
  ): Hop | undefined {
    const { statusCode = 0, headers } = reply;
    if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined) return undefined;
    const refuse = (text: string) => new DeliveryError(text, { request: asked });
    const { method = 'POST' } = request;
    const next = parseUrl(headers.location, url);
    if (hops >= MAX_REDIRECTS)
      throw refuse(`${url.host} redirects more than ${MAX_REDIRECTS} times. Enter the final address.`);
    if (method !== 'GET' && statusCode < 307)
      throw refuse(
        `${url.host} answered ${statusCode}: the address has moved to ${next.origin}${next.pathname}. Enter that address.`,
      );
    if (url.protocol === 'https:' && next.protocol === 'http:')
      throw refuse(`${url.host} redirects to ${next.origin}, which is not encrypted. Enter another address.`);
    const headersToSend =
      next.origin === url.origin
        ? request.headers
        : Object.fromEntries(
            Object.entries(request.headers ?? {}).filter(([name]) => HARMLESS_HEADERS.test(name)),
          );
    return {
      url: next,
      request: { ...request, ...(headersToSend === undefined ? {} : { headers: headersToSend }) },
      asked: askedOf(method, next),
      signal,
    };
  }

  async function send(hop: Hop, hops: number): Promise<OutgoingReply> {
    const reply = await exchange(hop);
    const next = redirected(hop, reply, hops);
    if (next !== undefined) {
      reply.destroy();
      return send(next, hops + 1);
    }
    const { statusCode: status = 0, statusMessage = '' } = reply;
    try {
      const body = await readBody(reply);
      const text = redact(replyText(status, statusMessage, body), credentialsIn(hop.request));
      return { status, headers: headersOf(reply), body, request: hop.asked, text };
    } catch (error) {
      throw deliveryError(error, hop);
    } finally {
      reply.destroy();
    }
  }

  /** @throws {DeliveryError} where the reply says that the message was not taken */
  function check(reply: OutgoingReply, { problemIn }: OutgoingRequest, host: string): OutgoingReply {
    const own = problemIn?.(reply);
    const isTaken = reply.status >= 200 && reply.status < 300;
    if (own === undefined && isTaken) return reply;
    const general = problemOfReply(reply.status, host, reply.text);
    throw new DeliveryError(own === undefined ? general.text : `${own.text} (${reply.text})`, {
      request: reply.request,
      refused: (own ?? general).refused ?? false,
      retryAfterMs: own?.retryAfterMs ?? retryAfterMs(reply, now()),
    });
  }

  return {
    timeoutMs,

    async request(request) {
      const url = parseUrl(request.url);
      const limit = new AbortController();
      const timer = setTimeout(() => limit.abort(), timeoutMs);
      try {
        const asked = askedOf(request.method ?? 'POST', url);
        return check(await send({ url, request, asked, signal: limit.signal }, 0), request, url.host);
      } finally {
        clearTimeout(timer);
        // A socket whose reply was not read to its end is dropped.
        limit.abort();
      }
    },

    async lookUp(host) {
      const [first] = await resolveName(host);
      if (first === undefined) throw new DeliveryError(`${host} has no address. Check the name.`);
      return first;
    },
  };
}
