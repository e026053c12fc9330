/** `/enrollment-keys` and `POST /devices/register`: how machines join. */
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
  /** Whether this device has ever pushed. */
  readonly hasPushed: (deviceId: string) => boolean;
  readonly added: (record: DeviceRecord) => void;
  readonly address: EnrollmentAddress;
  readonly intervalS: number;
  readonly now: () => number;
}

/** How agents reach this server. */
export interface EnrollmentAddress {
  /** Undefined: as the browser that asks calls it. */
  readonly publicUrl: string | undefined;
  readonly tls: boolean;
  readonly fingerprint: string | null;
}

const view = ({ key_hash: _, ...key }: EnrollmentKeyRecord): EnrollmentKey => key;

function hostAndPort(host: string, tls: boolean): { host: string; port: number } {
  const url = URL.canParse(`http://${host}`) ? new URL(`${tls ? 'https' : 'http'}://${host}`) : undefined;
  const name = url?.hostname.replace(/^\[|\]$/g, '') ?? 'localhost';
  return { host: name, port: url?.port ? Number(url.port) : tls ? 443 : 80 };
}

/** The one string for the agent. `asked`: the Host that the browser used. */
export function enrollmentString(
  key: string,
  asked: string,
  { publicUrl, tls, fingerprint }: EnrollmentAddress,
): string {
  if (publicUrl !== undefined) {
    const url = new URL(publicUrl);
    const secure = url.protocol === 'https:';
    const { host, port } = hostAndPort(url.host, secure);
    return formatEnrollment({ key, host, port, ca: secure ? fingerprint : null, tls: secure });
  }
  const { host, port } = hostAndPort(asked === '' ? `localhost:${DEFAULT_PORT}` : asked, tls);
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
      summary: 'A new key, its enrollment string and the line to paste; shown this once.',
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
        const line = enrollmentString(secret, request.host, address);
        audit.record({
          actor: person.username,
          address: request.address,
          action: 'made an enrollment key',
          target: record.name,
        });
        return new Reply(201, {
          id: record.id,
          key: secret,
          enrollment: line,
          command: `WATCHFLOOR_ENROLL='${line}' npm run agent`,
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
      summary: 'Join with an enrollment key; answers the device token, this once.',
      body: registerRequest,
      reply: tokenReply,
      async handle({ request, body }) {
        const id = body.device_id ?? randomUUID();
        const before = devices.get(id);
        // The answer to a first try may have been lost: the same key may try again until the device has
        // pushed.
        const key = enrollment.check(body.enrollment_key, { isRetry: before !== undefined });
        const retried = before?.enrolled_with === key.id && !hasPushed(id);
        if (before && before.token_hash !== null && !retried) throw new ApiError('device_exists');
        if (!retried) {
          enrollment.check(body.enrollment_key);
          await enrollment.countUse(key);
        }
        const fresh = newRecord(id, body, key);
        const record = before
          ? {
              ...fresh,
              name: body.name ?? before.name,
              registered_at: before.registered_at,
              last_seen: before.last_seen,
            }
          : fresh;
        // The record forgets the old token's hash, so the token must be forgotten first.
        tokens.forget(id);
        await devices.put(record);
        const token = await tokens.issue(id);
        added(devices.get(id) ?? record);
        audit.record({
          actor: 'agent',
          address: request.address,
          action: before ? 'joined again' : 'joined',
          target: body.name ?? body.hostname,
        });
        return new Reply(201, { device_id: id, token });
      },
    }),
  ];
}
