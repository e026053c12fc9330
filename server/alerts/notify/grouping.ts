/**
 * Decides when people are told what of a group of alerts: pure functions of (group, its alerts, time) to (group,
 * message). [A5] A message lists every alert it stands for. [A3] The group says what people know already, so that after
 * a restart nothing is told twice, and what is not told yet is found by comparing it with the alerts.
 */
import type { Alert } from '#protocol/alerts.ts';
import type { AlertRoute, Notification, NotificationEvent } from '#protocol/notify.ts';
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
    // Not used before: the same alert may have been in a group of this route that has ended.
    id: `${route.id}.${first.id}.${now}`,
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
  const isWorthTelling = alert.resolution !== 'rule_changed' && alert.acknowledged === null;
  if (known === 'waiting' && isWorthTelling) sorted.missed.push(alert);
  else if (known === 'waiting' || known === 'muted') note(members, alert.id, undefined, sorted);
  else sorted.over.push(alert);
}

function sortAcknowledged(alert: Alert, known: Members[string], sorted: Sorted): void {
  // Whoever acknowledged it before the message knows of it; others are told should it fire again.
  if (known === 'warning' || known === 'critical') sorted.newlyAcknowledged.push(alert);
}

function sortFiring(alert: Alert, known: Members[string], sorted: Sorted, members: Members): void {
  // A person took the acknowledgement back.
  if (known === 'acknowledged') note(members, alert.id, alert.severity, sorted);
  const isUntold = known === 'waiting' || known === 'muted';
  const untold = alert.muted === null ? 'waiting' : 'muted';
  if (isUntold && known !== untold) note(members, alert.id, untold, sorted);
  if (alert.muted !== null) return;
  const isNews = isUntold || (known === 'warning' && alert.severity === 'critical');
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
      if (alert.state === 'acknowledged') sortAcknowledged(alert, known, sorted);
      else sortFiring(alert, known, sorted, members);
    }
  }
  return sorted;
}

const isDue = (at: number | null, now: number) => at !== null && now >= at;

/** Set for at most `waitS` seconds ahead: a time that lies further ahead was set before the clock was set back. */
const atMost = (at: number, waitS: number, now: number) => Math.min(at, now + waitS * 1000);

/** When what depends on the time follows: repetition and escalation run while people know of an alert that is open. */
function timesOf(
  { next_at, repeat_at, escalate_at, escalated }: AlertGroupRecord,
  { wait_s, update_s, digest_s, repeat_s, escalate }: AlertRoute,
  isOpen: boolean,
  now: number,
): Pick<AlertGroupRecord, 'next_at' | 'repeat_at' | 'escalate_at'> {
  const isEscalationOver = escalated && escalate_at === null;
  return {
    next_at: atMost(next_at, Math.max(wait_s, update_s, digest_s ?? 0), now),
    repeat_at: isOpen && repeat_s !== null ? atMost(repeat_at ?? Infinity, repeat_s, now) : null,
    escalate_at:
      isOpen && escalate !== null && !isEscalationOver
        ? atMost(escalate_at ?? Infinity, escalate.after_s, now)
        : null,
  };
}

/** What a message changes in the times of its group. `at`: when it was made. */
function timesAfter(
  { repeat_at, escalate_at }: AlertGroupRecord,
  { update_s, repeat_s, escalate }: AlertRoute,
  event: NotificationEvent,
  at: number,
): Partial<AlertGroupRecord> {
  const nextRepeat = repeat_s === null ? null : at + repeat_s * 1000;
  switch (event) {
    case 'firing':
      return {
        next_at: at + update_s * 1000,
        // Counted from the first message about what is open.
        repeat_at: repeat_at ?? nextRepeat,
        escalate_at: escalate_at ?? (escalate === null ? null : at + escalate.after_s * 1000),
      };
    case 'repeated':
      return { repeat_at: nextRepeat };
    case 'escalated':
      return { escalated: true, escalate_at: null };
    case 'resolved':
      return { over_since: null };
    case 'acknowledged':
    case 'undelivered':
    case 'watchdog':
    case 'test':
      return {};
  }
}

