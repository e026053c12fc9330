/** `/probes`: what agents check of other things; `/devices/{id}/probes`: what one agent is to check. */
import { ApiError } from '#protocol/errors.ts';
import {
  probeCreate,
  probeList,
  probePatch,
  probesReply,
  probeView,
  type Probe,
  type ProbeList,
} from '#protocol/probes.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import { firstParam, Reply, type Request } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';
import type { Places } from '../probes/places.ts';
import type { Probes } from '../probes/probes.ts';
import type { SignedIn } from '../types.ts';

export interface ProbeRouteParts {
  readonly probes: Probes;
  /** The probes with what their machines say of them. */
  readonly places: Places;
  /** The id of the device that an Authorization header belongs to. @throws ApiError */
  readonly authenticate: (authorization: string) => string;
  /** What the device is to probe. */
  readonly listOf: (deviceId: string) => ProbeList;
  readonly audit: Audit;
}

export function probeRoutes({ probes, places, authenticate, listOf, audit }: ProbeRouteParts): Route[] {
  function record(person: SignedIn, request: Request, act: string, { name, kind, target }: Probe): void {
    audit.record({
      ...actorOf(person, request),
      action: `${act} the probe`,
      target: `${name} (${kind} ${target})`,
    });
  }

  return [
    route({
      method: 'GET',
      path: '/probes',
      access: 'viewer',
      summary: 'All probes: what is checked, from where, and how each does now.',
      reply: probesReply,
      handle: () => ({ probes: places.ofAll(probes.list()) }),
    }),
    routeWithBody({
      method: 'POST',
      path: '/probes',
      access: 'admin',
      summary:
        'Add a probe. The agents in its scope fetch it after their next push, and run it where their own setting ' +
        '(WATCHFLOOR_PROBES) allows the target.',
      body: probeCreate,
      reply: probeView,
      status: 201,
      errors: ['too_many_items', 'probe_exists'],
      async handle({ request, person, body }) {
        const probe = await probes.create(person.username, body);
        record(person, request, 'added', probe);
        return new Reply(201, places.of(probe));
      },
    }),
    routeWithBody({
      method: 'PATCH',
      path: '/probes/:id',
      access: 'admin',
      summary: 'Change a probe; what is left out stays. With another name, its values begin anew.',
      body: probePatch,
      reply: probeView,
      errors: ['unknown_item', 'too_many_items', 'probe_exists'],
      async handle({ request, person, body }) {
        const probe = await probes.change(firstParam(request), body);
        record(person, request, 'changed', probe);
        return places.of(probe);
      },
    }),
    route({
      method: 'DELETE',
      path: '/probes/:id',
      access: 'admin',
      summary: 'Remove a probe. Its history stays with the machines.',
      errors: ['unknown_item'],
      async handle({ request, person }) {
        record(person, request, 'removed', await probes.remove(firstParam(request)));
        return new Reply(204);
      },
    }),
    route({
      method: 'POST',
      path: '/probes/:id/try',
      access: 'operator',
      summary: 'Ask the machines of a probe to try it at once, which they do after their next push.',
      reply: probeView,
      errors: ['unknown_item'],
      handle({ request, person }) {
        const probe = probes.ask(firstParam(request));
        record(person, request, 'tried', probe);
        return places.of(probe);
      },
    }),
    route({
      method: 'GET',
      path: '/devices/:id/probes',
      access: 'device',
      summary: "What a machine's agent is to probe. It asks when the reply to a push names another version.",
      reply: probeList,
      errors: ['invalid_token', 'other_device'],
      handle({ request }) {
        const deviceId = authenticate(request.header('authorization'));
        if (deviceId !== firstParam(request)) throw new ApiError('other_device');
        return listOf(deviceId);
      },
    }),
  ];
}
