/** `/silences`: times in which no messages about some alerts are sent. Each reply says what a silence covers now. */
import { randomUUID } from 'node:crypto';
import type { Alert } from '#protocol/alerts.ts';
import { ApiError } from '#protocol/errors.ts';
import { inScope, type Machine } from '#protocol/machine-scope.ts';
import {
  alertSilenceRequest,
  silence as silenceShape,
  silenceCreate,
  silenceMatches,
  silenceMatchesRequest,
  silencePatch,
  silencesReply,
  silenceWindowsReply,
  type NewSilenceTime,
  type Silence,
  type SilenceRecord,
  type SilenceTime,
} from '#protocol/silences.ts';
import { lastEnd, windowAfter, windowAt, windowsBetween } from '../alerts/silence-times.ts';
import { coversAlert } from '../alerts/silences.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import { invalidQuery, readTime } from '../http/query.ts';
import { firstParam, Reply, type Request } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';
import type { Collection } from '../state/collection.ts';
import type { SignedIn } from '../types.ts';

export interface SilenceRouteParts {
  readonly silences: Collection<SilenceRecord>;
  /** Called after a silence was added, changed or ended. */
  readonly changed: () => void;
  readonly machines: () => readonly Machine[];
  /** The active alerts. */
  readonly active: () => readonly Alert[];
  readonly alertOf: (id: string) => Alert | undefined;
  readonly audit: Audit;
  readonly now: () => number;
}

const DAY_MS = 86_400_000;
/** The longest time that a calendar may ask for, and the most windows of one silence in its reply. */
const LONGEST_CALENDAR_MS = 62 * DAY_MS;
const MOST_WINDOWS = 200;

type Shown = Pick<SilenceRecord, 'time'>;

function windowOf({ time }: Shown, now: number): Silence['window'] {
  const next = windowAt(time, now) ?? windowAfter(time, now);
  if (next !== undefined) return next;
  const end = lastEnd(time) ?? now;
  return windowsBetween(time, end - 8 * DAY_MS, end, MOST_WINDOWS).at(-1) ?? null;
}

function stateOf({ time }: Shown, now: number): Silence['state'] {
  if (windowAt(time, now) !== undefined) return 'active';
  return windowAfter(time, now) === undefined ? 'past' : 'planned';
}

/** @throws ApiError where it would never be: its end is not after its beginning, or has passed */
function timeOf(time: NewSilenceTime, now: number): SilenceTime {
  const from = time.from ?? now;
  const asked = { ...time, from };
  if (windowAt(asked, now) === undefined && windowAfter(asked, now) === undefined)
    throw new ApiError('silence_ended');
  return asked;
}

/** The silence as it is once it was ended at `now`: what has been of it stays. */
function endedAt(time: SilenceTime, now: number): SilenceTime {
  return time.kind === 'once' ? { ...time, to: now } : { ...time, until: now };
}

