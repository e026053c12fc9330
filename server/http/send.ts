/** Our replies → uWS. Everything is written inside one cork, and never after an abort. */
import type { HttpResponse } from 'uWebSockets.js';
import { ApiError } from '#protocol/errors.ts';
import type { Log } from '../types.ts';
import { Reply, TextReply } from './request.ts';
import type { StaticFile } from './static.ts';

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  302: 'Found',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** One response that may be answered once, unless its client went away. */
export interface Exchange {
  readonly res: HttpResponse;
  aborted: boolean;
}

function statusLine(status: number): string {
  return `${status} ${REASONS[status] ?? 'Status'}`;
}

function write(
  exchange: Exchange,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  if (exchange.aborted) return;
  const { res } = exchange;
  res.cork(() => {
    if (status !== 200) res.writeStatus(statusLine(status));
    for (const name in headers) res.writeHeader(name, headers[name] ?? '');
    res.end(body);
  });
}

const JSON_HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

export function sendValue(exchange: Exchange, value: unknown): void {
  if (value instanceof TextReply) {
    write(exchange, 200, { ...JSON_HEADERS, 'content-type': value.contentType }, value.text);
  } else if (value instanceof Reply) {
    const hasBody = value.body !== undefined;
    const headers = hasBody ? { ...JSON_HEADERS, ...value.headers } : { ...value.headers };
    write(exchange, value.status, headers, hasBody ? JSON.stringify(value.body) : '');
  } else {
    write(exchange, 200, JSON_HEADERS, JSON.stringify(value));
  }
}

const BARE_HEADERS = { 'content-type': 'application/json' };

/** To an agent: no browser reads it, and it comes by the thousand. */
export function sendToDevice(exchange: Exchange, value: unknown): void {
  if (value instanceof Reply) sendValue(exchange, value);
  else write(exchange, 200, BARE_HEADERS, JSON.stringify(value));
}

/** The catalogue's answer; anything else is ours to mend: logged in full, answered as `internal`. */
export function sendError(exchange: Exchange, error: unknown, where: string, log: Log): void {
  if (!(error instanceof ApiError)) log.error({ err: error, where }, 'a request failed unexpectedly');
  const known = error instanceof ApiError ? error : new ApiError('internal');
  const retry =
    known.retryAfterS === undefined ? {} : { 'retry-after': String(Math.ceil(known.retryAfterS)) };
  // The rest of a body that is not read would be taken for the next request.
  const close = known.status === 413 || known.status === 408 ? { connection: 'close' } : {};
  write(exchange, known.status, { ...JSON_HEADERS, ...retry, ...close }, JSON.stringify(known.body));
}

const PAGE_HEADERS: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'same-origin'],
  ['content-security-policy', "frame-ancestors 'none'"],
  ['vary', 'accept-encoding'],
];

export function sendFile(
  exchange: Exchange,
  file: StaticFile,
  ifNoneMatch: string,
  acceptEncoding: string,
): void {
  if (exchange.aborted) return;
  const { res } = exchange;
  const unchanged = ifNoneMatch === file.etag;
  const brotli = /\bbr\b/.test(acceptEncoding) ? file.brotli : undefined;
  res.cork(() => {
    if (unchanged) res.writeStatus(statusLine(304));
    res.writeHeader('etag', file.etag).writeHeader('cache-control', file.cacheControl);
    for (const [name, value] of PAGE_HEADERS) res.writeHeader(name, value);
    if (unchanged) {
      res.end();
      return;
    }
    res.writeHeader('content-type', file.contentType);
    if (brotli) res.writeHeader('content-encoding', 'br');
    res.end(brotli ?? file.plain);
  });
}
