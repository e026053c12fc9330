/** `GET /events`: what happened to machines, for the timeline of a machine and the event lists of boards. */
import { eventKind, eventsReply, type EventKind } from '#protocol/events.ts';
import type { Machine } from '#protocol/machine-scope.ts';
import { searchEvents, type EventSources } from '../fleet/event-search.ts';
import { invalidQuery, readCount, readTime } from '../http/query.ts';
import { route, type Route } from '../http/route.ts';
import { readMachines, SCOPE_QUERY } from './scope-query.ts';

export interface EventRouteParts {
  readonly machines: () => readonly Machine[];
  readonly eventsOf: EventSources['eventsOf'];
  readonly alerts: () => EventSources['alerts'];
  readonly named: EventSources['named'];
}

const MOST_EVENTS = 1000;
const DEFAULT_EVENTS = 200;

function readKinds(query: URLSearchParams): EventKind[] {
  return query.getAll('kind').map((text) => {
    const kind = eventKind.safeParse(text);
    if (!kind.success) throw invalidQuery('kind', `is one of ${eventKind.options.join(', ')}`);
    return kind.data;
  });
}

export function eventRoutes({ machines, eventsOf, alerts, named }: EventRouteParts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/events',
      access: 'display',
      forDisplayLinks: true,
      summary: 'What happened to machines, the newest first; alerts included.',
      query: {
        ...SCOPE_QUERY,
        from: 'ISO 8601 or epoch milliseconds; the default is the beginning',
        to: 'ISO 8601 or epoch milliseconds; the default is now',
        kind: `${eventKind.options.join(', ')}; may be given many times; the default is all`,
        limit: `at most so many events, up to ${MOST_EVENTS}; ${DEFAULT_EVENTS} where it is left out`,
      },
      reply: eventsReply,
      handle: ({ request: { query }, person }) => ({
        events: searchEvents(
          { machines: readMachines(query, machines(), person.sight), eventsOf, alerts: alerts(), named },
          {
            from: readTime(query, 'from', -Infinity),
            to: readTime(query, 'to', Infinity),
            kinds: readKinds(query),
            limit: readCount(query, 'limit', MOST_EVENTS) ?? DEFAULT_EVENTS,
          },
        ),
      }),
    }),
  ];
}
