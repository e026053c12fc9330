/** HTTP requests to the one server, over one connection that is kept open. */
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import { getCACertificates } from 'node:tls';
import { errorCode } from '#protocol/errors.ts';
import { hostPortText } from '#protocol/probe-targets.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
  /** What stands before the server's own paths; absent: nothing. */
  readonly path?: string | undefined;
}

/** `host:port/path` for a person; an IPv6 address stands in brackets, and the proxy that leads there is named. */
export function where({ host, port, path = '', proxy }: Place & Partial<Way>): string {
  const address = `${hostPortText({ host, port })}${path}`;
  return proxy === undefined ? address : `${address} (through the proxy ${new URL(proxy).host})`;
}

/** How to reach a server. */
export interface Way extends Place {
  /** The URL of the proxy that leads there; undefined for a direct connection. */
  readonly proxy: string | undefined;
}

export interface Target extends Way {
  readonly tls: boolean;
  /**
   * The authority that must have signed the server's certificate, as PEM; null: any authority that the system trusts.
   */
  readonly authority: string | null;
}

export interface Reply {
  readonly status: number;
  /** The `Retry-After` header in milliseconds; undefined without one. */
  readonly retryAfterMs: number | undefined;
  /** The `Date` header: the server's clock in epoch milliseconds, by the second; undefined without one. */
  readonly date: number | undefined;
  /** The `Location` header of a redirect, which is never followed. */
  readonly location: string | undefined;
  readonly text: string;
}

export interface Transport {
  /** Sends the request and reads the whole answer. Rejects when there is none in time. */
  post(path: string, headers: Readonly<Record<string, string>>, body: Uint8Array): Promise<Reply>;
  close(): void;
}

/** Not by `import`, which would read every export of the module: one of them loads fetch and costs 4 MB of memory. */
const http = process.getBuiltinModule('node:http');

/** How long to wait for the server's answer or TLS handshake, in milliseconds. */
export const TIMEOUT = 10_000;
/** The server's answers to an agent are smaller than this. */
const REPLY_BYTES = 256 * 1024;

/** `120` or an HTTP date → milliseconds from `now`; undefined for anything else. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

function parseDate(header: string | undefined): number | undefined {
  const time = Date.parse(header ?? '');
  return Number.isNaN(time) ? undefined : time;
}

/** The name to ask the server's certificate for. TLS allows no address there. */
export function serverName(host: string) {
  return isIP(host) === 0 ? { servername: host } : {};
}

/** Options of a connection that goes through this proxy: Node's agents open the tunnel themselves. */
export function tunnel(proxy: string | undefined) {
  return proxy === undefined ? {} : { proxyEnv: { HTTPS_PROXY: proxy } };
}

/**
 * A pinned authority signs certificates for this server only, so its signature is proof enough, whatever name or
 * address the server is reached by. Without a pinned authority the certificate must carry the server's name, as in a
 * browser.
 */
export function tlsOptions({ host, authority }: Target) {
  const trust =
    authority === null
      ? { ca: [...getCACertificates('default'), ...getCACertificates('system')] }
      : { ca: authority, checkServerIdentity: () => undefined };
  return { minVersion: 'TLSv1.2', ...serverName(host), ...trust } as const;
}

export function createTransport(target: Target, timeoutMs = TIMEOUT): Transport {
  const kept = { keepAlive: true, maxSockets: 1, scheduling: 'lifo' } as const;
  const agent = target.tls
    ? new HttpsAgent({ ...kept, ...tlsOptions(target), ...tunnel(target.proxy) })
    : new http.Agent(kept);
  const request = target.tls ? httpsRequest : http.request;

  const once = (options: RequestOptions, body: Uint8Array): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const outgoing = request(options, (incoming) => {
        const chunks: Buffer[] = [];
        let size = 0;
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > REPLY_BYTES)
            outgoing.destroy(new Error('the answer is larger than a Watchfloor server sends'));
          else chunks.push(chunk);
        });
        incoming.on('end', () => {
          clearTimeout(timer);
          resolve({
            status: incoming.statusCode ?? 0,
            retryAfterMs: parseRetryAfter(incoming.headers['retry-after'], Date.now()),
            date: parseDate(incoming.headers.date),
            location: incoming.headers.location,
            text: Buffer.concat(chunks).toString('utf8'),
          });
        });
        incoming.on('error', fail);
        incoming.on('aborted', () => fail(new Error('the connection broke during the answer')));
      });
      const timer = setTimeout(
        () => outgoing.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)),
        timeoutMs,
      );
      const fail = (error: Error) => {
        clearTimeout(timer);
        // The server closed the kept connection between two requests: try once more, over a new one.
        const wasClosed = outgoing.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(errorCode(error));
        if (wasClosed) once(options, body).then(resolve, reject);
        else reject(error);
      };
      outgoing.on('error', fail);
      outgoing.end(body);
    });

  return {
    post(path, headers, body) {
      const length = { 'content-length': String(body.length) };
      return once(
        {
          agent,
          method: 'POST',
          host: target.host,
          port: target.port,
          path: (target.path ?? '') + path,
          headers: { ...headers, ...length },
          // Ends the wait for a proxy to open a tunnel: until then there is no connection that the timer can end.
          timeout: timeoutMs,
        },
        body,
      );
    },
    close: () => agent.destroy(),
  };
}
