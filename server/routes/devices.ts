/** `/devices`: the machines, their names, tags and tokens. */
import type { device as deviceShape } from '#protocol/api.ts';
import { deviceDetail, devicePatch, devicesReply, tokenReply } from '#protocol/api.ts';
import type { Audit } from '../auth/audit.ts';
import type { DeviceTokens } from '../auth/device-tokens.ts';
import { ApiError } from '#protocol/errors.ts';
import { firstParam, Reply, type Request } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord } from '../state/records.ts';
import type { SignedIn } from '../types.ts';
import type { z } from 'zod';

export interface DeviceParts {
  readonly devices: Collection<DeviceRecord>;
  readonly view: (record: DeviceRecord) => z.infer<typeof deviceShape>;
  readonly detail: (record: DeviceRecord) => z.infer<typeof deviceDetail>;
  readonly tokens: DeviceTokens;
  readonly audit: Audit;
  /** Its record changed. */
  readonly changed: (deviceId: string) => void;
  /** Forgets it in every part, its history included. */
  readonly remove: (deviceId: string) => Promise<void>;
}

export function deviceRoutes({
  devices,
  view,
  detail,
  tokens,
  audit,
  changed,
  remove,
}: DeviceParts): Route[] {
  function known(request: Request): DeviceRecord {
    const record = devices.get(firstParam(request));
    if (!record) throw new ApiError('unknown_device');
    return record;
  }
  const note = (person: SignedIn, request: Request, action: string, { name, hostname }: DeviceRecord) =>
    audit.record({ actor: person.username, address: request.address, action, target: name ?? hostname });

  return [
    route({
      method: 'GET',
      path: '/devices',
      access: 'display',
      summary: 'All devices with their newest scalars.',
      reply: devicesReply,
      handle: () => ({ devices: devices.all().map(view) }),
    }),
    route({
      method: 'GET',
      path: '/devices/:id',
      access: 'display',
      summary: 'One device with everything of its newest sample.',
      reply: deviceDetail,
      handle: ({ request }) => detail(known(request)),
    }),
    routeWithBody({
      method: 'PATCH',
      path: '/devices/:id',
      access: 'admin',
      summary: 'Rename a device (null: its hostname) or set its tags.',
      body: devicePatch,
      reply: deviceDetail,
      async handle({ request, person, body }) {
        const record = known(request);
        const next = {
          ...record,
          name: body.name === undefined ? record.name : body.name,
          tags: body.tags ?? record.tags,
        };
        await devices.put(next);
        changed(record.id);
        note(
          person,
          request,
          body.name === undefined ? 'set the tags of' : `renamed to ${next.name ?? next.hostname}`,
          record,
        );
        return detail(next);
      },
    }),
    route({
      method: 'DELETE',
      path: '/devices/:id',
      access: 'admin',
      summary: 'Remove a device, its token and all its history.',
      async handle({ request, person }) {
        const record = known(request);
        await remove(record.id);
        note(person, request, 'removed the device', record);
        return new Reply(204);
      },
    }),
    route({
      method: 'POST',
      path: '/devices/:id/token',
      access: 'admin',
      summary: 'A new token in place of the old one, which stops working at once; shown this once.',
      reply: tokenReply,
      async handle({ request, person }) {
        const record = known(request);
        const token = await tokens.issue(record.id);
        changed(record.id);
        note(person, request, 'rotated the token of', record);
        return { device_id: record.id, token };
      },
    }),
    route({
      method: 'DELETE',
      path: '/devices/:id/token',
      access: 'admin',
      summary: 'Revoke the token; it stops working at once.',
      async handle({ request, person }) {
        const record = known(request);
        await tokens.revoke(record.id);
        changed(record.id);
        note(person, request, 'revoked the token of', record);
        return new Reply(204);
      },
    }),
  ];
}
