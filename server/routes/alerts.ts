/** `GET /alerts`: active and past alerts. */
import { alertsReply, type Alert } from '#protocol/alerts.ts';
import { ApiError } from '#protocol/errors.ts';
import { route, type Route } from '../http/route.ts';

export interface AlertRouteParts {
  /** Active alerts, newest first. */
  readonly active: () => readonly Alert[];
  /** Active and resolved alerts, newest first. */
  readonly all: () => readonly Alert[];
}

export function alertRoutes({ active, all }: AlertRouteParts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/alerts',
      access: 'display',
      summary: 'Active alerts, newest first.',
      query: { state: '"all" includes resolved alerts; "active" is the default' },
      reply: alertsReply,
      handle({ request }) {
        const state = request.query.get('state') ?? 'active';
        if (state !== 'active' && state !== 'all')
          throw new ApiError('invalid_query', {
            details: [{ path: 'state', message: 'is "active" or "all"' }],
          });
        return { alerts: state === 'all' ? all() : active() };
      },
    }),
  ];
}
