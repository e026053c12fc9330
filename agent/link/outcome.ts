/** What became of a push or a joining: every answer and every failure as one of a few outcomes that say how to go on. */
import { errorReply } from '#protocol/api.ts';
import type { PushReply } from '#protocol/sample.ts';
import { ImpostorError } from './trust.ts';
import { errorCode, errorText } from '#protocol/errors.ts';
import type { Reply } from './transport.ts';

export type Outcome =
  | { readonly kind: 'accepted'; readonly reply: PushReply }
  /** Nobody there, or nobody who answers sensibly. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** There, and asks for time. */
  | { readonly kind: 'busy'; readonly reason: string; readonly retryAfterMs: number | undefined }
  /** A person must do something: an invalid key, a revoked token, another server than the enrolled one. */
  | { readonly kind: 'unauthorized'; readonly reason: string }
  | { readonly kind: 'too_large' }
  /** The server will never take this body. */
  | { readonly kind: 'refused'; readonly reason: string };

export type Failure = Exclude<Outcome, { kind: 'accepted' | 'too_large' | 'refused' }>;

/** The value, or undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: no schema will match.
    return undefined;
  }
}

/** What the server said was wrong, with the first wrong field; else the bare status. */
export function reasonOf({ status, text }: Reply): string {
  const { data } = errorReply.safeParse(parseJson(text));
  if (data === undefined) return `HTTP status ${status}`;
  const [detail] = data.error.details ?? [];
  const field = detail === undefined ? '' : ` (${detail.path}: ${detail.message})`;
  return `${data.error.message}${field} [${data.error.code}, ${status}]`;
}

/** What an answer that is not a success means. */
export function failureOf(reply: Reply): Exclude<Outcome, { kind: 'accepted' }> {
  const { status, retryAfterMs } = reply;
  const reason = reasonOf(reply);
  if (status === 401 || status === 403) return { kind: 'unauthorized', reason };
  if (status === 413) return { kind: 'too_large' };
  if (status === 400 || status === 422) return { kind: 'refused', reason };
  if (status === 429 || status === 503) return { kind: 'busy', reason, retryAfterMs };
  return { kind: 'unreachable', reason };
}

interface Place {
  readonly host: string;
  readonly port: number;
}

export function where({ host, port }: Place): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** OpenSSL's and Node's names for "the certificate is not one to trust". */
const FOREIGN = /^(UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|CERT_|ERR_TLS_CERT_|INVALID_CA|PATH_LENGTH_)/;
const OUT_OF_TIME = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'];

/** What an error of the connection means. Nothing was sent, or nothing came back. */
export function notReached(error: unknown, target: Place): Failure {
  const reason = errorText(error);
  const code = errorCode(error);
  if (error instanceof ImpostorError) return { kind: 'unauthorized', reason };
  if (OUT_OF_TIME.includes(code))
    return {
      kind: 'unreachable',
      reason:
        `the certificate of the server at ${where(target)} does not hold now (${reason}), so nothing is sent to it: ` +
        `look at the clocks of both machines (here it is ${new Date().toISOString()}) and renew the certificate`,
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
