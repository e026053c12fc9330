/**
 * Decides when people are told what of a group of alerts: pure functions of (group, its alerts, time) to (group,
 * message). [A5] A message lists every alert it stands for. [A3] The group says what people know already, so that after
 * a restart nothing is told twice, and what is not told yet is found by comparing it with the alerts.
 */
import type { Alert } from '#protocol/alerts.ts';
import type { AlertRoute, NotificationEvent } from '#protocol/notify.ts';
import type { AlertGroupRecord } from '../../state/records.ts';
import { subjectOf } from './message.ts';

/** The machines of an outage come back one by one: people are told at once, or so many milliseconds after the first. */
const PARTLY_OVER_MS = 60_000;

export interface GroupMessage {
  readonly event: NotificationEvent;
  readonly alerts: readonly Alert[];
  /** Whether it holds for every alert of the group: of an end or an acknowledgement, that no other one goes on. */
  readonly whole: boolean;
}

export interface GroupStep {
  /** Undefined: the group has ended. */
  readonly group: AlertGroupRecord | undefined;
  readonly message: GroupMessage | undefined;
}

type Members = AlertGroupRecord['members'];

/** A new group, which begins with this alert; `joinGroup` puts it in. */
export function openGroup(route: AlertRoute, key: string, first: Alert, now: number): AlertGroupRecord {
  return {
    // The same after a crash that lost the group, so that the far side can drop a repetition.
    id: `${route.id}.${first.id}.${first.reopened}`,
    route_id: route.id,
    key,
    opened_at: now,
    messages: 0,
    subject: '',
    members: {},
    next_at: now,
    over_since: null,
    repeat_at: null,
    escalate_at: null,
    escalated: false,
  };
}

function firstWaitMs({ wait_s, digest_s }: AlertRoute, alerts: readonly Alert[]): number {
  const isDigest = digest_s !== null && alerts.every(({ severity }) => severity === 'warning');
  return 1000 * (isDigest ? digest_s : wait_s);
}

/** The group with more alerts. A message that is due already takes them along; a digest does not hold critical ones. */
export function joinGroup(
  group: AlertGroupRecord,
  route: AlertRoute,
  alerts: readonly Alert[],
  now: number,
): AlertGroupRecord {
  const members = { ...group.members };
  for (const { id } of alerts) members[id] = 'waiting';
  const soonest = now + firstWaitMs(route, alerts);
  const isDigestDue = route.digest_s !== null && group.next_at > now + 1000 * route.update_s;
  const isFirst = Object.keys(group.members).length === 0;
  const next_at = isFirst || group.next_at < now ? Math.max(soonest, group.next_at) : group.next_at;
  return { ...group, members, next_at: isDigestDue ? Math.min(soonest, next_at) : next_at };
}

/** The alerts of a group by what people have yet to learn of them. */
interface Sorted {
  /** They fire, and people do not know it, or know of a lower severity. */
  readonly fresh: Alert[];
  /** They came and went before people were told. */
  readonly missed: Alert[];
  /** They are over, and people know only that they fire. */
  readonly over: Alert[];
  readonly newlyAcknowledged: Alert[];
  /** They fire, people know it, and nobody has acknowledged. */
  readonly open: Alert[];
  /** How many go on: also those that are acknowledged or muted. */
  active: number;
  /** Whether what is known of an alert changed without a message. */
  changed: boolean;
}

/** Notes in `members` what people know of an alert; undefined: it is no alert of the group any more. */
function note(members: Members, id: string, known: Members[string] | undefined, sorted: Sorted): void {
  if (known === undefined) delete members[id];
  else members[id] = known;
  sorted.changed = true;
}

function sortResolved(alert: Alert, known: Members[string], sorted: Sorted, members: Members): void {
  const isWorthTelling =
    alert.muted === null && alert.resolution !== 'rule_changed' && alert.acknowledged === null;
  if (known !== 'waiting') sorted.over.push(alert);
  else if (isWorthTelling) sorted.missed.push(alert);
  else note(members, alert.id, undefined, sorted);
}

function sortAcknowledged(alert: Alert, known: Members[string], sorted: Sorted, members: Members): void {
  // Whoever acknowledged it before the message knows of it.
  if (known === 'waiting') note(members, alert.id, 'acknowledged', sorted);
  else if (known !== 'acknowledged') sorted.newlyAcknowledged.push(alert);
}

function sortFiring(alert: Alert, known: Members[string], sorted: Sorted, members: Members): void {
  // A person took the acknowledgement back.
  if (known === 'acknowledged') note(members, alert.id, alert.severity, sorted);
  if (alert.muted !== null) return;
  const isNews = known === 'waiting' || (known === 'warning' && alert.severity === 'critical');
  (isNews ? sorted.fresh : sorted.open).push(alert);
}

