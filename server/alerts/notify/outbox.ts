/**
 * The notifications that wait to be sent, and the log of those that were. [A3] A notification is on disk before it is
 * sent, and is marked as sent afterwards: a crash in between sends it again, under the same id.
 */
import type { Attempt, Notification } from '#protocol/notify.ts';
import type { Collection } from '../../state/collection.ts';
import type { NotificationRecord } from '../../state/records.ts';

/** How many notifications that are done are kept. */
const DONE_KEPT = 1000;
/**
 * How many alerts of a notification that is done are kept, and from when on, in milliseconds: another channel may be
 * given all of what was not delivered.
 */
const ALERTS_KEPT = 20;
const CUT_AFTER_MS = { sent: 600_000, failed: 7_200_000 } as const;
/** Of how many alerts in all the ids are kept besides, so that it is known whom they were told to. */
const IDS_KEPT = 20_000;
const ATTEMPTS_KEPT = 10;

export interface Outbox {
  /**
   * Stores notifications to be sent; those that are stored already stay as they are. Resolves when they are on disk, or
   * cannot be written now: then they are sent all the same, because an alert about a full disk must go out. A repeated
   * message takes the place of the one before it that still waits.
   */
  add(notifications: readonly Notification[]): Promise<void>;
  get(id: string): Notification | undefined;
  /** The newest first. */
  all(): readonly Notification[];
  /** Those that a channel has yet to send, oldest first. */
  waiting(channelId: string): readonly Notification[];
  /** Those of one thread. */
  ofThread(thread: string): readonly Notification[];
  /** Notes a try. `next`: when the next one is due, epoch milliseconds, or that there is none. */
  attempted(notification: Notification, attempt: Attempt, next: number | 'sent' | 'failed'): Notification;
  /** Makes everything due that the channel has yet to send. */
  hurry(channelId: string): void;
  /** Notes that another channel was given what the notification with this id says. */
  rerouted(id: string): void;
  /** Forgets what nobody needs any more. */
  tidy(now: number): void;
}

/** The notification with the ids of most of its alerts in place of them, where it is done for long enough. */
function shortened(notification: Notification, now: number): Notification {
  const { done_at, alerts, state } = notification;
  const cutAfterMs = state === 'failed' ? CUT_AFTER_MS.failed : CUT_AFTER_MS.sent;
  if (alerts.length <= ALERTS_KEPT || done_at === null || now - done_at <= cutAfterMs) return notification;
  const others = alerts.slice(ALERTS_KEPT).map(({ id }) => id);
  return { ...notification, alerts: alerts.slice(0, ALERTS_KEPT), others };
}

export function createOutbox(notifications: Collection<NotificationRecord>): Outbox {
  /** By channel, by notification id, in the order in which they were added. */
  const waiting = new Map<string, Map<string, Notification>>();

  function index(notification: Notification): void {
    const { id, channel_id, state } = notification;
    const ofChannel = waiting.get(channel_id) ?? new Map<string, Notification>();
    if (state === 'waiting') ofChannel.set(id, notification);
    else ofChannel.delete(id);
    waiting.set(channel_id, ofChannel);
  }

  function change(notification: Notification): Notification {
    index(notification);
    notifications.keep(notification);
    return notification;
  }

  /** Forgets the repetition of the same message that the channel has yet to send. */
  function replaceRepeated({ channel_id, thread, event, id }: Notification): void {
    if (event !== 'repeated') return;
    for (const other of waiting.get(channel_id)?.values() ?? []) {
      if (other.thread !== thread || other.event !== 'repeated' || other.id === id) continue;
      waiting.get(channel_id)?.delete(other.id);
      notifications.drop(other.id);
    }
  }

  for (const notification of notifications.all()) index(notification);

  return {
    async add(added) {
      const fresh = added.filter(({ id }) => notifications.get(id) === undefined);
      await Promise.all(
        fresh.map((notification) =>
          notifications.put(notification).catch(() => {
            notifications.keep(notification);
          }),
        ),
      );
      for (const notification of fresh) {
        index(notification);
        replaceRepeated(notification);
      }
    },
    get: (id) => notifications.get(id),
    all: () => notifications.all().toReversed(),
    waiting: (channelId) => [...(waiting.get(channelId)?.values() ?? [])],
    ofThread: (thread) => notifications.all().filter((notification) => notification.thread === thread),
    attempted(tried, attempt, next) {
      const isDone = typeof next === 'string';
      // It may have been given to another channel while it was tried.
      const notification = notifications.get(tried.id) ?? tried;
      return change({
        ...notification,
        attempts: [...notification.attempts, attempt].slice(-ATTEMPTS_KEPT),
        tries: notification.tries + 1,
        state: isDone ? next : 'waiting',
        next_try_at: isDone ? null : next,
        done_at: isDone ? attempt.at + attempt.ms : null,
      });
    },
    hurry(channelId) {
      for (const notification of [...(waiting.get(channelId)?.values() ?? [])])
        change({ ...notification, next_try_at: null });
    },
    rerouted(id) {
      const notification = notifications.get(id);
      if (notification !== undefined) change({ ...notification, rerouted: true });
    },
    tidy(now) {
      const done = notifications.all().filter(({ state }) => state !== 'waiting');
      for (const { id } of done.slice(0, -DONE_KEPT)) notifications.drop(id);
      let ids = 0;
      for (const notification of done.slice(-DONE_KEPT).toReversed()) {
        const short = shortened(notification, now);
        ids += short.others?.length ?? 0;
        const kept = ids > IDS_KEPT && short.others !== undefined ? { ...short, others: [] } : short;
        if (kept !== notification) notifications.keep(kept);
      }
    },
  };
}
