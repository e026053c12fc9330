/** Sends replies through uWS: each inside one cork, and none after the client disconnected. */
import type { HttpResponse } from 'uWebSockets.js';
import { ApiError } from '#protocol/errors.ts';
import type { Log } from '../types.ts';
import { BytesReply, Reply, TextReply } from './request.ts';
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

/** A response that has to be sent once, unless `aborted` says that the client disconnected. */
export interface Exchange {
  readonly res: HttpResponse;
  aborted: boolean;
  /** Whether the connection ends with the reply: when the rest of the request's body is not wanted. */
  closes: boolean;
}

function statusLine(status: number): string {
  return `${status} ${REASONS[status] ?? 'Status'}`;
}

function write(
  exchange: Exchange,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
): void {
  if (exchange.aborted) return;
  const { res } = exchange;
  res.cork(() => {
    if (status !== 200) res.writeStatus(statusLine(status));
    for (const name in headers) res.writeHeader(name, headers[name] ?? '');
    res.end(body, exchange.closes);
  });
}

const JSON_HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

/** Sends what a handler returned: a Reply, a TextReply, a BytesReply, or any other value as JSON with status 200. */
export function sendValue(exchange: Exchange, value: unknown): void {
  if (value instanceof TextReply) {
    write(exchange, 200, { ...JSON_HEADERS, 'content-type': value.contentType }, value.text);
  } else if (value instanceof BytesReply) {
    write(exchange, 200, { 'x-content-type-options': 'nosniff', ...value.headers }, value.bytes);
  } else if (value instanceof Reply) {
    const hasBody = value.body !== undefined;
    const headers = hasBody ? { ...JSON_HEADERS, ...value.headers } : { ...value.headers };
    write(exchange, value.status, headers, hasBody ? JSON.stringify(value.body) : '');
  } else {
    write(exchange, 200, JSON_HEADERS, JSON.stringify(value));
  }
}

const DEVICE_REPLY_HEADERS = { 'content-type': 'application/json' };

/** Sends a reply to an agent without the headers for browsers, as these replies are sent by the thousand. */
export function sendToDevice(exchange: Exchange, value: unknown): void {
  if (value instanceof Reply) sendValue(exchange, value);
  else write(exchange, 200, DEVICE_REPLY_HEADERS, JSON.stringify(value));
}

/**
 * Sends an ApiError as it is. Any other error is a fault of the server: it is logged in full and sent as
 * `internal`.
 * @param routeName for the log
 */
export function sendError(exchange: Exchange, error: unknown, routeName: string, log: Log): void {
  if (!(error instanceof ApiError))
    log.error({ err: error, where: routeName }, 'a request failed unexpectedly');
  const known = error instanceof ApiError ? error : new ApiError('internal');
  const retry =
    known.retryAfterS === undefined ? {} : { 'retry-after': String(Math.ceil(known.retryAfterS)) };
  write(exchange, known.status, { ...JSON_HEADERS, ...retry }, JSON.stringify(known.body));
}

/** How long a browser remembers that a host is reached by HTTPS only, in seconds. */
const YEAR_S = 31_536_000;

const PAGE_HEADERS: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'same-origin'],
  ['content-security-policy', "frame-ancestors 'none'"],
  ['vary', 'accept-encoding'],
];

/** Whether an If-None-Match header names the tag: it may be `*`, or a list, and its tags may be weak or strong. */
function isMatch(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch.trim() === '*') return true;
  const opaque = etag.replace(/^W\//, '');
  return [...ifNoneMatch.matchAll(/"[^"]*"/g)].some(([tag]) => tag === opaque);
}

/** Whether an Accept-Encoding header lets the reply be Brotli: it names `br`, or `*`, with a weight above 0. */
export function acceptsBrotli(acceptEncoding: string): boolean {
  const weights = new Map<string, number>();
  for (const part of acceptEncoding.toLowerCase().split(',')) {
    const [coding = '', weight = 'q=1'] = part.split(';').map((text) => text.trim());
    weights.set(coding, Number(/^q=([\d.]+)$/.exec(weight)?.[1] ?? 0));
  }
  return (weights.get('br') ?? weights.get('*') ?? 0) > 0;
}

/** What the reply with a file depends on, besides the file. */
export interface FileRequest {
  /** The headers of these names, '' when absent. */
  readonly ifNoneMatch: string;
  readonly acceptEncoding: string;
  /** Whether browsers may remember that this host is reached by HTTPS only. */
  readonly isHttpsOnly: boolean;
}

/** Sends a file, as Brotli when the client accepts it; 304 when the client already has this version. */
export function sendFile(
  exchange: Exchange,
  file: StaticFile,
  { ifNoneMatch, acceptEncoding, isHttpsOnly }: FileRequest,
): void {
  if (exchange.aborted) return;
  const { res } = exchange;
  const unchanged = isMatch(ifNoneMatch, file.etag);
  const brotli = acceptsBrotli(acceptEncoding) ? file.brotli : undefined;
  res.cork(() => {
    if (unchanged) res.writeStatus(statusLine(304));
    res.writeHeader('etag', file.etag).writeHeader('cache-control', file.cacheControl);
    for (const [name, value] of PAGE_HEADERS) res.writeHeader(name, value);
    if (isHttpsOnly) res.writeHeader('strict-transport-security', `max-age=${YEAR_S}`);
    if (unchanged) {
      res.end();
      return;
    }
    res.writeHeader('content-type', file.contentType);
    if (brotli) res.writeHeader('content-encoding', 'br');
    res.end(brotli ?? file.plain);
  });
}
