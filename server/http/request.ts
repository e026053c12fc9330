/** What a handler sees of a request: copied out of uWS before the first await, since uWS forgets it then. */
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
