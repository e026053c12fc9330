/** A request as its handler sees it: copied out of uWS before the first await, since uWS forgets it then. And replies. */
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { clientAddress, isIn, normalAddress, type Networks } from './address.ts';

export interface Request {
  /** The `:name` parts of the route's path, decoded, in order. */
  readonly params: readonly string[];
  /** Empty where the route's description names no query parameters. */
  readonly query: URLSearchParams;
  /** Where it comes from; behind a trusted proxy, what the proxy says. */
  readonly address: string;
  /** The host (and port) people use, as the browser or a trusted proxy says it. */
  readonly host: string;
  /** Lower-case name → value; '' when absent. Only COPIED_HEADERS are there, DEVICE_HEADERS on routes for devices. */
  header(name: CopiedHeader): string;
}

export const COPIED_HEADERS = [
  'authorization',
  'content-encoding',
  'content-length',
  'cookie',
  'host',
  'origin',
  'user-agent',
  'x-forwarded-host',
] as const;
/** What matters of an agent's request: copying a header costs, and they come by the thousand. */
export const DEVICE_HEADERS = ['authorization', 'content-encoding', 'content-length'] as const;
export type CopiedHeader = (typeof COPIED_HEADERS)[number] | 'x-forwarded-for';

/** The first `:name` part of the route's path. */
export function param(request: Request): string {
  return request.params[0] ?? '';
}

const decoder = new TextDecoder();

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return part;
    throw error;
  }
}

/** uWS lends its memory for this call only. */
function readPeer(res: HttpResponse): string {
  return decoder.decode(res.getRemoteAddressAsText());
}

/** A proxy may add a line of its own below the one the client claims; uWS gives only the first. */
function allForwardedFor(req: HttpRequest): string {
  const lines: string[] = [];
  req.forEach((name, value) => {
    if (name === 'x-forwarded-for') lines.push(value);
  });
  return lines.join(',');
}

/** One request; what is derived from it is worked out when it is asked for. */
class CopiedRequest implements Request {
  readonly params: readonly string[];
  readonly #query: string;
  readonly #res: HttpResponse;
  #peer: string | undefined;
  readonly #headers: Readonly<Partial<Record<CopiedHeader, string>>>;
  readonly #trusted: Networks;
  #address: string | undefined;

  constructor(res: HttpResponse, req: HttpRequest, options: ReadOptions) {
    const { paramCount, headers, hasQuery, needsAddress, trusted } = options;
    this.#res = res;
    this.#query = hasQuery ? req.getQuery() : '';
    if (needsAddress) this.#peer = readPeer(res);
    this.#trusted = trusted;
    const copied: Partial<Record<CopiedHeader, string>> = {};
    for (const name of headers) copied[name] = req.getHeader(name);
    if (trusted.length > 0) copied['x-forwarded-for'] = allForwardedFor(req);
    this.#headers = copied;
    const params: string[] = [];
    for (let i = 0; i < paramCount; i++) params.push(decodePart(req.getParameter(i) ?? ''));
    this.params = params;
  }

  header(name: CopiedHeader): string {
    return this.#headers[name] ?? '';
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.#query);
  }

  get #peerAddress(): string {
    this.#peer ??= readPeer(this.#res);
    return normalAddress(this.#peer);
  }

  get address(): string {
    this.#address ??= clientAddress(this.#peerAddress, this.header('x-forwarded-for'), this.#trusted);
    return this.#address;
  }

  get host(): string {
    const forwarded = this.header('x-forwarded-host');
    return forwarded !== '' && isIn(this.#trusted, this.#peerAddress) ? forwarded : this.header('host');
  }
}

interface ReadOptions {
  /** How many `:name` parts the route's path has. */
  readonly paramCount: number;
  readonly headers: readonly CopiedHeader[];
  /** Whether the route asks for the query: each thing copied costs every request. */
  readonly hasQuery: boolean;
  /** Whether the address is asked for after the first await, when the client may be gone and the address with it. */
  readonly needsAddress: boolean;
  readonly trusted: Networks;
}

export function readRequest(res: HttpResponse, req: HttpRequest, options: ReadOptions): Request {
  return new CopiedRequest(res, req, options);
}

/** What a handler answers. A plain value is 200 with that value as JSON. */
export class Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, body?: unknown, headers: Readonly<Record<string, string>> = {}) {
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** A reply that is text of another kind than JSON. */
export class TextReply {
  readonly contentType: string;
  readonly text: string;
  constructor(contentType: string, text: string) {
    this.contentType = contentType;
    this.text = text;
  }
}
