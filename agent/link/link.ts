/**
 * The agent's link to its server: it joins the server when needed, then sends pushes. Each answer and each failure
 * becomes an outcome; the sender decides when to try again.
 */
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import type { RegisterRequest } from '#protocol/api.ts';
import type { Enrollment } from '#protocol/enrollment.ts';
import { errorText } from '#protocol/errors.ts';
import { pushReply } from '#protocol/sample.ts';
import type { Log } from '../log.ts';
import type { Introduction } from '../machine/introduction.ts';
import { download, readAll } from './download.ts';
import { keyHash, relate, type Membership } from './membership.ts';
import { proofFor, type NewDevice, type NewDevices } from './new-device.ts';
import {
  failureOf,
  isOutOfTime,
  notReached,
  parseJson,
  reasonOf,
  type Failure,
  type Outcome,
} from './outcome.ts';
import { proxyFor, type Proxy } from './proxy.ts';
import { createServerClock } from './server-clock.ts';
import { createTransport, where, type Reply, type Target, type Transport, type Way } from './transport.ts';
import { fetchAuthority, fetchChain } from './trust.ts';

export interface Link {
  /** Joins the server unless it has. Undefined: ready to push, as `deviceId()`. */
  ready(): Promise<Failure | undefined>;
  /**
   * Joins with this enrollment string now, though it may have joined before; `asNew`: as another device than it is.
   * Undefined: it has.
   */
  joinWith(enrollment: Enrollment, asNew?: boolean): Promise<Failure | undefined>;
  /** [F4] Plans to join the same server as another device with this key: the next `ready` does it. */
  separate(key: string): void;
  /** The id that the server knows this device by; empty before it joined. */
  deviceId(): string;
  /** Where this device pushes to, or will once it joined, for a person; undefined where no server is known. */
  server(): string | undefined;
  /** How far this machine's clock is ahead of the server's, in milliseconds; undefined before the server answered. */
  clockAhead(): number | undefined;
  /** Sends one push. `body`: its JSON. */
  push(body: string): Promise<Outcome>;
  /** Fetches a file that the server hands out at `/install/`. Rejects when it does not. */
  fetch(name: string): Promise<AsyncIterable<Buffer>>;
  /** Fetches the list of probes of this device, which nobody has checked yet. Rejects when the server gives none. */
  probes(): Promise<unknown>;
  close(): void;
}

export interface LinkParts {
  readonly enrollment: Enrollment | undefined;
  readonly membership: Membership | undefined;
  /** Writes a membership to disk. */
  readonly remember: (membership: Membership) => void;
  readonly newDevices: NewDevices;
  /** What to tell the server about this machine when it joins with this enrollment key. */
  readonly describe: (key: string) => Introduction;
  readonly proxy?: Proxy | undefined;
  readonly log: Log;
  readonly timeoutMs?: number;
}

const registered = z.object({
  device_id: z.string().min(1).max(128),
  /** It is sent in a header, which takes no blanks and no control characters. */
  token: z.string().regex(/^[\x21-\x7e]{1,512}$/),
});
/** A body of more bytes than this is compressed. Smaller ones fit into one packet anyway. */
const GZIP_FROM = 1024;
/** The longest list of probes is smaller than this. */
const PROBES_BYTES = 512 * 1024;
const JSON_TYPE = { 'content-type': 'application/json' };

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

