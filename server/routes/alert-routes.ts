/** `/alert-routes`: which alerts go to which channels, and when. They are tried in their order. */
import { randomUUID } from 'node:crypto';
import {
  alertRoute,
  alertRouteCreate,
  alertRouteOrder,
  alertRoutePatch,
  alertRoutesReply,
  audienceReply,
  routeMatch,
  routeMatchReply,
  type AlertRoute,
  type Audience,
  type ChannelRecord,
  type RouteMatch,
} from '#protocol/notify.ts';
import { ApiError, type ErrorDetail } from '#protocol/errors.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import { firstParam, Reply } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';
import type { Collection } from '../state/collection.ts';
import type { AlertRouteRecord } from '../state/records.ts';

export interface AlertRouteRouteParts {
  readonly alertRoutes: Collection<AlertRouteRecord>;
  /** In their order. */
  readonly inOrder: () => readonly AlertRouteRecord[];
  readonly channels: Pick<Collection<ChannelRecord>, 'get'>;
  /** What the match takes, as things are now. */
  readonly coverage: (match: RouteMatch) => { machines: number; rules: number };
  /** Who would be told of an alert; undefined where there is no such alert. */
  readonly audience: (alertId: string) => Audience | undefined;
  /** Called after routes have changed. */
  readonly changed: () => void;
  readonly audit: Audit;
}

const withoutPosition = ({ position: _, ...shown }: AlertRouteRecord): AlertRoute => shown;

export function alertRouteRoutes({
  alertRoutes,
  inOrder,
  channels,
  coverage,
  audience,
  changed,
  audit,
}: AlertRouteRouteParts): Route[] {
  function requireRoute(id: string): AlertRouteRecord {
    const record = alertRoutes.get(id);
    if (record === undefined) throw new ApiError('unknown_item');
    return record;
  }

  /** @throws {ApiError} invalid_body where the route names a channel that is not there */
  function checkChannels({ channels: ids, escalate }: AlertRoute): void {
    const unknown = (path: string, list: readonly string[]): ErrorDetail[] =>
      list.flatMap((id, i) =>
        channels.get(id) === undefined ? [{ path: `${path}.${i}`, message: 'is no channel' }] : [],
      );
    const details = [...unknown('channels', ids), ...unknown('escalate.channels', escalate?.channels ?? [])];
    const [first] = details;
    if (first !== undefined)
      throw new ApiError('invalid_body', { message: `${first.path} ${first.message}`, details });
  }

  return [
    route({
      method: 'GET',
      path: '/alert-routes',
      access: 'viewer',
      summary: 'All alert routes, in the order in which they are tried.',
      reply: alertRoutesReply,
      handle: () => ({ alert_routes: inOrder().map(withoutPosition) }),
    }),
    routeWithBody({
      method: 'POST',
      path: '/alert-routes',
      access: 'admin',
      summary: 'Add a route after the others.',
      body: alertRouteCreate,
      reply: alertRoute,
      status: 201,
      async handle({ request, person, body }) {
        const position = Math.max(0, ...inOrder().map((other) => other.position)) + 1;
        const record = { ...body, id: randomUUID(), position };
        checkChannels(record);
        await alertRoutes.put(record);
        changed();
        audit.record({ ...actorOf(person, request), action: 'added the alert route', target: record.name });
        return new Reply(201, withoutPosition(record));
      },
    }),
    routeWithBody({
      method: 'PATCH',
      path: '/alert-routes/:id',
      access: 'admin',
      summary: 'Change a route; each property that is present is replaced as a whole.',
      body: alertRoutePatch,
      reply: alertRoute,
      errors: ['unknown_item'],
      async handle({ request, person, body }) {
        const before = requireRoute(firstParam(request));
        const changes = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
        const record = {
          ...alertRoute.parse({ ...withoutPosition(before), ...changes }),
          position: before.position,
        };
        checkChannels(record);
        await alertRoutes.put(record);
        changed();
        audit.record({ ...actorOf(person, request), action: 'changed the alert route', target: record.name });
        return withoutPosition(record);
      },
    }),
    route({
      method: 'DELETE',
      path: '/alert-routes/:id',
      access: 'admin',
      summary: 'Remove a route. The alerts that it took go to the others that match.',
      errors: ['unknown_item'],
      async handle({ request, person }) {
        const record = requireRoute(firstParam(request));
        await alertRoutes.remove(record.id);
        changed();
        audit.record({ ...actorOf(person, request), action: 'removed the alert route', target: record.name });
        return new Reply(204);
      },
    }),
    routeWithBody({
      method: 'POST',
      path: '/alert-routes/order',
      access: 'admin',
      summary: 'Set the order in which routes are tried. Those that are not named follow.',
      body: alertRouteOrder,
      reply: alertRoutesReply,
      async handle({ request, person, body: { order } }) {
        const named = order.map((id) => alertRoutes.get(id)).filter((record) => record !== undefined);
        const rest = inOrder().filter(({ id }) => !order.includes(id));
        const sorted = [...new Set([...named, ...rest])];
        await Promise.all(sorted.map((record, i) => alertRoutes.put({ ...record, position: i + 1 })));
        changed();
        audit.record({ ...actorOf(person, request), action: 'changed the order of', target: 'alert routes' });
        return { alert_routes: inOrder().map(withoutPosition) };
      },
    }),
    routeWithBody({
      method: 'POST',
      path: '/alert-routes/check',
      access: 'viewer',
      summary: 'How many machines and rules a match takes now, so that one that takes nothing is noticed.',
      body: routeMatch,
      reply: routeMatchReply,
      handle: ({ body }) => coverage(body),
    }),
    route({
      method: 'GET',
      path: '/alerts/:id/audience',
      access: 'viewer',
      summary: 'Who is told of an alert: its routes and channels, and what has been sent so far.',
      reply: audienceReply,
      errors: ['unknown_item'],
      handle({ request }) {
        const reply = audience(firstParam(request));
        if (reply === undefined) throw new ApiError('unknown_item');
        return reply;
      },
    }),
  ];
}
