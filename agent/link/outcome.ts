/**
 * The result of a push or of joining: each answer and each failure becomes one of a few outcomes that say what to do
 * next.
 */
import { errorReply } from '#protocol/api.ts';
import { errorCode, errorText } from '#protocol/errors.ts';
import type { PushReply } from '#protocol/sample.ts';
import { where, type Reply, type Target } from './transport.ts';
import { ImpostorError } from './trust.ts';

export type Outcome =
  | { readonly kind: 'accepted'; readonly reply: PushReply }
  /** No connection, or an answer that is not a Watchfloor server's. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** The server asks to be tried again later. */
  | { readonly kind: 'busy'; readonly reason: string; readonly retryAfterMs: number | undefined }
  /** A person must act: the key is invalid, the token is revoked, or this is another server than the enrolled one. */
  | { readonly kind: 'unauthorized'; readonly reason: string }
  | { readonly kind: 'too_large' }
  /** The server will never accept this body. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Nothing was accepted, and the same samples are to be sent again later. */
export type Failure = Exclude<Outcome, { kind: 'accepted' | 'too_large' | 'refused' }>;

/** The parsed value, or undefined for text that is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Callers check the value with a schema, which undefined does not match.
    return undefined;
  }
}

/**
 * What an answer says that is no success: the server's error message with the first wrong field, or which status came
 * from something that is not a Watchfloor server.
 */
export function reasonOf({ status, text, location }: Reply): string {
  const { data } = errorReply.safeParse(parseJson(text));
  if (data === undefined) {
    const to = location === undefined ? '' : `, and points to ${location.slice(0, 200)}`;
    return `something answers with HTTP status ${status}${to}, but not like a Watchfloor server`;
  }
  const [detail] = data.error.details ?? [];
  const field = detail === undefined ? '' : ` (${detail.path}: ${detail.message})`;
  return `${data.error.message}${field} [${data.error.code}, ${status}]`;
}

/**
 * What an answer means that is not a success. Only a Watchfloor server's own words refuse samples or a token for good:
 * a proxy or a captive portal in between answers 400 or 403 too.
 */
export function failureOf(reply: Reply): Exclude<Outcome, { kind: 'accepted' }> {
  const { status, retryAfterMs } = reply;
  const reason = reasonOf(reply);
  if (status === 413) return { kind: 'too_large' };
  if (status === 429 || status === 503) return { kind: 'busy', reason, retryAfterMs };
  if (!errorReply.safeParse(parseJson(reply.text)).success) return { kind: 'unreachable', reason };
  if (status === 401 || status === 403 || status === 409) return { kind: 'unauthorized', reason };
  if (status === 400 || status === 422) return { kind: 'refused', reason };
  return { kind: 'unreachable', reason };
}

/** Codes of OpenSSL and Node for a certificate that is not trusted. */
const FOREIGN = /^(UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|CERT_|ERR_TLS_CERT_|INVALID_CA|PATH_LENGTH_)/;
const OUT_OF_TIME = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'];

/** What an error of the connection means: the request was not sent, or not answered. */
export function notReached(error: unknown, target: Pick<Target, 'host' | 'port' | 'proxy'>): Failure {
  const reason = errorText(error);
  const code = errorCode(error);
  if (error instanceof ImpostorError) return { kind: 'unauthorized', reason };
  if (error instanceof Error && 'statusCode' in error && error.statusCode === 407)
    return {
      kind: 'unauthorized',
      reason: `${where(target)}: the proxy wants a user and a password, or refuses those in HTTPS_PROXY (${reason})`,
    };
  if (OUT_OF_TIME.includes(code))
    return {
      kind: 'unreachable',
      reason:
        `the certificate of the server at ${where(target)} is not valid now (${reason}), so nothing is sent to it: ` +
        `check the clocks of both machines (here it is ${new Date().toISOString()}) and renew the certificate`,
    };
  if (FOREIGN.test(code))
    return {
      kind: 'unauthorized',
      reason:
        `the server at ${where(target)} is not the one this agent was enrolled with (${reason}): ` +
        'nothing is sent to it. If the server got a new authority, start the agent with a new enrollment string',
    };
  return { kind: 'unreachable', reason: `${where(target)}: ${reason}` };
}
