/** `/fleet-views`: named views of the fleet's page, each of one person or shared with everybody. */
import { randomUUID } from 'node:crypto';
import { ApiError } from '#protocol/errors.ts';
import {
  fleetView,
  fleetViewCreate,
  fleetViewPatch,
  fleetViewsReply,
  MOST_FLEET_VIEWS,
  type FleetView,
} from '#protocol/fleet-views.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import { firstParam, Reply, type Request } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';
import type { Collection } from '../state/collection.ts';
import type { FleetViewRecord } from '../state/records.ts';
import type { SignedIn } from '../types.ts';

export interface FleetViewParts {
  readonly views: Collection<FleetViewRecord>;
  readonly audit: Audit;
  readonly now: () => number;
}

const isOperator = ({ role }: SignedIn) => role === 'operator' || role === 'admin';
const sees = (view: FleetViewRecord, { username }: SignedIn) => view.shared || view.owner === username;

/** The records that change when a view becomes somebody's start view, or stops being it: a person has at most one. */
function withStart(
  views: readonly FleetViewRecord[],
  view: FleetViewRecord,
  { username }: SignedIn,
  start: boolean,
): FleetViewRecord[] {
  const without = (each: FleetViewRecord) => each.starts.filter((name) => name !== username);
  const others = views.filter(({ id, starts }) => id !== view.id && starts.includes(username));
  return [
    { ...view, starts: start ? [...without(view), username] : without(view) },
    ...(start ? others.map((each) => ({ ...each, starts: without(each) })) : []),
  ];
}

/** Removes the views that only this person saw, when the person is removed, and forgets the start view. */
export function forgetViewsOf(username: string, views: Collection<FleetViewRecord>): void {
  for (const view of views.all())
    if (view.owner === username && !view.shared) views.drop(view.id);
    else if (view.starts.includes(username))
      views.keep({ ...view, starts: view.starts.filter((name) => name !== username) });
}

export function fleetViewRoutes({ views, audit, now }: FleetViewParts): Route[] {
  const shown = ({ starts, ...view }: FleetViewRecord, { username }: SignedIn): FleetView => ({
    ...view,
    start: starts.includes(username),
  });

  /** @throws ApiError where there is none that the person sees, or where the person may not change it */
  function requireView(request: Request, person: SignedIn, changes: boolean): FleetViewRecord {
    const view = views.get(firstParam(request));
    if (view === undefined || !sees(view, person)) throw new ApiError('unknown_item');
    if (changes && view.shared && !isOperator(person)) throw new ApiError('forbidden');
    return view;
  }

  /** @throws ApiError where the view cannot be stored as it is, seen beside the others of its kind */
  function checkPlace(view: FleetViewRecord): void {
    const beside = views
      .all()
      .filter(({ id, shared, owner }) => id !== view.id && (view.shared ? shared : owner === view.owner));
    if (beside.some(({ name }) => name === view.name)) throw new ApiError('view_exists');
    if (beside.length >= MOST_FLEET_VIEWS)
      throw new ApiError('too_many', {
        message: `There are ${MOST_FLEET_VIEWS} such views already. Remove one first.`,
      });
  }

  function record(person: SignedIn, request: Request, act: string, view: FleetViewRecord): void {
    if (view.shared)
      audit.record({ ...actorOf(person, request), action: `${act} the shared view`, target: view.name });
  }

  return [
    route({
      method: 'GET',
      path: '/fleet-views',
      access: 'viewer',
      summary: 'The named views of the fleet: one’s own, and those that are shared.',
      reply: fleetViewsReply,
      handle: ({ person }) => ({
        fleet_views: views
          .all()
          .filter((view) => sees(view, person))
          .map((view) => shown(view, person))
          .sort((a, b) => a.name.localeCompare(b.name)),
      }),
    }),
    routeWithBody({
      method: 'POST',
      path: '/fleet-views',
      access: 'viewer',
      summary:
        'Save a view of the fleet under a name. A shared one, which everybody sees, needs an operator.',
      body: fleetViewCreate,
      reply: fleetView,
      status: 201,
      errors: ['view_exists', 'too_many'],
      async handle({ request, person, body: { start, ...facts } }) {
        if (facts.shared && !isOperator(person)) throw new ApiError('forbidden');
        const view = { id: randomUUID(), ...facts, owner: person.username, starts: [], changed_at: now() };
        checkPlace(view);
        const changed = withStart(views.all(), view, person, start);
        await views.putAll(changed);
        record(person, request, 'added', view);
        return new Reply(201, shown(changed[0] ?? view, person));
      },
    }),
    routeWithBody({
      method: 'PATCH',
      path: '/fleet-views/:id',
      access: 'viewer',
      summary:
        'Change a view, or make it the one that the page opens with for oneself. To change one that is or becomes ' +
        'shared needs an operator.',
      body: fleetViewPatch,
      reply: fleetView,
      errors: ['unknown_item', 'view_exists', 'too_many'],
      async handle({ request, person, body: { start, ...facts } }) {
        const changes = Object.keys(facts).length > 0;
        const view = requireView(request, person, changes);
        if (facts.shared === true && !isOperator(person)) throw new ApiError('forbidden');
        const next = {
          ...view,
          name: facts.name ?? view.name,
          query: facts.query ?? view.query,
          shared: facts.shared ?? view.shared,
          changed_at: changes ? now() : view.changed_at,
        };
        if (changes) checkPlace(next);
        const isStart = start ?? view.starts.includes(person.username);
        const changed = withStart(views.all(), next, person, isStart);
        await views.putAll(changed);
        if (changes) record(person, request, 'changed', view.shared ? view : next);
        return shown(changed[0] ?? next, person);
      },
    }),
    route({
      method: 'DELETE',
      path: '/fleet-views/:id',
      access: 'viewer',
      summary: 'Remove a view. A shared one needs an operator.',
      errors: ['unknown_item'],
      async handle({ request, person }) {
        const view = requireView(request, person, true);
        await views.remove(view.id);
        record(person, request, 'removed', view);
        return new Reply(204);
      },
    }),
  ];
}
