/**
 * The agent's link to its server: joins it if need be, then pushes. Every answer and every failure becomes one of
 * a few outcomes that say how to go on; nothing here waits or tries again.
 */
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import type { RegisterRequest } from '#protocol/api.ts';
import type { Enrollment } from '#protocol/enrollment.ts';
import { pushReply } from '#protocol/sample.ts';
import { fetchAuthority } from './trust.ts';
import { errorText } from '#protocol/errors.ts';
import type { Log } from '../log.ts';
import { keyHash, relate, type Membership } from './membership.ts';
import { failureOf, notReached, parseJson, reasonOf, where, type Failure, type Outcome } from './outcome.ts';
import { createTransport, type Reply, type Target, type Transport } from './transport.ts';

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

export function createLink(parts: LinkParts): Link {
  const { enrollment, log, remember, describe } = parts;
  let membership = parts.membership;
  let transport: Transport | undefined;
  /** Set when the server refused the token and another key than the one it came from is at hand. */
  let mustJoin = false;
  /** Whether the membership is on disk as it is here. */
  let isKept = true;

  /** A disk that is full must not undo a membership: it counts, and is written as soon as that works. */
  const keep = (value: Membership) => {
    try {
      remember(value);
      isKept = true;
    } catch (error) {
      if (isKept)
        log.error(
          { reason: errorText(error) },
          'the membership cannot be kept on disk, and a restart would lose it: give the data folder room',
        );
      isKept = false;
    }
  };

  const use = (target: Target): Transport => {
    transport?.close();
    transport = createTransport(target, parts.timeoutMs);
    return transport;
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
      keep(membership);
      mustJoin = false;
      log.info({ server: where(to), device_id }, 'joined the server');
      return undefined;
    } catch (error) {
      return notReached(error, to);
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
      keep(membership);
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
      if (membership !== undefined && !isKept) keep(membership);
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
        return notReached(error, membership);
      }
    },
    close: () => transport?.close(),
  };
}
