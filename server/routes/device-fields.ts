/** `GET /devices/{id}/fields`: the names of a machine's fields, so that its page asks only for what it shows [L6]. */
import {
  deviceFieldsReply,
  LISTED_INSTANCES,
  MOST_LISTED_INSTANCES,
  SCALAR_KIND,
  type DeviceFieldsReply,
} from '#protocol/device-fields.ts';
import { ApiError } from '#protocol/errors.ts';
import { listFields, type FieldFilter } from '../fleet/field-list.ts';
import type { FleetEntry } from '../fleet/fleet.ts';
import { readCount, readWord } from '../http/query.ts';
import { firstParam, type Request } from '../http/request.ts';
import { route, type Route } from '../http/route.ts';
import type { SignedIn } from '../types.ts';
import { orUnavailable } from './series.ts';

export interface DeviceFieldsParts {
  /** What the fleet knows of a device; undefined for an unknown one. */
  readonly current: (deviceId: string) => Pick<FleetEntry, 'values' | 'sampledAt'> | undefined;
  /** Resolves with the names of the fields that the history has of a device; rejects where it takes too long. */
  readonly stored: (deviceId: string) => Promise<readonly string[]>;
}

const FLAG = ['true', 'false'] as const;

function readFilter(query: URLSearchParams): FieldFilter {
  return {
    kind: query.get('kind') ?? undefined,
    search: query.get('search') ?? '',
    custom: readWord(query, 'custom', FLAG) === 'true',
    by: query.get('by') ?? undefined,
    top: readCount(query, 'top', MOST_LISTED_INSTANCES) ?? LISTED_INSTANCES,
  };
}

export function deviceFieldsRoutes({ current, stored }: DeviceFieldsParts): Route[] {
  async function read(request: Request, { sight }: SignedIn): Promise<DeviceFieldsReply> {
    const deviceId = firstParam(request);
    const known = sight?.has(deviceId) === false ? undefined : current(deviceId);
    if (known === undefined) throw new ApiError('unknown_device');
    const filter = readFilter(request.query);
    const withPast = readWord(request.query, 'past', FLAG) === 'true';
    const { values, sampledAt } = known;
    const past = withPast ? await orUnavailable(stored(deviceId)) : [];
    return { device_id: deviceId, sampled_at: sampledAt, ...listFields(values, past, filter) };
  }

  return [
    route({
      method: 'GET',
      path: '/devices/:id/fields',
      access: 'display',
      forDisplayLinks: true,
      summary:
        'The names of a device’s fields by kind and instance, with the values of its newest sample. `kinds` has all kinds, `instances` those that are asked for.',
      query: {
        kind: `Only instances of this kind, such as "mount"; "${SCALAR_KIND}" for fields without instances`,
        search: 'Part of the name of the instance or of one of its fields, whatever the case',
        custom: '"true": only fields that Watchfloor’s agent does not have',
        by: 'The last part of a field’s name, such as "rx": instances with the highest values come first; the default is by name',
        top: `How many instances are listed, at most ${MOST_LISTED_INSTANCES}; the default is ${LISTED_INSTANCES}`,
        past: '"true": also what only the history has',
      },
      reply: deviceFieldsReply,
      errors: ['unknown_device', 'history_unavailable'],
      handle: ({ request, person }) => read(request, person),
    }),
  ];
}
