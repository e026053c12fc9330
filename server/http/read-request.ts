/** uWS's request, copied into ours before the first await. */
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { clientAddress, isIn, normalAddress, type Networks } from './address.ts';
import type { CopiedHeader, Request } from './request.ts';

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
