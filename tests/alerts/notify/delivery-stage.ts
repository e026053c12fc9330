/**
 * Delivery to channels of a kind whose far side the test answers for. The time stands still until the test moves it on.
 */
import { z } from 'zod';
import type { ChannelRecord, Notification } from '#protocol/notify.ts';
import { createLog } from '../../../server/app/log.ts';
import { channelKind, type Answer } from '../../../server/alerts/notify/channel.ts';
import { requiredText, setting } from '../../../server/alerts/notify/channel-settings.ts';
import { createDelivery } from '../../../server/alerts/notify/delivery.ts';
import { messageOf } from '../../../server/alerts/notify/message.ts';
import { createOutbox } from '../../../server/alerts/notify/outbox.ts';
import { handClock } from '../../fleet/hand-clock.ts';
import { firing } from '../../protocol/firing-alert.ts';
import { memoryCollection } from '../../state/memory-collection.ts';

/** Lets the promises that are settled run what waits for them. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

export function channelOf(id: string, changes: Partial<ChannelRecord> = {}): ChannelRecord {
  return {
    id,
    name: `${id} name`,
    kind: 'spoken',
    enabled: true,
    settings: { secret: 'sesame-1234' },
    private_network: false,
    template: { title: null, body: null },
    created_at: 0,
    ...changes,
  };
}

/** Each message waits in `asked` until the test answers it. */
export function stageDelivery(startChannels: readonly ChannelRecord[] = [channelOf('a'), channelOf('b')]) {
  const clock = handClock();
  const channels = memoryCollection(startChannels);
  const notifications = memoryCollection<Notification>();
  /** What each far side was asked, by the channel's id, and how it answers. */
  const asked: { channel: string; id: string; take: (answer: Answer) => void; refuse: (e: Error) => void }[] =
    [];
  const spoken = channelKind({
    kind: 'spoken',
    name: 'Spoken',
    about: '',
    settings: z.strictObject({ secret: setting(requiredText, { label: 'Secret', secret: true }) }),
    send: ({ message }) =>
      new Promise((take, refuse) => {
        const channel = notifications.get(message.id)?.channel_id ?? 'test';
        asked.push({ channel, id: message.id, take, refuse });
      }),
  });
  const outbox = createOutbox(notifications);
  const create = () =>
    createDelivery({
      outbox,
      channelOf: channels.get,
      kinds: new Map([['spoken', spoken]]),
      browsers: {
        keys: { publicKey: '', privateKey: '' },
        contact: '',
        subscriptions: () => [],
        onGone: () => undefined,
      },
      createOutgoing: () => ({
        timeoutMs: 1000,
        request: () => Promise.reject(new Error('nothing goes out in these tests')),
        lookUp: () => Promise.reject(new Error('nothing goes out in these tests')),
      }),
      compose: (notification) =>
        Promise.resolve({
          message: messageOf(notification, { webUrl: '', named: (alert) => alert, runbookOf: () => '' }),
          templateProblem: null,
        }),
      onAttempt: () => undefined,
      clock,
      random: () => 0.5,
      log: createLog('silent'),
    });
  const delivery = create();
  let count = 0;

  return {
    clock,
    channels,
    notifications,
    outbox,
    delivery,
    asked,
    /** Puts a notification for each of the channels into the outbox, and sends it. */
    async add(channelIds: readonly string[], changes: Partial<Notification> = {}) {
      const number = ++count;
      const added = channelIds.map((channel_id): Notification => ({
        id: `n${number}.${channel_id}`,
        channel_id,
        route_id: 'r',
        thread: 'thread',
        number,
        subject: 'web-1, CPU',
        event: 'firing',
        whole: true,
        alerts: [{ ...firing, id: `alert-${number}` }],
        count: 1,
        note: '',
        created_at: clock.now(),
        state: 'waiting',
        attempts: [],
        tries: 0,
        next_try_at: null,
        done_at: null,
        rerouted: false,
        ...changes,
      }));
      await outbox.add(added);
      delivery.wake(channelIds);
      await settle();
    },
    /** Answers the oldest message that a channel's far side was asked to take. */
    async answer(channelId: string, outcome: Answer | Error) {
      const place = asked.findIndex(({ channel }) => channel === channelId);
      const [first] = asked.splice(place, 1);
      if (place < 0 || first === undefined) throw new Error(`nothing was asked of ${channelId}`);
      if (outcome instanceof Error) first.refuse(outcome);
      else first.take(outcome);
      await settle();
    },
    async pass(ms: number) {
      clock.pass(ms);
      await settle();
    },
    /** `n1.a sent`, `n2.a waiting`, in the order in which they were added. */
    states: () => notifications.all().map(({ id, state }) => `${id} ${state}`),
    /** The ids of the messages that far sides were asked to take and have not answered. */
    open: () => asked.map(({ id }) => id),
  };
}

/** What a far side answers that took the message. */
export const OK: Answer = { request: 'POST https://far.example/…', text: '200 OK' };
