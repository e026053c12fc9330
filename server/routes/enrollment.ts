/**
 * `/enrollment-keys` and `POST /devices/register`: make the keys that machines join with, and let machines
 * join.
 */
import {
  deviceCheckReply,
  deviceCheckRequest,
  enrollmentKeyCreate,
  enrollmentKeyCreated,
  enrollmentKeysReply,
  registerRequest,
  tokenReply,
  type EnrollmentKey,
} from '#protocol/api.ts';
import { DEFAULT_PORT, formatEnrollment, type Enrollment } from '#protocol/enrollment.ts';
import type { InstallTexts } from '#protocol/packages.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import { basePath } from '../config/settings.ts';
import type { DeviceTokens } from '../auth/device-tokens.ts';
import type { EnrollmentKeys } from '../auth/enrollment-keys.ts';
import type { Joining } from '../auth/joining.ts';
import { ApiError } from '#protocol/errors.ts';
import { firstParam, Reply } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord, EnrollmentKeyRecord } from '../state/records.ts';

export interface EnrollmentParts {
  readonly keys: Collection<EnrollmentKeyRecord>;
  readonly enrollment: EnrollmentKeys;
  readonly joining: Joining;
  readonly tokens: Pick<DeviceTokens, 'authenticate'>;
  readonly audit: Audit;
  /** Called after a device joined, or joined again. [F4] Returns the device that it was separated from just now. */
  readonly joined: (record: DeviceRecord) => DeviceRecord | undefined;
  readonly address: EnrollmentAddress;
  /** The texts that install an agent. `host`: the host that the administrator's browser uses. */
  readonly installTexts: (enrollment: string, host: string) => Promise<InstallTexts>;
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

/** A host name or an address. [S6] Nothing in it needs quoting in the shell line that the host becomes part of. */
const HOST = /^[A-Za-z0-9._-]+$|^[0-9A-Fa-f:.]+$/;

/**
 * Splits `host[:port]`; the port is that of the scheme where none is given. IPv6 hosts lose their brackets. A text
 * that is no host becomes `localhost`.
 */
function hostAndPort(host: string, tls: boolean): { host: string; port: number } {
  const url = URL.canParse(`http://${host}`) ? new URL(`${tls ? 'https' : 'http'}://${host}`) : undefined;
  const name = url?.hostname.replace(/^\[|\]$/g, '') ?? '';
  return { host: HOST.test(name) ? name : 'localhost', port: url?.port ? Number(url.port) : tls ? 443 : 80 };
}

/**
 * Where agents reach the server, and by which authority they know it.
 * @param browserHost the host and port that the browser used, '' when unknown
 */
export function reachedAt(
  browserHost: string,
  { publicUrl, tls, fingerprint }: EnrollmentAddress,
): Omit<Enrollment, 'key'> {
  const url = publicUrl === undefined ? undefined : new URL(publicUrl);
  const isSecure = url ? url.protocol === 'https:' : tls;
  const asked = browserHost === '' ? `localhost:${DEFAULT_PORT}` : browserHost;
  return {
    ...hostAndPort(url?.host ?? asked, isSecure),
    ca: isSecure ? fingerprint : null,
    tls: isSecure,
    ...(basePath(publicUrl) === '' ? {} : { path: basePath(publicUrl) }),
  };
}

export function enrollmentRoutes({
  keys,
  enrollment,
  joining,
  tokens,
  audit,
  joined,
  address,
  installTexts,
}: EnrollmentParts): Route[] {
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
      status: 201,
      async handle({ request, person, body }) {
        const { record, secret } = await enrollment.create({
          name: body.name ?? 'Unnamed',
          created_by: person.username,
          expires_at: body.expires_at ?? null,
          max_uses: body.max_uses === undefined && body.device_id !== undefined ? 1 : (body.max_uses ?? null),
          tags: body.tags ?? [],
          device_id: body.device_id,
        });
        const text = formatEnrollment({ key: secret, ...reachedAt(request.host, address) });
        const install = await installTexts(text, request.host);
        audit.record({
          ...actorOf(person, request),
          action: 'made an enrollment key',
          target: record.name,
        });
        return new Reply(201, {
          id: record.id,
          key: secret,
          enrollment: text,
          command: install.linux ?? install.clone,
          install,
        });
      },
    }),
    route({
      method: 'DELETE',
      path: '/enrollment-keys/:id',
      access: 'admin',
      summary: 'Remove a key; machines that joined with it stay.',
      errors: ['unknown_item'],
      async handle({ request, person }) {
        const key = keys.get(firstParam(request));
        if (!key) throw new ApiError('unknown_item');
        await keys.remove(key.id);
        audit.record({
          ...actorOf(person, request),
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
      summary:
        'Join with an enrollment key. Only this reply shows the device token. A device that is registered already ' +
        'sends its token as well.',
      security: ['none', 'token'],
      body: registerRequest,
      reply: tokenReply,
      status: 201,
      errors: [
        'invalid_enrollment_key',
        'invalid_token',
        'device_exists',
        'device_revoked',
        'device_removed',
        'too_many_attempts',
      ],
      async handle({ request, body }) {
        const { record, token, isNew } = await joining.join(body, {
          address: request.address,
          authorization: request.header('authorization'),
        });
        const from = joined(record);
        const joinedNew =
          from === undefined
            ? 'joined'
            : `joined as a machine of its own, separated from ${from.name ?? from.hostname}:`;
        audit.record({
          by: 'device',
          actor: 'agent',
          address: request.address,
          action: isNew ? joinedNew : 'joined again',
          target: record.name ?? record.hostname,
        });
        return new Reply(201, { device_id: record.id, token });
      },
    }),
    routeWithBody({
      method: 'POST',
      path: '/devices/check',
      access: 'device',
      summary:
        'Whether an enrollment key would be accepted, or without one the token; nothing is changed. An agent asks it ' +
        'for "watchfloor-agent check".',
      security: ['none', 'token'],
      body: deviceCheckRequest,
      reply: deviceCheckReply,
      errors: [
        'invalid_token',
        'invalid_enrollment_key',
        'device_exists',
        'device_revoked',
        'device_removed',
        'too_many_attempts',
      ],
      async handle({ request, body: { enrollment_key, ...proof } }) {
        const authorization = request.header('authorization');
        if (enrollment_key === undefined) return { device_id: tokens.authenticate(authorization) };
        const { address } = request;
        return { device_id: await joining.check({ enrollment_key, ...proof }, { address, authorization }) };
      },
    }),
  ];
}
