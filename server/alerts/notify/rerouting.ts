/**
 * [A5] Gives to another channel what one has not delivered for a while, with the reason, so that a dead channel keeps no
 * alert to itself and people learn that it is dead.
 */
import type { Alert } from '#protocol/alerts.ts';
import type { ChannelHealth, ChannelRecord, Notification } from '#protocol/notify.ts';
import type { Clock } from '../../types.ts';
import { newNotification } from './notification.ts';
import type { Outbox } from './outbox.ts';

/** How long a channel may fail before another one is told, milliseconds. */
export const REROUTE_AFTER_MS = 180_000;
const LOOK_EVERY_MS = 10_000;
/** What was given up on longer ago than this is no news, milliseconds. */
const OLD_MS = 3_600_000;

export interface ReroutingParts {
  readonly channels: () => readonly ChannelRecord[];
  readonly health: (channelId: string) => ChannelHealth;
  readonly outbox: Pick<Outbox, 'all' | 'add' | 'rerouted'>;
  /** Called with the notifications that were put into the outbox. */
  readonly onAdded: (notifications: readonly Notification[]) => void;
  readonly clock: Pick<Clock, 'now' | 'every'>;
}

/** Whether the notification asks people to act. */
const asksToAct = ({ event }: Notification) =>
  event === 'firing' || event === 'repeated' || event === 'escalated' || event === 'undelivered';

/** The notifications of one message, and those of one channel and thread, have the same. */
const messageKey = ({ thread, number }: Notification) => `${thread}\n${number}`;
const threadKey = ({ channel_id, thread }: Notification) => `${channel_id}\n${thread}`;

/** Notifications that become one message of another channel, oldest first, and why they are stuck. */
interface Stuck {
  readonly note: string;
  readonly notifications: [Notification, ...Notification[]];
}

/** Each alert once, as the newest of the notifications has it. */
function alertsOf(notifications: readonly Notification[]): Alert[] {
  return [
    ...new Map(notifications.flatMap(({ alerts }) => alerts).map((alert) => [alert.id, alert])).values(),
  ];
}

/** The message that the substitute sends. */
function substitutionOf(
  { note, notifications }: Stuck,
  substitute: ChannelRecord,
  created_at: number,
): Notification {
  const [first] = notifications;
  const { id, thread, route_id, number, subject, whole } = first;
  return newNotification({
    id: `undelivered.${id}`,
    channel_id: substitute.id,
    thread: `undelivered.${thread}`,
    event: asksToAct(first) ? 'undelivered' : 'resolved',
    ...{ route_id, number, subject, whole, note, created_at },
    alerts: alertsOf(notifications),
  });
}

/** Starts looking for undelivered notifications; returns the function that stops it. */
export function startRerouting({ channels, health, outbox, onAdded, clock }: ReroutingParts): () => void {
  /** The channel that takes over: one that works, else one that was never used. */
  function findSubstitute(failing: string): ChannelRecord | undefined {
    const others = channels().filter(({ id, enabled }) => enabled && id !== failing);
    return (
      others.find(({ id }) => health(id).state === 'ok') ??
      others.find(({ id }) => health(id).state === 'unused')
    );
  }

  /** Why the notification will not arrive soon; undefined while it may. */
  function whyStuck({ channel_id, state, done_at, attempts }: Notification): string | undefined {
    const now = clock.now();
    const name = channels().find(({ id }) => id === channel_id)?.name ?? 'that was removed';
    const answer = attempts.at(-1)?.answer ?? '';
    if (state === 'failed')
      return now - (done_at ?? 0) < OLD_MS
        ? `The channel "${name}" did not deliver this: ${answer}`
        : undefined;
    const { failing_since, problem } = health(channel_id);
    if (state !== 'waiting' || failing_since === null || now - failing_since < REROUTE_AFTER_MS)
      return undefined;
    const since = new Date(failing_since).toISOString().slice(0, 16).replace('T', ' ');
    return `The channel "${name}" has delivered nothing since ${since} UTC: ${problem ?? answer}`;
  }

  /** Says of a stuck notification whether another channel is to say what it says. To be asked of the oldest first. */
  function newsIn(all: readonly Notification[]): (stuck: Notification) => boolean {
    const rerouted = all.filter((notification) => notification.rerouted);
    const delivered = new Set(all.filter(({ state }) => state === 'sent').map(messageKey));
    const toldThreads = new Set(rerouted.map(threadKey));
    // That a channel is dead is told once, also where others have delivered all of its messages.
    const toldDead = new Set(
      rerouted
        .filter(({ channel_id, done_at }) => {
          const since = health(channel_id).failing_since ?? clock.now() - OLD_MS;
          return done_at === null || done_at >= since;
        })
        .map(({ channel_id }) => channel_id),
    );
    return (stuck) => {
      // Whoever was told of an outage by the substitute is told of its end.
      if (stuck.event === 'resolved') return toldThreads.has(threadKey(stuck));
      if (!asksToAct(stuck)) return false;
      if (delivered.has(messageKey(stuck)) && toldDead.has(stuck.channel_id)) return false;
      toldDead.add(stuck.channel_id);
      return true;
    };
  }

  /** What is stuck, by what becomes one message: the same channel, outage and kind of news. */
  function findStuck(): Iterable<Stuck> {
    const all = outbox.all().toReversed();
    const isNews = newsIn(all);
    const found = new Map<string, Stuck>();
    for (const notification of all) {
      const note = notification.rerouted ? undefined : whyStuck(notification);
      if (note === undefined || !isNews(notification)) continue;
      const key = [threadKey(notification), asksToAct(notification)].join('\n');
      const others = found.get(key);
      if (others === undefined) found.set(key, { note, notifications: [notification] });
      else others.notifications.push(notification);
    }
    return found.values();
  }

  async function look(): Promise<void> {
    const added: Notification[] = [];
    const passedOn: Notification[] = [];
    for (const stuck of findStuck()) {
      const substitute = findSubstitute(stuck.notifications[0].channel_id);
      if (substitute === undefined) continue;
      added.push(substitutionOf(stuck, substitute, clock.now()));
      passedOn.push(...stuck.notifications);
    }
    if (added.length === 0) return;
    const stored = outbox.add(added);
    // Noted before anything is waited for, so that one write of the file has both, or neither.
    for (const { id } of passedOn) outbox.rerouted(id);
    await stored;
    onAdded(added);
  }

  let looking = false;
  return clock.every(() => {
    if (looking) return;
    looking = true;
    void look().finally(() => {
      looking = false;
    });
  }, LOOK_EVERY_MS);
}
