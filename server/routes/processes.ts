/** `GET /devices/{id}/processes`: which processes used most of a machine, now or at a time in the past. */
import { processesReply, type ProcessesReply, type ProcessReport } from '#protocol/processes.ts';
import { ApiError } from '#protocol/errors.ts';
import { DAY } from '#protocol/span.ts';
import { invalidQuery, readTime } from '../http/query.ts';
import { firstParam, type Request } from '../http/request.ts';
import { route, type Route } from '../http/route.ts';
import { orUnavailable } from './series.ts';

export interface ProcessesParts {
  readonly deviceExists: (deviceId: string) => boolean;
  /** The report of a moment, epoch milliseconds; undefined: the newest. */
  readonly at: (deviceId: string, moment: number | undefined) => Promise<ProcessReport | null>;
  readonly range: (
    deviceId: string,
    from: number,
    to: number,
  ) => Promise<{ readonly report: ProcessReport | null; readonly moments: [number, number][] }>;
}

const MOST_MS = 2 * DAY;

export function processRoutes({ deviceExists, at, range }: ProcessesParts): Route[] {
  async function read(request: Request): Promise<ProcessesReply> {
    const device_id = firstParam(request);
    if (!deviceExists(device_id)) throw new ApiError('unknown_device');
    const { query } = request;
    const from = readTime(query, 'from', undefined);
    const to = readTime(query, 'to', undefined);
    const moment = readTime(query, 'at', undefined);
    if (from === undefined && to === undefined)
      return { device_id, report: await orUnavailable(at(device_id, moment)) };
    if (from === undefined || to === undefined) throw invalidQuery('from', 'goes together with "to"');
    if (moment !== undefined) throw invalidQuery('at', 'does not go together with "from" and "to"');
    if (from >= to) throw invalidQuery('from', 'must lie before "to"');
    if (to - from > MOST_MS) throw invalidQuery('from', 'lies more than 2 days before "to"');
    return { device_id, ...(await orUnavailable(range(device_id, from, to))) };
  }

  return [
    route({
      method: 'GET',
      path: '/devices/:id/processes',
      access: 'viewer',
      summary:
        'The processes that used most of a machine: at a moment, by default the newest report, or over a range. Agents on Linux send them.',
      query: {
        at: 'A moment, ISO 8601 or epoch milliseconds: the report whose period has it, else the newest before it',
        from: 'With "to", in place of "at": the reports of this range as one, and the moments of each; at most 2 days',
        to: 'The end of the range',
      },
      reply: processesReply,
      errors: ['unknown_device', 'history_unavailable'],
      handle: ({ request }) => read(request),
    }),
  ];
}
