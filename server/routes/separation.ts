/** `POST /devices/:id/separate`: [F4] of machines that push as one device, makes one a device of its own. */
import type { z } from 'zod';
import { deviceDetail, separateRequest } from '#protocol/api.ts';
import { ApiError } from '#protocol/errors.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import type { Separations } from '../auth/separations.ts';
import { firstParam } from '../http/request.ts';
import { routeWithBody, type Route } from '../http/route.ts';
import type { Collection } from '../state/collection.ts';
import type { DeviceRecord } from '../state/records.ts';

export interface SeparationParts {
  readonly devices: Pick<Collection<DeviceRecord>, 'get'>;
  readonly detail: (record: DeviceRecord) => z.infer<typeof deviceDetail>;
  readonly ask: Separations['ask'];
  readonly audit: Audit;
  /** Called after what pages show of the device changed. */
  readonly changed: (deviceId: string) => void;
}

export function separationRoutes({ devices, detail, ask, audit, changed }: SeparationParts): Route[] {
  return [
    routeWithBody({
      method: 'POST',
      path: '/devices/:id/separate',
      access: 'admin',
      summary:
        'Of machines that push as one device, make one a device of its own: with the reply to its next push it gets ' +
        'what it needs to join as a new one, with the same tags. The history stays with the device.',
      body: separateRequest,
      reply: deviceDetail,
      errors: ['unknown_device', 'no_conflict'],
      async handle({ request, person, body }) {
        const record = devices.get(firstParam(request));
        if (!record) throw new ApiError('unknown_device');
        const machine = detail(record).conflict?.machines.find(({ id }) => id === body.id);
        if (machine?.separable !== true) throw new ApiError('no_conflict');
        const { hostname, ip } = machine;
        await ask({ device_id: record.id, origin: machine.id, hostname, ip }, person.username);
        changed(record.id);
        audit.record({
          ...actorOf(person, request),
          action: `made ${hostname} (${ip}) a machine of its own, separated from`,
          target: record.name ?? record.hostname,
        });
        return detail(record);
      },
    }),
  ];
}