/** What people know of an alert after a message about it; undefined: all there is to know. */
function knownAfter(event: NotificationEvent, { state, severity }: Alert): Members[string] | undefined {
  if (event === 'resolved' || state === 'resolved') return undefined;
  return event === 'acknowledged' ? 'acknowledged' : severity;
}

/** The group after a message, which takes the next number. `at`: when it was made. */
function afterMessage(
  group: AlertGroupRecord,
  route: AlertRoute,
  { event, alerts }: Pick<GroupMessage, 'event' | 'alerts'>,
  at: number,
): AlertGroupRecord {
  const members = { ...group.members };
  for (const alert of alerts) {
    const known = knownAfter(event, alert);
    if (known === undefined) delete members[alert.id];
    else members[alert.id] = known;
  }
  const subject = group.subject === '' ? subjectOf(alerts) : group.subject;
  return {
    ...group,
    members,
    messages: group.messages + 1,
    subject,
    ...timesAfter(group, route, event, at),
  };
}

/** The message that is due, if any; of several, the one that matters most. */
function dueMessage(
  group: AlertGroupRecord,
  route: AlertRoute,
  { fresh, missed, over, newlyAcknowledged, open, active }: Sorted,
  now: number,
): GroupMessage | undefined {
  if (fresh.length > 0 && now >= group.next_at)
    return { event: 'firing', alerts: [...fresh, ...missed], whole: true };
  if (newlyAcknowledged.length > 0)
    return {
      event: 'acknowledged',
      alerts: newlyAcknowledged,
      whole: open.length === 0 && fresh.length === 0,
    };
  const isOver = active === 0 && group.over_since !== null;
  const partlyMs = Math.max(PARTLY_OVER_MS, route.update_s * 1000);
  if (isOver || isDue(group.over_since, now - partlyMs))
    return { event: 'resolved', alerts: [...over, ...missed], whole: isOver };
  if (isDue(group.escalate_at, now)) return { event: 'escalated', alerts: open, whole: true };
  if (isDue(group.repeat_at, now)) return { event: 'repeated', alerts: open, whole: true };
  return undefined;
}

/** Whether the route is told not to say this. */
const isUnwanted = ({ send_resolved, send_acknowledged }: AlertRoute, event: NotificationEvent) =>
  (event === 'resolved' && !send_resolved) || (event === 'acknowledged' && !send_acknowledged);

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
  const sorted = sortMembers(members, alertOf);
  const isPartlyOver = sorted.over.length > 0 || sorted.missed.length > 0;
  const group: AlertGroupRecord = {
    ...before,
    members,
    ...timesOf(before, route, sorted.open.length > 0, now),
    over_since: isPartlyOver ? Math.min(before.over_since ?? now, now) : null,
  };
  const message = dueMessage(group, route, sorted, now);
  if (message !== undefined) {
    const after = afterMessage(group, route, message, now);
    if (!isUnwanted(route, message.event)) return { group: after, message };
    // People know as much as they want to; what else is due may be said.
    return stepGroup({ ...after, messages: group.messages, subject: group.subject }, route, alertOf, now);
  }
  if (Object.keys(members).length === 0) return { group: undefined, message: undefined };
  const isSame =
    !sorted.changed &&
    group.over_since === before.over_since &&
    group.next_at === before.next_at &&
    group.repeat_at === before.repeat_at &&
    group.escalate_at === before.escalate_at;
  return { group: isSame ? before : group, message: undefined };
}

/** [A3] The group with what the notifications of its thread say that a crash kept it from noting. */
export function caughtUp(
  group: AlertGroupRecord,
  route: AlertRoute,
  notifications: readonly Notification[],
): AlertGroupRecord {
  // The channels of a message have one notification each.
  const messages = new Map(notifications.map((notification) => [notification.number, notification]));
  let current = group;
  for (const message of [...messages.values()].toSorted((a, b) => a.number - b.number)) {
    if (message.number <= current.messages) continue;
    const after = afterMessage(current, route, message, message.created_at);
    current = { ...after, messages: message.number, subject: message.subject };
  }
  return current;
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
