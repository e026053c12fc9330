/**
 * `/devices`: lists devices, changes their names and tags, replaces and revokes their tokens, removes them.
 */
import { deviceDetail, deviceInSight, devicePatch, devicesReply, tokenReply } from '#protocol/api.ts';
import { dependencyProblem } from '../alerts/dependencies.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import type { DeviceTokens } from '../auth/device-tokens.ts';
import { ApiError } from '#protocol/errors.ts';
import { firstParam, Reply, TextReply, type Request } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord } from '../state/records.ts';
import type { Sight, SignedIn } from '../types.ts';
import type { z } from 'zod';

export interface DeviceParts {
  readonly devices: Collection<DeviceRecord>;
  /** Resolves with all devices, or those in sight, as `devicesReply` describes them, as JSON. */
  readonly list: (sight?: Sight) => Promise<string>;
  /** The device with all values, as its page shows it. */
  readonly detail: (record: DeviceRecord) => z.infer<typeof deviceDetail>;
  readonly tokens: DeviceTokens;
  readonly audit: Audit;
  /** Called after a device's record changed. */
  readonly changed: (deviceId: string) => void;
  /** Removes the device from every part, with its history. */
  readonly remove: (deviceId: string) => Promise<void>;
}

/** What a person did to a device, for the audit log. */
function editWords(patch: z.output<typeof devicePatch>, { name, hostname }: DeviceRecord): string {
  if (patch.name !== undefined) return `renamed to ${name ?? hostname}`;
  return patch.tags !== undefined ? 'set the tags of' : 'set what depends on';
}

export function deviceRoutes({
  devices,
  list,
  detail,
  tokens,
  audit,
  changed,
  remove,
}: DeviceParts): Route[] {
  function requireDevice(request: Request): DeviceRecord {
    const record = devices.get(firstParam(request));
    if (!record) throw new ApiError('unknown_device');
    return record;
  }
  const recordAct = (person: SignedIn, request: Request, action: string, { name, hostname }: DeviceRecord) =>
    audit.record({ ...actorOf(person, request), action, target: name ?? hostname });

  return [
    route({
      method: 'GET',
      path: '/devices',
      access: 'display',
      forDisplayLinks: true,
      summary: 'All devices with their newest scalars.',
      reply: devicesReply,
      handle: async ({ person }) => new TextReply('application/json', await list(person.sight)),
    }),
    route({
      method: 'GET',
      path: '/devices/:id',
      access: 'display',
      forDisplayLinks: true,
      summary: 'One device with all values of its newest sample.',
      reply: deviceDetail,
      errors: ['unknown_device'],
      handle({ request, person: { sight } }) {
        const record = requireDevice(request);
        if (sight === undefined) return detail(record);
        if (!sight.has(record.id)) throw new ApiError('unknown_device');
        return deviceInSight(detail(record), (id) => sight.has(id));
      },
    }),
    routeWithBody({
      method: 'PATCH',
      path: '/devices/:id',
      access: 'admin',
      summary:
        'Rename a device, or set its tags, the machine that it depends on, or the tag of the machines that depend on ' +
        'it; the name null shows its hostname again.',
      body: devicePatch,
      reply: deviceDetail,
      errors: ['unknown_device', 'invalid_parent'],
      async handle({ request, person, body }) {
        const record = requireDevice(request);
        const next = {
          ...record,
          name: body.name === undefined ? record.name : body.name,
          tags: body.tags ?? record.tags,
          parent: body.parent === undefined ? record.parent : body.parent,
          parent_of_tag: body.parent_of_tag === undefined ? record.parent_of_tag : body.parent_of_tag,
        };
        const problem = dependencyProblem(next, devices);
        if (problem !== undefined) throw new ApiError('invalid_parent', { message: problem });
        await devices.put(next);
        changed(record.id);
        recordAct(person, request, editWords(body, next), record);
        return detail(next);
      },
    }),
    route({
      method: 'DELETE',
      path: '/devices/:id',
      access: 'admin',
      summary: 'Remove a device, its token and all its history.',
      errors: ['unknown_device'],
      async handle({ request, person }) {
        const record = requireDevice(request);
        await remove(record.id);
        recordAct(person, request, 'removed the device', record);
        return new Reply(204);
      },
    }),
    route({
      method: 'POST',
      path: '/devices/:id/token',
      access: 'admin',
      summary: 'Replace the token; the old one stops working at once. Only this reply shows the new one.',
      reply: tokenReply,
      errors: ['unknown_device'],
      async handle({ request, person }) {
        const record = requireDevice(request);
        // The join secret ends with the token: whoever got hold of one may have the other.
        const { token } = await tokens.issue({ ...record, join_secret_hash: undefined });
        changed(record.id);
        recordAct(person, request, 'rotated the token of', record);
        return { device_id: record.id, token };
      },
    }),
    route({
      method: 'DELETE',
      path: '/devices/:id/token',
      access: 'admin',
      summary: 'Revoke the token; it stops working at once.',
      errors: ['unknown_device'],
      async handle({ request, person }) {
        const record = requireDevice(request);
        await tokens.revoke(record.id);
        changed(record.id);
        recordAct(person, request, 'revoked the token of', record);
        return new Reply(204);
      },
    }),
  ];
}
