/** An alert route while it is edited: times in the units that people think in. */
import type { AlertRoute } from '#protocol/notify.ts';
import type { NewAlertRoute } from '../../api/api.ts';

export interface RouteDraft {
  name: string;
  severity: 'all' | 'warning' | 'critical';
  tags: readonly string[];
  machineName: string;
  rules: readonly string[];
  hoursOn: boolean;
  days: readonly number[];
  from: string;
  to: string;
  timeZone: string;
  channels: readonly string[];
  groupBy: AlertRoute['group_by'];
  groupTag: string;
  /** Seconds. */
  waitS: number | null;
  /** Minutes; so are `escalateMin` and `digestMin`. */
  repeatOn: boolean;
  repeatMin: number | null;
  escalateOn: boolean;
  escalateMin: number | null;
  escalateTo: readonly string[];
  digestOn: boolean;
  digestMin: number | null;
  sendResolved: boolean;
  sendAcknowledged: boolean;
  goesOn: boolean;
}

/** What the form starts with: the route, or one that takes every alert. `timeZone`: the reader's own. */
export function routeDraftOf(route: AlertRoute | undefined, timeZone: string): RouteDraft {
  const hours = route?.match.hours ?? null;
  const severities = route?.match.severities ?? [];
  return {
    name: route?.name ?? '',
    severity: severities.length === 1 ? (severities[0] ?? 'all') : 'all',
    tags: route?.match.tags ?? [],
    machineName: route?.match.name ?? '',
    rules: route?.match.rules ?? [],
    hoursOn: hours !== null,
    days: hours?.days ?? [1, 2, 3, 4, 5],
    from: hours?.from ?? '08:00',
    to: hours?.to ?? '18:00',
    timeZone: hours?.time_zone ?? timeZone,
    channels: route?.channels ?? [],
    groupBy: route?.group_by ?? 'rule',
    groupTag: route?.group_tag ?? '',
    waitS: route?.wait_s ?? 10,
    repeatOn: (route?.repeat_s ?? null) !== null,
    repeatMin: (route?.repeat_s ?? 4 * 3600) / 60,
    escalateOn: (route?.escalate ?? null) !== null,
    escalateMin: (route?.escalate?.after_s ?? 1800) / 60,
    escalateTo: route?.escalate?.channels ?? [],
    digestOn: (route?.digest_s ?? null) !== null,
    digestMin: (route?.digest_s ?? 3600) / 60,
    sendResolved: route?.send_resolved ?? true,
    sendAcknowledged: route?.send_acknowledged ?? true,
    goesOn: route?.goes_on ?? false,
  };
}

const seconds = (minutes: number | null) => Math.round((minutes ?? 0) * 60);

export function matchOf(draft: RouteDraft) {
  const { severity, tags, machineName, rules, hoursOn, days, from, to, timeZone } = draft;
  return {
    severities: severity === 'all' ? [] : [severity],
    tags: [...tags],
    name: machineName.trim(),
    rules: [...rules],
    hours: hoursOn ? { days: [...days], from, to, time_zone: timeZone } : null,
  };
}

/** The route that the server gets. */
export function routeOf(draft: RouteDraft) {
  return {
    name: draft.name.trim(),
    match: matchOf(draft),
    channels: [...draft.channels],
    group_by: draft.groupBy,
    group_tag: draft.groupTag.trim(),
    wait_s: Math.round(draft.waitS ?? 0),
    repeat_s: draft.repeatOn ? seconds(draft.repeatMin) : null,
    escalate: draft.escalateOn
      ? { after_s: seconds(draft.escalateMin), channels: [...draft.escalateTo] }
      : null,
    digest_s: draft.digestOn ? seconds(draft.digestMin) : null,
    send_resolved: draft.sendResolved,
    send_acknowledged: draft.sendAcknowledged,
    goes_on: draft.goesOn,
  } satisfies NewAlertRoute;
}
