/**
 * A request as its handler sees it, and the replies a handler may return. What a handler needs of a request
 * is copied before the first await, as uWS's request object is invalid after it.
 */
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { clientAddress, normalAddress, type Networks } from './address.ts';
import { browserHost } from './origin.ts';

export interface Request {
  /** The values of the `:name` parts of the route's path, URL-decoded, in order. */
  readonly params: readonly string[];
  /** The query parameters; empty when the route declares none. */
  readonly query: URLSearchParams;
  /** The client's IP address; behind a trusted proxy, the address the proxy reports. */
  readonly address: string;
  /** The host and port in the browser's address bar, from the Host header or a trusted proxy. */
  readonly host: string;
  /**
   * The value of a header, '' when absent. Routes for devices only have DEVICE_HEADERS, others
   * COPIED_HEADERS.
   */
  header(name: CopiedHeader): string;
}

export const COPIED_HEADERS = [
  'accept',
  'authorization',
  'content-encoding',
  'content-length',
  'cookie',
  'host',
  'origin',
  'user-agent',
  'x-forwarded-host',
] as const;
/** The headers copied of an agent's request: few, as copying costs time and pushes arrive by the thousand. */
export const DEVICE_HEADERS = ['authorization', 'content-encoding', 'content-length'] as const;
export type CopiedHeader = (typeof COPIED_HEADERS)[number] | 'x-forwarded-for';

/** The value of the first `:name` part of the route's path. */
export function firstParam(request: Request): string {
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

/** The peer's address as text. uWS reuses the memory it returns, so it is decoded at once. */
function readPeer(res: HttpResponse): string {
  return decoder.decode(res.getRemoteAddressAsText());
}

/**
 * All lines of a header, joined by commas; getHeader returns only the first. A proxy may add its own line of
 * X-Forwarded-For below the client's.
 */
function allLines(req: HttpRequest, header: string): string {
  const lines: string[] = [];
  req.forEach((name, value) => {
    if (name === header) lines.push(value);
  });
  return lines.join(',');
}

/** A copied request; parses the query and finds the client's address only when they are read. */
class CopiedRequest implements Request {
  readonly params: readonly string[];
  readonly #query: string;
  readonly #res: HttpResponse;
  #peer: string | undefined;
  readonly #headers: Readonly<Partial<Record<CopiedHeader, string>>>;
  readonly #trustedProxies: Networks;
  #address: string | undefined;

  constructor(res: HttpResponse, req: HttpRequest, options: ReadOptions) {
    const { paramCount, headers, hasQuery, needsAddress, trustedProxies } = options;
    this.#res = res;
    this.#query = hasQuery ? req.getQuery() : '';
    if (needsAddress) this.#peer = readPeer(res);
    this.#trustedProxies = trustedProxies;
    const copied: Partial<Record<CopiedHeader, string>> = {};
    for (const name of headers) copied[name] = name === 'host' ? allLines(req, name) : req.getHeader(name);
    if (trustedProxies.length > 0) copied['x-forwarded-for'] = allLines(req, 'x-forwarded-for');
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
    this.#address ??= clientAddress(this.#peerAddress, this.header('x-forwarded-for'), this.#trustedProxies);
    return this.#address;
  }

  get host(): string {
    const host = this.header('host');
    const forwardedHost = this.header('x-forwarded-host');
    return browserHost({ peer: this.#peerAddress, host, forwardedHost }, this.#trustedProxies);
  }
}

interface ReadOptions {
  /** How many `:name` parts the route's path has. */
  readonly paramCount: number;
  readonly headers: readonly CopiedHeader[];
  /** Whether the query is copied; routes that do not use it save the time. */
  readonly hasQuery: boolean;
  /**
   * Whether the address is copied now: after the first await the client may be gone, and uWS has no address
   * then.
   */
  readonly needsAddress: boolean;
  readonly trustedProxies: Networks;
}

/** Copies a request. Must be called in the uWS handler before the first await. */
export function readRequest(res: HttpResponse, req: HttpRequest, options: ReadOptions): Request {
  return new CopiedRequest(res, req, options);
}

/**
 * A handler's reply with a status and headers. A handler that returns a plain value replies 200 with it as
 * JSON.
 */
export class Reply {
  readonly status: number;
  /** Sent as JSON; undefined: no body. */
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, body?: unknown, headers: Readonly<Record<string, string>> = {}) {
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** A handler's reply with status 200 and a text that is not JSON. */
export class TextReply {
  readonly contentType: string;
  readonly text: string;
  constructor(contentType: string, text: string) {
    this.contentType = contentType;
    this.text = text;
  }
}

/** A handler's reply with status 200 and bytes, with its content type among the headers. */
export class BytesReply {
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  constructor(bytes: Buffer, headers: Readonly<Record<string, string>>) {
    this.bytes = bytes;
    this.headers = headers;
  }
}

/** An open file, as `node:fs` opens it. */
export interface OpenFile {
  readonly read: (
    into: Buffer,
    offset: number,
    length: number,
    position: number,
  ) => Promise<{ readonly bytesRead: number }>;
  readonly close: () => Promise<void>;
}

/** A handler's reply with status 200 and a file, which is read while it is sent; then it is closed. */
export class FileReply {
  readonly file: OpenFile;
  readonly bytes: number;
  readonly headers: Readonly<Record<string, string>>;
  constructor(file: OpenFile, bytes: number, headers: Readonly<Record<string, string>>) {
    this.file = file;
    this.bytes = bytes;
    this.headers = headers;
  }
}
