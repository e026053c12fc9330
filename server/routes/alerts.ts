/** `/alerts`: find alerts and what they say of rules and machines; acknowledge them and comment on them. */
import {
  acknowledgeManyRequest,
  acknowledgeRequest,
  alert as alertShape,
  alertDetail,
  alertStatistics as statisticsShape,
  alertsForDisplay,
  alertsReply,
  commentRequest,
  type Alert,
} from '#protocol/alerts.ts';
import type { AlertProcesses } from '#protocol/processes.ts';
import { ApiError } from '#protocol/errors.ts';
import { alertsCsv } from '../alerts/alert-csv.ts';
import { searchAlerts, type AlertFilter } from '../alerts/alert-search.ts';
import { alertStatistics } from '../alerts/alert-statistics.ts';
import type { Alerts } from '../alerts/alerts.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import { invalidQuery, readCount, readTime, readWord } from '../http/query.ts';
import { firstParam, Reply, TextReply, type Request } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';
import type { SignedIn } from '../types.ts';

export interface AlertRouteParts {
  readonly alerts: Pick<
    Alerts,
    'active' | 'stored' | 'named' | 'get' | 'pending' | 'acknowledge' | 'unacknowledge' | 'comment'
  >;
  readonly audit: Audit;
  /** The processes behind an alert. */
  readonly processesOf: (alertId: string) => AlertProcesses | null;
}

const MOST_IN_PAGE = 10_000;
const DEFAULT_IN_PAGE = 1000;
const STATES = ['active', 'all', 'firing', 'acknowledged', 'resolved', 'pending'] as const;

const FILTERS = {
  state:
    'active (the default), firing, acknowledged, resolved or all; pending: conditions that hold, but not yet for as ' +
    'long as their rules ask',
  severity: 'warning or critical',
  device: 'the id of a device',
  rule: 'the id of a rule',
  from: 'with "to": alerts that were active at some time between; ISO 8601 or epoch milliseconds',
  to: 'see "from"',
  q: 'words that must all stand in the names, the field, the comments or who wrote them',
  limit: `at most so many alerts, up to ${MOST_IN_PAGE}; ${DEFAULT_IN_PAGE} unless only active ones are asked for`,
  cursor: 'the "next" of the page before',
  format: 'csv: a table for spreadsheets instead of JSON, as with "Accept: text/csv"',
};

function readFilter(query: URLSearchParams): AlertFilter & { readonly isPending: boolean } {
  const state = readWord(query, 'state', STATES) ?? 'active';
  return {
    state: state === 'pending' ? 'active' : state,
    isPending: state === 'pending',
    severity: readWord(query, 'severity', ['warning', 'critical'] as const),
    deviceId: query.get('device') ?? undefined,
    ruleId: query.get('rule') ?? undefined,
    from: readTime(query, 'from', undefined),
    to: readTime(query, 'to', undefined),
    text: query.get('q') ?? undefined,
  };
}

/** Whether the reply is to be CSV: the query says so, or the Accept header names it and not JSON. */
function wantsCsv(request: Request, query: URLSearchParams): boolean {
  const format = readWord(query, 'format', ['csv', 'json'] as const);
  if (format !== undefined) return format === 'csv';
  const accepted = request.header('accept');
  return accepted.includes('text/csv') && !accepted.includes('application/json');
}

const nameOf = ({ rule_name, device_name }: Alert) => `${rule_name} on ${device_name}`;

/** The alerts that this person or display is told of, each as far as it may be told. */
const toldTo = ({ role, sight }: SignedIn, alerts: readonly Alert[]): readonly Alert[] =>
  role === 'display' ? alertsForDisplay(alerts, (id) => sight?.has(id) ?? true) : alerts;