export function createLink(parts: LinkParts): Link {
  const { log, remember, describe, newDevices } = parts;
  let { enrollment } = parts;
  let membership = parts.membership;
  let transport: Transport | undefined;
  const serverClock = createServerClock(log);
  /**
   * Whether to join although there is a membership: the server refused its token and a person gave a new key, or the
   * enrollment string names another server.
   */
  let mustJoin = false;
  /** Whether the disk has the membership as it is here. */
  let isKept = true;

  /** On a full disk the membership still counts, in memory. `ready` writes it as soon as that works. */
  const keep = (value: Membership) => {
    try {
      remember(value);
      isKept = true;
    } catch (error) {
      if (isKept)
        log.error(
          { reason: errorText(error) },
          'the membership cannot be written, and a restart would lose it: free some space for the data folder',
        );
      isKept = false;
    }
  };

  const use = (target: Target): Transport => {
    transport?.close();
    transport = createTransport(target, parts.timeoutMs);
    return transport;
  };

  const explain = async (error: unknown, way: Way): Promise<Failure> => {
    if (!isOutOfTime(error)) return notReached(error, way);
    // The error of a handshake does not say which certificate it is about. Without an answer the message tells less.
    const shown = await fetchChain(way, parts.timeoutMs).catch(() => []);
    return notReached(error, way, shown);
  };

  /** `as`: the device that this machine becomes; undefined: the one that it is. */
  const join = async (to: Enrollment, as?: NewDevice): Promise<Failure | undefined> => {
    const { host, port, tls, ca, path } = to;
    const way = { host, port, path, proxy: proxyFor(parts.proxy, to) };
    // Pushes go on over the other connection until this one has brought a token.
    let connection: Transport | undefined;
    try {
      const authority = ca === null ? null : await fetchAuthority(way, ca, parts.timeoutMs);
      // A server with a new authority knows this device: the old token shows that this is it, and is for nobody else.
      const old = membership?.host === host ? membership : undefined;
      const request: RegisterRequest = {
        enrollment_key: to.key,
        ...describe(to.key),
        ...(old === undefined ? {} : { device_id: old.device_id }),
        ...(as === undefined ? {} : { device_id: as.device_id, join_secret: proofFor(as) }),
      };
      connection = createTransport({ ...way, tls, authority }, parts.timeoutMs);
      const reply = await connection.post(
        '/devices/register',
        { ...JSON_TYPE, ...(old === undefined ? {} : bearer(old.token)) },
        Buffer.from(JSON.stringify(request)),
      );
      const answer = registered.safeParse(parseJson(reply.text));
      if (reply.status >= 300 || !answer.success) return refusedToJoin(reply, as);
      const { device_id, token } = answer.data;
      // The string of the settings is no new one for a device that the server gave a key.
      const settingsKey = as?.by === 'server' ? enrollment?.key : undefined;
      const key_sha256 = keyHash(settingsKey ?? to.key);
      membership = { host, port, path, tls, ca, authority, device_id, token, key_sha256 };
      keep(membership);
      mustJoin = false;
      transport?.close();
      transport = connection;
      connection = undefined;
      log.info({ server: where(to), device_id }, 'joined the server');
      return undefined;
    } catch (error) {
      return explain(error, way);
    } finally {
      connection?.close();
    }
  };

  const refusedToJoin = (reply: Reply, as: NewDevice | undefined): Failure => {
    const failure = failureOf(reply);
    if (failure.kind === 'unreachable' || failure.kind === 'busy') return failure;
    // Only the server's own words end the plan. The machine goes on as the device that it was.
    if (as !== undefined) newDevices.drop();
    const isKeyWrong = failure.kind === 'unauthorized' && reply.status !== 403;
    const advice = isKeyWrong ? '. Then start the agent with the enrollment string of that key' : '';
    return {
      kind: 'unauthorized',
      reason: `the server does not let this machine join: ${reasonOf(reply)}${advice}`,
    };
  };

  /** [F4] The membership is on disk; the rest follows, on a full disk later. */
  const complete = (device: NewDevice) => {
    try {
      newDevices.done(device);
    } catch (error) {
      log.debug(
        { reason: errorText(error) },
        'not all files say yet that this machine is a device of its own',
      );
    }
  };

  const becomeNew = async (device: NewDevice): Promise<Failure | undefined> => {
    const failure = await join(device.enrollment, device);
    if (failure === undefined && isKept) complete(device);
    return failure;
  };

  /** Compares the membership with the enrollment string that this agent was started with, and changes or drops it. */
  const settle = () => {
    if (membership === undefined || enrollment === undefined) return;
    const relation = relate(membership, enrollment);
    if (relation === 'same') return;
    const { host, port, path } = enrollment;
    if (relation === 'moved') {
      log.info({ server: where(enrollment) }, 'the server has moved to another address');
      membership = { ...membership, host, port, path };
      keep(membership);
      return;
    }
    log.info(
      { from: where(membership), to: where(enrollment) },
      'the enrollment string names another server: joining that one',
    );
    mustJoin = true;
  };

  const rejected = (reason: string): Failure => {
    const isNewKey = enrollment !== undefined && membership?.key_sha256 !== keyHash(enrollment.key);
    if (isNewKey) {
      // A person gave a new key since: `ready` joins with it.
      mustJoin = true;
      return { kind: 'unreachable', reason: `${reason}; joining again with the new enrollment key` };
    }
    return {
      kind: 'unauthorized',
      reason: `the server does not accept this device's token: ${reason}. To join again, make an enrollment key for the device ${membership?.device_id ?? ''} and start the agent with its string`,
    };
  };

  settle();

  return {
    async ready() {
      if (membership !== undefined && !isKept) keep(membership);
      const planned = newDevices.planned();
      if (planned !== undefined) {
        if (membership?.device_id !== planned.device_id) return becomeNew(planned);
        if (isKept) complete(planned);
      }
      if (membership !== undefined && !mustJoin) return undefined;
      if (enrollment !== undefined) return join(enrollment);
      return {
        kind: 'unauthorized',
        reason: 'this agent belongs to no server: start it with WATCHFLOOR_ENROLL',
      };
    },
    async joinWith(given, asNew = false) {
      const failure = asNew ? await becomeNew(newDevices.plan(given, 'person')) : await join(given);
      if (failure === undefined && !asNew) newDevices.drop();
      // From now on it is what joins again, and not the one from the start.
      if (failure === undefined) enrollment = given;
      return failure;
    },
    separate(key) {
      if (membership === undefined) return;
      const { host, port, path, ca, tls } = membership;
      const isNews = newDevices.planned()?.enrollment.key !== key;
      try {
        newDevices.plan({ key, host, port, path, ca, tls }, 'server');
      } catch (error) {
        log.error(
          { reason: errorText(error) },
          'this machine cannot become a device of its own: the disk takes no file',
        );
        return;
      }
      if (isNews)
        log.warn(
          { was: membership.device_id },
          'an administrator has made this machine a device of its own: it joins the server as a new one',
        );
    },
    deviceId: () => membership?.device_id ?? '',
    server() {
      const place = membership ?? enrollment;
      return place && where({ ...place, proxy: proxyFor(parts.proxy, place) });
    },
    clockAhead: serverClock.ahead,
    async push(body) {
      if (membership === undefined) return { kind: 'unreachable', reason: 'not joined yet' };
      const target = { ...membership, proxy: proxyFor(parts.proxy, membership) };
      const plain = Buffer.from(body);
      const isLarge = plain.length > GZIP_FROM;
      const headers = {
        ...JSON_TYPE,
        ...bearer(membership.token),
        ...(isLarge ? { 'content-encoding': 'gzip' } : {}),
      };
      try {
        const connection = transport ?? use(target);
        const reply = await connection.post(
          '/metrics',
          headers,
          isLarge ? gzipSync(plain, { level: 1 }) : plain,
        );
        serverClock.note(reply.date);
        if (reply.status !== 200) {
          const failure = failureOf(reply);
          return failure.kind === 'unauthorized' ? rejected(failure.reason) : failure;
        }
        const answer = pushReply.safeParse(parseJson(reply.text));
        if (answer.success) return { kind: 'accepted', reply: answer.data };
        return {
          kind: 'unreachable',
          reason: `${where(target)} answers, but not like a Watchfloor server`,
        };
      } catch (error) {
        return explain(error, target);
      }
    },
    async fetch(name) {
      if (membership === undefined) throw new Error('not joined yet');
      const target = { ...membership, proxy: proxyFor(parts.proxy, membership) };
      return download(target, `/install/${encodeURIComponent(name)}`, { timeoutMs: parts.timeoutMs });
    },
    async probes() {
      if (membership === undefined) throw new Error('not joined yet');
      const { device_id, token } = membership;
      const target = { ...membership, proxy: proxyFor(parts.proxy, membership) };
      const pieces = await download(target, `/devices/${encodeURIComponent(device_id)}/probes`, {
        headers: bearer(token),
        timeoutMs: parts.timeoutMs,
      });
      return JSON.parse((await readAll(pieces, PROBES_BYTES)).toString('utf8'));
    },
    close: () => transport?.close(),
  };
}
