/** `/quotas`: what hosters allow their machines to send and receive, and what stands; and a machine's traffic. */
import { randomUUID } from 'node:crypto';
import { ApiError } from '#protocol/errors.ts';
import { isTimeZone } from '#protocol/text.ts';
import {
  MOST_QUOTAS,
  quota as quotaShape,
  quotaCreate,
  quotaPatch,
  quotasReply,
  TOTAL,
  trafficReply,
  type BillingDay,
  type MachineQuota,
  type Quota,
  type TrafficReply,
} from '#protocol/traffic.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import { invalidQuery, readCount } from '../http/query.ts';
import { firstParam, Reply, type Request } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';
import type { Collection } from '../state/collection.ts';
import type { SignedIn } from '../types.ts';
import { orUnavailable } from './series.ts';

export interface QuotaRouteParts {
  readonly quotas: Collection<Quota>;
  /** Called after a quota was added, changed or removed. */
  readonly changed: () => void;
  /** What stands for all machines, or for one. */
  readonly list: (deviceId?: string) => readonly MachineQuota[];
  readonly deviceExists: (deviceId: string) => boolean;
  readonly traffic: (
    asked: BillingDay & { readonly deviceId: string; readonly interface: string },
  ) => Promise<Omit<TrafficReply, 'device_id'>>;
  readonly audit: Audit;
}

function billingOf(query: URLSearchParams): BillingDay {
  const time_zone = query.get('time_zone') ?? 'UTC';
  if (!isTimeZone(time_zone))
    throw invalidQuery('time_zone', 'is no time zone, such as Europe/Berlin or UTC');
  return { billing_day: readCount(query, 'billing_day', 31) ?? 1, time_zone };
}

export function quotaRoutes(parts: QuotaRouteParts): Route[] {
  const { quotas, changed, list, deviceExists, traffic, audit } = parts;

  function requireQuota(request: Request): Quota {
    const quota = quotas.get(firstParam(request));
    if (quota === undefined) throw new ApiError('unknown_item');
    return quota;
  }

  function record(person: SignedIn, request: Request, act: string, { name, interface: on, id }: Quota) {
    audit.record({
      ...actorOf(person, request),
      action: `${act} the traffic quota`,
      target: name || `${on} ${id}`,
    });
  }

  async function read(request: Request): Promise<TrafficReply> {
    const device_id = firstParam(request);
    if (!deviceExists(device_id)) throw new ApiError('unknown_device');
    const asked = {
      deviceId: device_id,
      interface: request.query.get('interface') ?? TOTAL,
      ...billingOf(request.query),
    };
    return { device_id, ...(await orUnavailable(traffic(asked))) };
  }

  return [
    route({
      method: 'GET',
      path: '/quotas',
      access: 'viewer',
      summary:
        'All traffic quotas, and what stands for each machine that has one; those with the most used come first.',
      query: { device: 'A device id: what stands for this machine alone' },
      reply: quotasReply,
      handle: ({ request }) => ({
        quotas: [...quotas.all()],
        machines: [...list(request.query.get('device') ?? undefined)],
      }),
    }),
    routeWithBody({
      method: 'POST',
      path: '/quotas',
      access: 'admin',
      summary: 'Add a traffic quota; each machine of its scope has it.',
      body: quotaCreate,
      reply: quotaShape,
      status: 201,
      errors: ['too_many_items'],
      async handle({ request, person, body }) {
        if (quotas.all().length >= MOST_QUOTAS) throw new ApiError('too_many_items');
        const quota: Quota = { id: randomUUID(), ...body };
        await quotas.put(quota);
        changed();
        record(person, request, 'added', quota);
        return new Reply(201, quota);
      },
    }),
    routeWithBody({
      method: 'PATCH',
      path: '/quotas/:id',
      access: 'admin',
      summary: 'Change a traffic quota; its scope is replaced as a whole.',
      body: quotaPatch,
      reply: quotaShape,
      errors: ['unknown_item'],
      async handle({ request, person, body }) {
        const changes = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
        const quota = { ...requireQuota(request), ...changes };
        await quotas.put(quota);
        changed();
        record(person, request, 'changed', quota);
        return quota;
      },
    }),
    route({
      method: 'DELETE',
      path: '/quotas/:id',
      access: 'admin',
      summary: 'Remove a traffic quota.',
      errors: ['unknown_item'],
      async handle({ request, person }) {
        const quota = requireQuota(request);
        await quotas.remove(quota.id);
        changed();
        record(person, request, 'removed', quota);
        return new Reply(204);
      },
    }),
    route({
      method: 'GET',
      path: '/devices/:id/traffic',
      access: 'viewer',
      summary: "A machine's traffic by day, and by billing period for a year, out of its stored rates.",
      query: {
        interface: 'such as eth0; by default "total", all interfaces that count',
        billing_day: 'The day of the month on which a period begins, 1 to 31; 1 by default',
        time_zone: 'Whose midnight a day begins at, such as Europe/Berlin; UTC by default',
      },
      reply: trafficReply,
      errors: ['unknown_device', 'history_unavailable'],
      handle: ({ request }) => read(request),
    }),
  ];
}