export function alertRoutes({ alerts, audit, processesOf }: AlertRouteParts): Route[] {
  function record(person: SignedIn, request: Request, action: string, target: string): void {
    audit.record({ ...actorOf(person, request), action, target });
  }

  function found(alert: Alert | undefined): Alert {
    if (alert === undefined) throw new ApiError('unknown_item');
    return alert;
  }

  async function search({ request, person }: { request: Request; person: SignedIn }): Promise<unknown> {
    const { query } = request;
    const filter = readFilter(query);
    const csv = wantsCsv(request, query);
    if (filter.isPending) {
      const pending = alerts.pending().filter(({ device_id }) => person.sight?.has(device_id) ?? true);
      return { alerts: [], pending };
    }
    const isOfPast = filter.state === 'all' || filter.state === 'resolved';
    const page = await searchAlerts(isOfPast ? alerts.stored() : alerts.active(), filter, {
      told: (alert) => toldTo(person, [isOfPast ? alerts.named(alert) : alert])[0],
      limit: readCount(query, 'limit', MOST_IN_PAGE) ?? (isOfPast && !csv ? DEFAULT_IN_PAGE : MOST_IN_PAGE),
      cursor: query.get('cursor') ?? undefined,
    });
    if (page === undefined) throw invalidQuery('cursor', 'is the "next" of a page');
    return csv ? new TextReply('text/csv; charset=utf-8', alertsCsv(page.alerts)) : page;
  }

  return [
    route({
      method: 'GET',
      path: '/alerts',
      access: 'display',
      forDisplayLinks: true,
      summary: 'Active alerts, newest first; with a query also past ones and pending conditions.',
      query: FILTERS,
      reply: alertsReply,
      handle: search,
    }),
    route({
      method: 'GET',
      path: '/alerts/statistics',
      access: 'viewer',
      summary:
        'How many alerts each rule and each machine had, and how soon they were acknowledged and ended.',
      query: { from: FILTERS.from, to: FILTERS.to },
      reply: statisticsShape,
      async handle({ request: { query } }) {
        const times = { from: readTime(query, 'from', undefined), to: readTime(query, 'to', undefined) };
        const asked = { limit: Infinity, told: alerts.named };
        const page = await searchAlerts(alerts.stored(), { state: 'all', ...times }, asked);
        return alertStatistics(page?.alerts ?? []);
      },
    }),
    route({
      method: 'GET',
      path: '/alerts/:id',
      access: 'display',
      forDisplayLinks: true,
      summary: 'One alert, active or past, with the processes that used most when it was raised.',
      reply: alertDetail,
      errors: ['unknown_item'],
      handle({ request, person }) {
        const alert = found(toldTo(person, [found(alerts.get(firstParam(request)))])[0]);
        return person.role === 'display' ? alert : { ...alert, processes: processesOf(alert.id) };
      },
    }),
    routeWithBody({
      method: 'POST',
      path: '/alerts/acknowledge',
      access: 'operator',
      summary: 'Acknowledge many alerts; ids of ended or unknown alerts are passed over.',
      body: acknowledgeManyRequest,
      reply: alertsReply,
      handle({ request, person, body }) {
        const changed = alerts.acknowledge(body.ids, { by: person.username, text: body.comment });
        const [first] = changed;
        if (first !== undefined)
          record(
            person,
            request,
            'acknowledged',
            changed.length === 1 ? nameOf(first) : `${nameOf(first)}, and ${changed.length - 1} more alerts`,
          );
        return { alerts: changed };
      },
    }),
    routeWithBody({
      method: 'POST',
      path: '/alerts/:id/acknowledge',
      access: 'operator',
      summary: 'Acknowledge an alert: its messages are not repeated. One that has ended stays as it is.',
      body: acknowledgeRequest,
      reply: alertShape,
      errors: ['unknown_item'],
      handle({ request, person, body }) {
        const remark = { by: person.username, text: body.comment };
        const alert = found(alerts.acknowledge([firstParam(request)], remark)[0]);
        record(person, request, 'acknowledged', nameOf(alert));
        return alert;
      },
    }),
    route({
      method: 'DELETE',
      path: '/alerts/:id/acknowledge',
      access: 'operator',
      summary: 'Take an acknowledgement back: the alert fires as before.',
      reply: alertShape,
      errors: ['unknown_item'],
      handle({ request, person }) {
        const alert = found(alerts.unacknowledge(firstParam(request), person.username));
        record(person, request, 'took back the acknowledgement of', nameOf(alert));
        return alert;
      },
    }),
    routeWithBody({
      method: 'POST',
      path: '/alerts/:id/comments',
      access: 'operator',
      summary: 'Comment on an alert, active or past.',
      body: commentRequest,
      reply: alertShape,
      status: 201,
      errors: ['unknown_item'],
      handle({ request, person, body }) {
        const remark = { by: person.username, text: body.text };
        const alert = found(alerts.comment(firstParam(request), remark));
        record(person, request, 'commented on', nameOf(alert));
        return new Reply(201, alert);
      },
    }),
  ];
}
