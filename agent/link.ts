/**
 * The agent's link to its server: joins it if need be, then pushes. Every answer and every failure becomes one of
 * a few outcomes that say how to go on; nothing here waits or tries again.
 */
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { errorReply, type RegisterRequest } from '#protocol/api.ts';
import type { Enrollment } from '#protocol/enrollment.ts';
import { pushReply, type PushReply } from '#protocol/sample.ts';
import { fetchAuthority, ImpostorError } from './authority.ts';
import { errorText } from './folder.ts';
import type { Log } from './log.ts';
import { keyHash, relate, type Membership } from './membership.ts';
import { createTransport, type Reply, type Target, type Transport } from './transport.ts';

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

export interface Link {
  /** Joins the server where that is still to do. Undefined: ready to push, as `deviceId()`. */
  ready(): Promise<Failure | undefined>;
  deviceId(): string;
  /** Sends one push, a JSON text. */
  push(body: string): Promise<Outcome>;
  close(): void;
}

export interface LinkParts {
  readonly enrollment: Enrollment | undefined;
  readonly membership: Membership | undefined;
  /** Keeps a membership on disk. */
  readonly remember: (membership: Membership) => void;
  readonly describe: () => Promise<Omit<RegisterRequest, 'enrollment_key'>>;
  readonly log: Log;
  readonly timeoutMs?: number;
}

const registered = z.object({ device_id: z.string().min(1), token: z.string().min(1) });
/** Smaller bodies fit into one packet anyway. */
const GZIP_FROM = 1024;
const JSON_TYPE = { 'content-type': 'application/json' };

function parseJson(text: string): unknown {
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

export function createLink(parts: LinkParts): Link {
  const { enrollment, log, remember, describe } = parts;
  let membership = parts.membership;
  let transport: Transport | undefined;
  /** Set when the server refused the token and another key than the one it came from is at hand. */
  let mustJoin = false;

  const where = ({ host, port }: { host: string; port: number }) =>
    host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

  const use = (target: Target): Transport => {
    transport?.close();
    transport = createTransport(target, parts.timeoutMs);
    return transport;
  };

  const unreachable = (error: unknown, target: { host: string; port: number }): Failure => {
    const reason = errorText(error);
    // OpenSSL's words for "signed by somebody else".
    const isForeign = /certificate|self-signed|unable to verify|issuer/i.test(reason);
    if (error instanceof ImpostorError) return { kind: 'unauthorized', reason };
    if (isForeign)
      return {
        kind: 'unauthorized',
        reason:
          `the server at ${where(target)} is not the one this agent was enrolled with (${reason}): ` +
          'nothing is sent to it. If the server got a new authority, start the agent with a new enrollment string',
      };
    return { kind: 'unreachable', reason: `${where(target)}: ${reason}` };
  };

  const join = async (to: Enrollment): Promise<Failure | undefined> => {
    try {
      const authority =
        to.ca === null ? null : await fetchAuthority(to.host, to.port, to.ca, parts.timeoutMs);
      const { host, port, tls, ca } = to;
      const request: RegisterRequest = { enrollment_key: to.key, ...(await describe()) };
      const connection = use({ host, port, tls, authority });
      const reply = await connection.post(
        '/devices/register',
        JSON_TYPE,
        Buffer.from(JSON.stringify(request)),
      );
      const answer = registered.safeParse(parseJson(reply.text));
      if (reply.status >= 300 || !answer.success) return refusedToJoin(reply);
      const { device_id, token } = answer.data;
      membership = { host, port, tls, ca, authority, device_id, token, key_sha256: keyHash(to.key) };
      remember(membership);
      mustJoin = false;
      log.info({ server: where(to), device_id }, 'joined the server');
      return undefined;
    } catch (error) {
      return unreachable(error, to);
    }
  };

  const refusedToJoin = (reply: Reply): Failure => {
    const failure = failureOf(reply);
    if (failure.kind === 'unreachable' || failure.kind === 'busy') return failure;
    return {
      kind: 'unauthorized',
      reason:
        `the server does not let this machine join: ${reasonOf(reply)}. ` +
        'Make a new enrollment key (Settings, Enrollment keys) and start the agent with its string',
    };
  };

  /** Which membership counts, given the enrollment string this agent was started with. */
  const settle = () => {
    if (membership === undefined || enrollment === undefined) return;
    const relation = relate(membership, enrollment);
    if (relation === 'same') return;
    const { host, port } = enrollment;
    if (relation === 'moved') {
      log.info({ server: where(enrollment) }, 'the same server at another address');
      membership = { ...membership, host, port };
      remember(membership);
      return;
    }
    log.info(
      { from: where(membership), to: where(enrollment) },
      'the enrollment string names another server: joining that one',
    );
    membership = undefined;
  };

  const rejected = (reason: string): Failure => {
    const isNewKey = enrollment !== undefined && membership?.key_sha256 !== keyHash(enrollment.key);
    if (isNewKey) {
      // Next time, with the key a person gave since.
      mustJoin = true;
      return { kind: 'unreachable', reason: `${reason}; joining again with the new enrollment key` };
    }
    return {
      kind: 'unauthorized',
      reason: `the server does not take this device's token: ${reason}. To join again, make an enrollment key and start the agent with its string`,
    };
  };

  settle();

  return {
    async ready() {
      if (membership !== undefined && !mustJoin) return undefined;
      if (enrollment !== undefined) return join(enrollment);
      return {
        kind: 'unauthorized',
        reason: 'this agent belongs to no server: start it with WATCHFLOOR_ENROLL',
      };
    },
    deviceId: () => membership?.device_id ?? '',
    async push(body) {
      if (membership === undefined) return { kind: 'unreachable', reason: 'not joined yet' };
      const plain = Buffer.from(body);
      const isLarge = plain.length > GZIP_FROM;
      const headers = {
        ...JSON_TYPE,
        authorization: `Bearer ${membership.token}`,
        ...(isLarge ? { 'content-encoding': 'gzip' } : {}),
      };
      try {
        const connection = transport ?? use(membership);
        const reply = await connection.post(
          '/metrics',
          headers,
          isLarge ? gzipSync(plain, { level: 1 }) : plain,
        );
        if (reply.status !== 200) {
          const failure = failureOf(reply);
          return failure.kind === 'unauthorized' ? rejected(failure.reason) : failure;
        }
        const answer = pushReply.safeParse(parseJson(reply.text));
        if (answer.success) return { kind: 'accepted', reply: answer.data };
        return {
          kind: 'unreachable',
          reason: `${where(membership)} answers, but not as a Watchfloor server does`,
        };
      } catch (error) {
        return unreachable(error, membership);
      }
    },
    close: () => transport?.close(),
  };
}
