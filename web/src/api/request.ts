/** One HTTP request to the server: it sends JSON and resolves with the reply, or rejects with a typed error. */
import { errorReply } from '#protocol/api.ts';
import type { ErrorDetail } from '#protocol/errors.ts';

/** A request that takes longer is given up. The server never needs as long. */
const TIMEOUT_MS = 15_000;

/** The server answered with an error of its catalogue. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly status: number;
  readonly code: string;
  /** The wrong fields, in the server's order. */
  readonly details: readonly ErrorDetail[];
  /** Seconds to wait before the next try; null where the server did not say. */
  readonly retryAfterS: number | null;

  constructor(
    status: number,
    code: string,
    message: string,
    details: readonly ErrorDetail[] = [],
    retryAfterS: number | null = null,
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
    this.retryAfterS = retryAfterS;
  }
}

/** The server could not be reached, did not answer in time, or answered something that is not Watchfloor's. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly reason: 'unreachable' | 'timeout' | 'unexpected_reply';

  constructor(reason: 'unreachable' | 'timeout' | 'unexpected_reply') {
    super(
      {
        unreachable: 'The server cannot be reached. Check the connection, then try again.',
        timeout: 'The server did not answer in time. Try again.',
        unexpected_reply: 'The server answered something this page does not understand. Reload the page.',
      }[reason],
    );
    this.reason = reason;
  }
}

/** What to tell a person about anything that was thrown. */
export function errorMessage(error: unknown): string {
  if (error instanceof RefusedError || error instanceof ConnectionError) return error.message;
  return 'Something went wrong on this page. Reload it, then try again.';
}

/**
 * What the server says about the fields of a form: path (`condition.clear`) → message. Empty for any other error.
 */
export function fieldErrors(error: unknown): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (error instanceof RefusedError)
    for (const { path, message } of error.details) if (!found.has(path)) found.set(path, message);
  return found;
}

/** The one method of a zod schema that is used here. */
interface Parser<T> {
  safeParse(input: unknown): { success: true; data: T } | { success: false };
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

interface Exchange {
  readonly method: Method;
  readonly path: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends JSON and resolves with the reply's JSON, undefined for an empty reply. Rejects with RefusedError or
 * ConnectionError, or with the signal's reason when it was aborted.
 */
export type Send = (exchange: Exchange) => Promise<unknown>;

export type Fetch = (input: string, init: RequestInit) => Promise<Response>;

/** Seconds of a Retry-After header (a number, or a date), null without one. */
function retryAfter(header: string | null): number | null {
  if (header === null) return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new ConnectionError('unexpected_reply');
  }
}

/** The error for an answer that is not Watchfloor's, such as a proxy's error page: all it tells is its status. */
function foreignError(status: number): RefusedError | ConnectionError {
  if (status === 502 || status === 503 || status === 504) return new ConnectionError('unreachable');
  return new RefusedError(status, 'unknown', `The server answered with status ${status}.`);
}

async function toError(response: Response): Promise<RefusedError | ConnectionError> {
  let body: unknown;
  try {
    body = await readJson(response);
  } catch {
    return foreignError(response.status);
  }
  const parsed = errorReply.safeParse(body);
  if (!parsed.success) return foreignError(response.status);
  const { code, message, details } = parsed.data.error;
  return new RefusedError(
    response.status,
    code,
    message,
    details,
    retryAfter(response.headers.get('retry-after')),
  );
}

/** `onUnauthorized` is called with every 401 that means the session is over, not with one for a wrong password. */
export function createSend({
  fetch,
  onUnauthorized,
  timeoutMs = TIMEOUT_MS,
}: {
  fetch: Fetch;
  onUnauthorized: () => void;
  timeoutMs?: number;
}): Send {
  return async ({ method, path, body, signal }) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    let response: Response;
    try {
      response = await fetch(path, {
        method,
        credentials: 'same-origin',
        cache: 'no-store',
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      if (response.ok) return await readJson(response);
    } catch (error) {
      if (error instanceof ConnectionError) throw error;
      if (signal?.aborted) throw error;
      throw new ConnectionError(timeout.aborted ? 'timeout' : 'unreachable');
    }
    const error = await toError(response);
    if (error instanceof RefusedError && error.status === 401 && error.code !== 'wrong_credentials')
      onUnauthorized();
    throw error;
  };
}

/** Parses a reply by its schema. Throws a ConnectionError when it does not fit. */
export function parsed<T>(schema: Parser<T>, reply: unknown): T {
  const result = schema.safeParse(reply);
  if (!result.success) throw new ConnectionError('unexpected_reply');
  return result.data;
}