export function silenceRoutes(parts: SilenceRouteParts): Route[] {
  const { silences, changed, machines, active, alertOf, audit, now } = parts;

  function matchesOf({ scope }: Pick<SilenceRecord, 'scope'>): Silence['matches'] {
    const covered = new Map(
      machines()
        .filter((machine) => inScope(scope, machine))
        .map((machine) => [machine.id, machine]),
    );
    const alerts = active().filter((alert) => {
      const machine = covered.get(alert.device_id);
      return machine !== undefined && coversAlert(scope, machine, alert);
    });
    return { machines: covered.size, alerts: alerts.length };
  }

  const view = (silence: SilenceRecord): Silence => ({
    ...silence,
    state: stateOf(silence, now()),
    window: windowOf(silence, now()),
    matches: matchesOf(silence),
  });

  function requireSilence(request: Request): SilenceRecord {
    const silence = silences.get(firstParam(request));
    if (silence === undefined) throw new ApiError('unknown_item');
    return silence;
  }

  function record(person: SignedIn, request: Request, act: string, { kind, comment, id }: SilenceRecord) {
    const what = kind === 'maintenance' ? 'the maintenance' : 'the silence';
    audit.record({ ...actorOf(person, request), action: `${act} ${what}`, target: comment || id });
  }

  async function add(
    person: SignedIn,
    request: Request,
    facts: Pick<SilenceRecord, 'kind' | 'comment' | 'scope' | 'time'>,
  ): Promise<Reply> {
    const silence = { id: randomUUID(), ...facts, created_by: person.username, created_at: now() };
    await silences.put(silence);
    changed();
    record(person, request, 'added', silence);
    return new Reply(201, view(silence));
  }

  return [
    route({
      method: 'GET',
      path: '/silences',
      access: 'viewer',
      summary:
        'All silences and maintenance windows: active, planned, and for some months those that are past.',
      reply: silencesReply,
      handle: () => ({ silences: silences.all().map(view) }),
    }),
    route({
      method: 'GET',
      path: '/silences/windows',
      access: 'viewer',
      summary: 'When silences are, for a calendar of at most 62 days.',
      query: { from: 'ISO 8601 or epoch milliseconds; now by default', to: 'a week after "from" by default' },
      reply: silenceWindowsReply,
      handle({ request: { query } }) {
        const from = readTime(query, 'from', now());
        const to = readTime(query, 'to', from + 7 * DAY_MS);
        if (to <= from || to - from > LONGEST_CALENDAR_MS)
          throw invalidQuery('to', 'is after "from", by at most 62 days');
        const windows = silences
          .all()
          .flatMap(({ id, time }) =>
            windowsBetween(time, from, to, MOST_WINDOWS).map((window) => ({ silence_id: id, ...window })),
          );
        return { windows };
      },
    }),
    routeWithBody({
      method: 'POST',
      path: '/silences',
      access: 'operator',
      summary:
        'Add a silence or a maintenance window. The reply says how many machines and alerts it covers now.',
      body: silenceCreate,
      reply: silenceShape,
      status: 201,
      errors: ['silence_ended'],
      handle: ({ request, person, body }) =>
        add(person, request, { ...body, time: timeOf(body.time, now()) }),
    }),
    routeWithBody({
      method: 'POST',
      path: '/silences/matches',
      access: 'operator',
      summary: 'How many machines and active alerts a scope would cover now. Nothing is changed.',
      body: silenceMatchesRequest,
      reply: silenceMatches,
      handle: ({ body }) => matchesOf(body),
    }),
    routeWithBody({
      method: 'POST',
      path: '/alerts/:id/silence',
      access: 'operator',
      summary: 'Silence an alert: its rule on its machine, from now on. The alert itself is shown as ever.',
      body: alertSilenceRequest,
      reply: silenceShape,
      status: 201,
      errors: ['unknown_item'],
      handle({ request, person, body: { minutes, comment } }) {
        const alert = alertOf(firstParam(request));
        if (alert === undefined) throw new ApiError('unknown_item');
        const { device_id, rule_id, rule_name, device_name } = alert;
        return add(person, request, {
          kind: 'silence',
          comment: comment || `${rule_name} on ${device_name}`,
          scope: { devices: [device_id], tags: [], name: '', rules: [rule_id], severities: [] },
          time: { kind: 'once', from: now(), to: now() + minutes * 60_000 },
        });
      },
    }),
    routeWithBody({
      method: 'PATCH',
      path: '/silences/:id',
      access: 'operator',
      summary: 'Change a silence; its scope and its time are replaced as a whole.',
      body: silencePatch,
      reply: silenceShape,
      errors: ['unknown_item', 'silence_ended'],
      async handle({ request, person, body }) {
        const silence = requireSilence(request);
        const next: SilenceRecord = {
          ...silence,
          kind: body.kind ?? silence.kind,
          comment: body.comment ?? silence.comment,
          scope: body.scope ?? silence.scope,
          time: body.time === undefined ? silence.time : timeOf(body.time, now()),
        };
        await silences.put(next);
        changed();
        record(person, request, 'changed', next);
        return view(next);
      },
    }),
    route({
      method: 'DELETE',
      path: '/silences/:id',
      access: 'operator',
      summary: 'End a silence now. One that has not begun, or that has ended, is removed.',
      errors: ['unknown_item'],
      async handle({ request, person }) {
        const silence = requireSilence(request);
        const isNow = windowAt(silence.time, now()) !== undefined;
        if (isNow) await silences.put({ ...silence, time: endedAt(silence.time, now()) });
        else await silences.remove(silence.id);
        changed();
        record(person, request, isNow ? 'ended' : 'removed', silence);
        return new Reply(204);
      },
    }),
  ];
}
