/** HTTP to the one server, over one kept connection. */
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import { getCACertificates } from 'node:tls';
import { errorCode } from '#protocol/errors.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** The authority that must have signed the server's certificate, as PEM; null: the system's roots and names. */
  readonly authority: string | null;
}

export interface Reply {
  readonly status: number;
  /** The `Retry-After` header in milliseconds, where there is one. */
  readonly retryAfterMs: number | undefined;
  readonly text: string;
}

export interface Transport {
  /** Sends and reads the whole answer. Rejects when there is none in time. */
  post(path: string, headers: Readonly<Record<string, string>>, body: Uint8Array): Promise<Reply>;
  close(): void;
}

/** Not by `import`: that reads every export of the module, and one of them loads fetch with 4 MB of private memory. */
const http = process.getBuiltinModule('node:http');

const TIMEOUT = 10_000;
/** No answer of the server's to an agent is larger. */
const REPLY_BYTES = 256 * 1024;

/** `120` or an HTTP date → milliseconds from `now`; undefined for anything else. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/**
 * With a pinned authority its signature alone is the proof: it signs for exactly this server, whatever name
 * or address people reach it by. Without, names count, as in a browser.
 */
export function tlsOptions({ host, authority }: Target) {
  const name = isIP(host) === 0 ? { servername: host } : {};
  const trust =
    authority === null
      ? { ca: [...getCACertificates('default'), ...getCACertificates('system')] }
      : { ca: authority, checkServerIdentity: () => undefined };
  return { minVersion: 'TLSv1.2', ...name, ...trust } as const;
}

export function createTransport(target: Target, timeoutMs = TIMEOUT): Transport {
  const kept = { keepAlive: true, maxSockets: 1, scheduling: 'lifo' } as const;
  const agent = target.tls ? new HttpsAgent({ ...kept, ...tlsOptions(target) }) : new http.Agent(kept);
  const request = target.tls ? httpsRequest : http.request;

  const once = (options: RequestOptions, body: Uint8Array): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const outgoing = request(options, (incoming) => {
        const chunks: Buffer[] = [];
        let size = 0;
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > REPLY_BYTES)
            outgoing.destroy(new Error('its answer is larger than a Watchfloor server sends'));
          else chunks.push(chunk);
        });
        incoming.on('end', () => {
          clearTimeout(timer);
          resolve({
            status: incoming.statusCode ?? 0,
            retryAfterMs: parseRetryAfter(incoming.headers['retry-after'], Date.now()),
            text: Buffer.concat(chunks).toString('utf8'),
          });
        });
        incoming.on('error', fail);
        incoming.on('aborted', () => fail(new Error('the connection broke within the answer')));
      });
      const timer = setTimeout(
        () => outgoing.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)),
        timeoutMs,
      );
      const fail = (error: Error) => {
        clearTimeout(timer);
        // A kept connection that the server closed meanwhile says nothing about the server.
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
          path,
          headers: { ...headers, ...length },
        },
        body,
      );
    },
    close: () => agent.destroy(),
  };
}
