/**
 * [A5] Gives to another channel what one has not delivered for a while, with the reason, so that a dead channel keeps no
 * alert to itself and people learn that it is dead.
 */
import type { Alert } from '#protocol/alerts.ts';
import type { ChannelHealth, ChannelRecord, Notification } from '#protocol/notify.ts';
import type { Clock } from '../../types.ts';
import type { Outbox } from './outbox.ts';

/** How long a channel may fail before another one is told, milliseconds. */
export const REROUTE_AFTER_MS = 180_000;
const LOOK_EVERY_MS = 10_000;
/** What was given up on longer ago than this is no news, milliseconds. */
const OLD_MS = 3_600_000;

export interface ReroutingParts {
  readonly channels: () => readonly ChannelRecord[];
  readonly health: (channelId: string) => ChannelHealth;
  readonly outbox: Pick<Outbox, 'all' | 'add' | 'get' | 'rerouted'>;
  /** Called with the notifications that were put into the outbox. */
  readonly onAdded: (notifications: readonly Notification[]) => void;
  readonly clock: Pick<Clock, 'now' | 'every'>;
}

/** Whether the notification asks people to act. */
const asksToAct = ({ event }: Notification) =>
  event === 'firing' || event === 'repeated' || event === 'escalated';

const substituteThread = (thread: string) => `undelivered.${thread}`;

/** Each alert once, as the newest of the notifications has it. */
function alertsOf(notifications: readonly Notification[]): Alert[] {
  return [
    ...new Map(notifications.flatMap(({ alerts }) => alerts).map((alert) => [alert.id, alert])).values(),
  ];
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
  function whyStuck(notification: Notification): string | undefined {
    const now = clock.now();
    const { channel_id, state, done_at } = notification;
    const name = channels().find(({ id }) => id === channel_id)?.name ?? 'that was removed';
    const answer = notification.attempts.at(-1)?.answer ?? '';
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

  /** Whether another channel has delivered the same message. */
  function isDelivered({ thread, number }: Notification, all: readonly Notification[]): boolean {
    return all.some((other) => other.thread === thread && other.number === number && other.state === 'sent');
  }

  function substitutionOf(
    substitute: ChannelRecord,
    stuck: readonly [Notification, ...Notification[]],
    note: string,
  ): Notification {
    const alerts = alertsOf(stuck);
    const [first] = stuck;
    return {
      ...first,
      id: `undelivered.${first.id}`,
      channel_id: substitute.id,
      thread: substituteThread(first.thread),
      event: asksToAct(first) ? 'undelivered' : 'resolved',
      alerts,
      count: alerts.length,
      note,
      created_at: clock.now(),
      state: 'waiting',
      attempts: [],
      tries: 0,
      next_try_at: null,
      done_at: null,
      rerouted: false,
    };
  }

  /** By channel, the failure that was told of though others had delivered the message: it is told of once. */
  const toldOf = new Map<string, number | null>();

  /** Whether another channel is to say what the notification says. */
  function isNews(notification: Notification, all: readonly Notification[]): boolean {
    const { channel_id, thread, event } = notification;
    // Whoever was told of an outage by the substitute is told of its end.
    const isToldOf = (other: Notification) =>
      other.rerouted && other.channel_id === channel_id && other.thread === thread;
    if (event === 'resolved') return all.some(isToldOf);
    if (!asksToAct(notification)) return false;
    const since = health(channel_id).failing_since;
    if (isDelivered(notification, all) && toldOf.get(channel_id) === since) return false;
    toldOf.set(channel_id, since);
    return true;
  }

  /** What is stuck, oldest first, by what becomes one message: the same channel, outage and kind of news. */
  function findStuck(): Map<string, { note: string; stuck: [Notification, ...Notification[]] }> {
    const all = outbox.all();
    const found = new Map<string, { note: string; stuck: [Notification, ...Notification[]] }>();
    for (const notification of all.toReversed()) {
      const note = notification.rerouted ? undefined : whyStuck(notification);
      if (note === undefined || !isNews(notification, all)) continue;
      const key = [notification.channel_id, notification.thread, asksToAct(notification)].join('\n');
      const others = found.get(key);
      if (others === undefined) found.set(key, { note, stuck: [notification] });
      else others.stuck.push(notification);
    }
    return found;
  }

  async function look(): Promise<void> {
    for (const { note, stuck } of findStuck().values()) {
      const substitute = findSubstitute(stuck[0].channel_id);
      if (substitute === undefined) continue;
      const added = [substitutionOf(substitute, stuck, note)];
      await outbox.add(added);
      for (const notification of stuck) outbox.rerouted(notification);
      onAdded(added);
    }
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
