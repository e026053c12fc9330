/**
 * `/enrollment-keys` and `POST /devices/register`: make the keys that machines join with, and let machines
 * join.
 */
import { randomUUID } from 'node:crypto';
import {
  enrollmentKeyCreate,
  enrollmentKeyCreated,
  enrollmentKeysReply,
  registerRequest,
  tokenReply,
  type EnrollmentKey,
  type RegisterRequest,
} from '#protocol/api.ts';
import { DEFAULT_PORT, formatEnrollment } from '#protocol/enrollment.ts';
import type { Audit } from '../auth/audit.ts';
import type { DeviceTokens } from '../auth/device-tokens.ts';
import type { EnrollmentKeys } from '../auth/enrollment-keys.ts';
import { ApiError } from '#protocol/errors.ts';
import { firstParam, Reply } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord, EnrollmentKeyRecord } from '../state/records.ts';

export interface EnrollmentParts {
  readonly keys: Collection<EnrollmentKeyRecord>;
  readonly enrollment: EnrollmentKeys;
  readonly devices: Collection<DeviceRecord>;
  readonly tokens: DeviceTokens;
  readonly audit: Audit;
  /** Whether the device has ever pushed. */
  readonly hasPushed: (deviceId: string) => boolean;
  /** Called after a device joined, or joined again. */
  readonly added: (record: DeviceRecord) => void;
  readonly address: EnrollmentAddress;
  /** The interval of a new device, in seconds. */
  readonly intervalS: number;
  readonly now: () => number;
}

/** How agents reach this server. */
export interface EnrollmentAddress {
  /** The URL from the settings; undefined: the host that the administrator's browser uses. */
  readonly publicUrl: string | undefined;
  readonly tls: boolean;
  /** Of the authority that agents pin, lower-case hex; null when they use their system's roots. */
  readonly fingerprint: string | null;
}

const view = ({ key_hash: _, ...key }: EnrollmentKeyRecord): EnrollmentKey => key;

/**
 * Splits `host[:port]`; the port is that of the scheme where none is given. IPv6 hosts lose their brackets.
 */
function hostAndPort(host: string, tls: boolean): { host: string; port: number } {
  const url = URL.canParse(`http://${host}`) ? new URL(`${tls ? 'https' : 'http'}://${host}`) : undefined;
  const name = url?.hostname.replace(/^\[|\]$/g, '') ?? 'localhost';
  return { host: name, port: url?.port ? Number(url.port) : tls ? 443 : 80 };
}

/**
 * The enrollment string of a key.
 * @param browserHost the host and port that the browser used, '' when unknown
 */
export function enrollmentString(
  key: string,
  browserHost: string,
  { publicUrl, tls, fingerprint }: EnrollmentAddress,
): string {
  if (publicUrl !== undefined) {
    const url = new URL(publicUrl);
    const secure = url.protocol === 'https:';
    const { host, port } = hostAndPort(url.host, secure);
    return formatEnrollment({ key, host, port, ca: secure ? fingerprint : null, tls: secure });
  }
  const { host, port } = hostAndPort(browserHost === '' ? `localhost:${DEFAULT_PORT}` : browserHost, tls);
  return formatEnrollment({ key, host, port, ca: tls ? fingerprint : null, tls });
}

export function enrollmentRoutes(parts: EnrollmentParts): Route[] {
  const { keys, enrollment, devices, tokens, audit, hasPushed, added, address, intervalS, now } = parts;

  function newRecord(id: string, body: RegisterRequest, key: EnrollmentKeyRecord): DeviceRecord {
    return {
      id,
      name: body.name ?? null,
      hostname: body.hostname,
      ip: body.ip,
      os: body.os,
      tags: [...new Set([...key.tags, ...(body.tags ?? [])])].slice(0, 20),
      inventory: body.inventory ?? {},
      registered_at: now(),
      enrolled_with: key.id,
      token_hash: null,
      token_issued_at: now(),
      token_revoked_at: null,
      interval_s: intervalS,
      last_seen: null,
      clock_skew_ms: null,
      dropped: 0,
    };
  }

  return [
    route({
      method: 'GET',
      path: '/enrollment-keys',
      access: 'admin',
      summary: 'All enrollment keys, without their secrets.',
      reply: enrollmentKeysReply,
      handle: () => ({ enrollment_keys: keys.all().map(view) }),
    }),
    routeWithBody({
      method: 'POST',
      path: '/enrollment-keys',
      access: 'admin',
      summary: 'Make a key. Only this reply shows it, with its enrollment string and the command to paste.',
      body: enrollmentKeyCreate,
      reply: enrollmentKeyCreated,
      async handle({ request, person, body }) {
        const { record, secret } = await enrollment.create({
          name: body.name ?? 'Unnamed',
          created_by: person.username,
          expires_at: body.expires_at ?? null,
          max_uses: body.max_uses ?? null,
          tags: body.tags ?? [],
        });
        const text = enrollmentString(secret, request.host, address);
        audit.record({
          actor: person.username,
          address: request.address,
          action: 'made an enrollment key',
          target: record.name,
        });
        return new Reply(201, {
          id: record.id,
          key: secret,
          enrollment: text,
          command: `WATCHFLOOR_ENROLL='${text}' npm run agent`,
        });
      },
    }),
    route({
      method: 'DELETE',
      path: '/enrollment-keys/:id',
      access: 'admin',
      summary: 'Remove a key; machines that joined with it stay.',
      async handle({ request, person }) {
        const key = keys.get(firstParam(request));
        if (!key) throw new ApiError('unknown_item');
        await keys.remove(key.id);
        audit.record({
          actor: person.username,
          address: request.address,
          action: 'removed an enrollment key',
          target: key.name,
        });
        return new Reply(204);
      },
    }),
    routeWithBody({
      method: 'POST',
      path: '/devices/register',
      access: 'device',
      summary: 'Join with an enrollment key. Only this reply shows the device token.',
      body: registerRequest,
      reply: tokenReply,
      async handle({ request, body }) {
        const id = body.device_id ?? randomUUID();
        const existing = devices.get(id);
        // The reply to the first try may have been lost: until the device has pushed, the same key may
        // register it again.
        const key = enrollment.check(body.enrollment_key, { isRetry: existing !== undefined });
        const isRetry = existing?.enrolled_with === key.id && !hasPushed(id);
        if (existing && existing.token_hash !== null && !isRetry) throw new ApiError('device_exists');
        if (!isRetry) {
          enrollment.check(body.enrollment_key);
          await enrollment.countUse(key);
        }
        const fresh = newRecord(id, body, key);
        const record = existing
          ? {
              ...fresh,
              name: body.name ?? existing.name,
              registered_at: existing.registered_at,
              last_seen: existing.last_seen,
            }
          : fresh;
        // The new record lacks the hash of the old token, so the old token has to be ended first.
        tokens.forget(id);
        await devices.put(record);
        const token = await tokens.issue(id);
        added(devices.get(id) ?? record);
        audit.record({
          actor: 'agent',
          address: request.address,
          action: existing ? 'joined again' : 'joined',
          target: body.name ?? body.hostname,
        });
        return new Reply(201, { device_id: id, token });
      },
    }),
  ];
}
