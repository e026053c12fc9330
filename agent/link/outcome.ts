/**
 * The result of a push or of joining: each answer and each failure becomes one of a few outcomes that say what to do
 * next.
 */
import type { X509Certificate } from 'node:crypto';
import { errorReply } from '#protocol/api.ts';
import { errorCode, errorText } from '#protocol/errors.ts';
import type { PushReply } from '#protocol/sample.ts';
import { where, type Reply, type Way } from './transport.ts';
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

/** Whether the server's certificate, or its authority's, has expired or is not valid yet. */
export function isOutOfTime(error: unknown): boolean {
  return ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'].includes(errorCode(error));
}

/** When a certificate is valid, as `Nov 26 04:00:00 2026 GMT`. */
type Certificate = Pick<X509Certificate, 'validFrom' | 'validTo'>;

/** `shown`: the certificates that the server shows, its own first. */
export function outOfTime(target: Way, shown: readonly Certificate[], now: Date): string {
  const isOff = ({ validFrom, validTo }: Certificate) => now < new Date(validFrom) || now > new Date(validTo);
  const place = shown.findIndex(isOff);
  const certificate = shown[place];
  // The hour: a reason that changes with each try would be logged with each.
  const clock = `this machine's clock says ${now.toISOString().slice(0, 13)}h UTC`;
  if (certificate === undefined)
    return `the certificate of the server at ${where(target)} is not valid now, and ${clock}, so nothing is sent to it`;
  const { validFrom, validTo } = certificate;
  const isEarly = now < new Date(validFrom);
  const isAuthority = place > 0 && place === shown.length - 1;
  return (
    `the certificate of ${isAuthority ? 'the authority of ' : ''}the server at ${where(target)} ` +
    `${isEarly ? 'is not valid yet' : 'has expired'}: it is valid from ${validFrom} to ${validTo}, and ${clock}, ` +
    `so nothing is sent to it. If this clock is ${isEarly ? 'behind' : 'ahead'}, set it. Otherwise set the clock of ` +
    `the server, which was ${isEarly ? 'ahead' : 'behind'} if the certificate is new, and ` +
    (isAuthority
      ? 'renew its authority; then start the agent with a new enrollment string'
      : 'renew its certificate')
  );
}

/**
 * What an error of the connection means: the request was not sent, or not answered. `shown`: the certificates that the
 * server shows, its own first, where the error is about their times.
 */
export function notReached(error: unknown, target: Way, shown: readonly Certificate[] = []): Failure {
  const reason = errorText(error);
  const code = errorCode(error);
  if (error instanceof ImpostorError) return { kind: 'unauthorized', reason };
  if (error instanceof Error && 'statusCode' in error && error.statusCode === 407)
    return {
      kind: 'unauthorized',
      reason: `${where(target)}: the proxy wants a user and a password, or refuses those in HTTPS_PROXY (${reason})`,
    };
  if (isOutOfTime(error)) return { kind: 'unreachable', reason: outOfTime(target, shown, new Date()) };
  if (FOREIGN.test(code))
    return {
      kind: 'unauthorized',
      reason:
        `the server at ${where(target)} is not the one this agent was enrolled with (${reason}): ` +
        'nothing is sent to it. If the server got a new authority, start the agent with a new enrollment string',
    };
  return { kind: 'unreachable', reason: `${where(target)}: ${reason}` };
}