/** Sorts the group's alerts, and brings `members` up to date where nobody has to be told. */
function sortMembers(members: Members, alertOf: (id: string) => Alert | undefined): Sorted {
  const sorted: Sorted = {
    fresh: [],
    missed: [],
    over: [],
    newlyAcknowledged: [],
    open: [],
    active: 0,
    changed: false,
  };
  for (const [id, known] of Object.entries(members)) {
    const alert = alertOf(id);
    // A crash lost it before it was on disk; where its condition still holds, it was raised anew.
    if (alert === undefined) note(members, id, undefined, sorted);
    else if (alert.state === 'resolved') sortResolved(alert, known, sorted, members);
    else {
      sorted.active++;
      if (alert.state === 'acknowledged') sortAcknowledged(alert, known, sorted, members);
      else sortFiring(alert, known, sorted, members);
    }
  }
  return sorted;
}

/** The group after a message about new alerts: the times of what follows are counted from the first one. */
function afterNews(group: AlertGroupRecord, route: AlertRoute, now: number): AlertGroupRecord {
  const { repeat_s, escalate, update_s } = route;
  return {
    ...group,
    next_at: now + update_s * 1000,
    repeat_at: group.repeat_at ?? (repeat_s === null ? null : now + repeat_s * 1000),
    escalate_at: group.escalate_at ?? (escalate === null ? null : now + escalate.after_s * 1000),
  };
}

const isDue = (at: number | null, now: number) => at !== null && now >= at;

/** The group after a message, which takes the next number. */
function afterMessage(group: AlertGroupRecord, { alerts }: GroupMessage): AlertGroupRecord {
  const subject = group.subject === '' ? subjectOf(alerts) : group.subject;
  return { ...group, messages: group.messages + 1, subject };
}

/**
 * The next message of the group, and the group after it. Call it again until there is no message: one call gives at
 * most one.
 * @param alertOf the alert as it is now; undefined where it is not stored
 * @param now epoch milliseconds
 * @returns `before` itself where nothing changed
 */
export function stepGroup(
  before: AlertGroupRecord,
  route: AlertRoute,
  alertOf: (id: string) => Alert | undefined,
  now: number,
): GroupStep {
  const members = { ...before.members };
  const { fresh, missed, over, newlyAcknowledged, open, active, changed } = sortMembers(members, alertOf);
  const forget = (alerts: readonly Alert[]) => {
    for (const { id } of alerts) delete members[id];
  };
  const say = (
    event: NotificationEvent,
    alerts: readonly Alert[],
    after: AlertGroupRecord,
    whole = true,
  ): GroupStep => {
    const message = { event, alerts, whole };
    return { group: afterMessage(after, message), message };
  };
  const group: AlertGroupRecord = { ...before, members };

  if (fresh.length > 0 && now >= group.next_at) {
    for (const { id, severity } of fresh) members[id] = severity;
    forget(missed);
    return say('firing', [...fresh, ...missed], afterNews(group, route, now));
  }
  if (newlyAcknowledged.length > 0) {
    for (const { id } of newlyAcknowledged) members[id] = 'acknowledged';
    const isWhole = open.length === 0 && fresh.length === 0;
    if (route.send_acknowledged) return say('acknowledged', newlyAcknowledged, group, isWhole);
  }
  const ended = [...over, ...missed];
  group.over_since = ended.length === 0 ? null : (group.over_since ?? now);
  const isOver = ended.length > 0 && active === 0;
  const partlyMs = Math.max(PARTLY_OVER_MS, route.update_s * 1000);
  if (isOver || isDue(group.over_since, now - partlyMs)) {
    forget(ended);
    if (route.send_resolved) return say('resolved', ended, { ...group, over_since: null }, isOver);
  }
  if (open.length > 0 && isDue(group.escalate_at, now) && !group.escalated)
    return say('escalated', open, { ...group, escalated: true });
  if (open.length > 0 && isDue(group.repeat_at, now) && route.repeat_s !== null)
    return say('repeated', open, { ...group, repeat_at: now + route.repeat_s * 1000 });
  if (Object.keys(members).length === 0) return { group: undefined, message: undefined };
  const isSame = !changed && newlyAcknowledged.length === 0 && group.over_since === before.over_since;
  return { group: isSame ? before : group, message: undefined };
}

/** The ids of the channels that a message of the group goes to, each once. */
export function channelsOf(
  { escalated }: AlertGroupRecord,
  { channels, escalate }: AlertRoute,
  event: NotificationEvent,
): readonly string[] {
  const escalation = escalate?.channels ?? [];
  if (event === 'escalated') return [...new Set(escalation)];
  const hears = escalated && (event === 'acknowledged' || event === 'resolved');
  return [...new Set(hears ? [...channels, ...escalation] : channels)];
}
