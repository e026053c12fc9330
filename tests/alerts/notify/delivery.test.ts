import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ChannelRecord, Notification } from '#protocol/notify.ts';
import { createLog } from '../../../server/app/log.ts';
import { channelKind, DeliveryError, type Answer } from '../../../server/alerts/notify/channel.ts';
import { requiredText, setting } from '../../../server/alerts/notify/channel-settings.ts';
import { createDelivery, retryAfterMs } from '../../../server/alerts/notify/delivery.ts';
import { messageOf } from '../../../server/alerts/notify/message.ts';
import { createOutbox } from '../../../server/alerts/notify/outbox.ts';
import { startRerouting } from '../../../server/alerts/notify/rerouting.ts';
import { handClock } from '../../fleet/hand-clock.ts';
import { firing } from '../../protocol/firing-alert.ts';
import { memoryCollection } from '../../state/memory-collection.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

function channelOf(id: string, changes: Partial<ChannelRecord> = {}): ChannelRecord {
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

/**
 * Delivery to channels of a kind whose far side the test answers for: each message waits in `asked` until the test
 * takes it. The time stands still until the test moves it on.
 */
function stageDelivery(startChannels: readonly ChannelRecord[] = [channelOf('a'), channelOf('b')]) {
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

const OK: Answer = { request: 'POST https://far.example/…', text: '200 OK' };

describe('delivering notifications', () => {
  it('[A4] a channel that hangs or fails delays no other one', async () => {
    const stage = stageDelivery();
    await stage.add(['a', 'b']);
    await stage.answer('b', OK);
    await stage.add(['a', 'b']);
    await stage.answer('b', OK);
    expect(stage.states()).toEqual(['n1.a waiting', 'n1.b sent', 'n2.a waiting', 'n2.b sent']);
    expect(stage.open()).toEqual(['n1.a']);
  });

  it('the messages of a channel are sent one after another, in their order', async () => {
    const stage = stageDelivery();
    await stage.add(['a']);
    await stage.add(['a']);
    await stage.add(['a']);
    expect(stage.open()).toEqual(['n1.a']);
    await stage.answer('a', OK);
    expect(stage.open()).toEqual(['n2.a']);
    await stage.answer('a', OK);
    await stage.answer('a', OK);
    expect(stage.states()).toEqual(['n1.a sent', 'n2.a sent', 'n3.a sent']);
  });

  it('[A4] a failed delivery is tried again, each time after a longer wait, until it works', async () => {
    const stage = stageDelivery();
    await stage.add(['a']);
    const waits: number[] = [];
    for (let i = 0; i < 5; i++) {
      await stage.answer('a', new DeliveryError('far.example refused the connection.'));
      const next = stage.notifications.get('n1.a')?.next_try_at ?? 0;
      waits.push(next - stage.clock.now());
      await stage.pass(next - stage.clock.now() - 1);
      expect(stage.open()).toEqual([]);
      await stage.pass(1);
    }
    expect(waits).toEqual([3750, 7500, 15_000, 30_000, 60_000]);
    expect(stage.delivery.health('a')).toMatchObject({
      state: 'failing',
      problem: 'far.example refused the connection.',
      waiting: 1,
    });
    await stage.answer('a', OK);
    expect(stage.states()).toEqual(['n1.a sent']);
    expect(stage.delivery.health('a')).toMatchObject({ state: 'ok', problem: null, failing_since: null });
  });

  it('[A4] the waits between tries have jitter and end at ten minutes', () => {
    expect(retryAfterMs(1, 0)).toBe(2500);
    expect(retryAfterMs(1, 1)).toBe(5000);
    expect(retryAfterMs(100, 1)).toBe(600_000);
  });

  it('[A4] nothing is sent to a far side before it asks to be tried again', async () => {
    const stage = stageDelivery();
    await stage.add(['a']);
    await stage.answer('a', new DeliveryError('429 Too Many Requests', { retryAfterMs: 90_000 }));
    await stage.add(['a']);
    await stage.pass(89_000);
    expect(stage.open()).toEqual([]);
    await stage.pass(1000);
    await stage.answer('a', OK);
    await stage.answer('a', OK);
    expect(stage.states()).toEqual(['n1.a sent', 'n2.a sent']);
  });

  it('a message that the far side refuses for what it is holds up no other one, and is given up on', async () => {
    const stage = stageDelivery();
    await stage.add(['a']);
    await stage.answer('a', new DeliveryError('400: chat not found', { refused: true }));
    await stage.add(['a']);
    await stage.answer('a', OK);
    for (let tries = 2; tries <= 3; tries++) {
      await stage.pass(600_000);
      await stage.answer('a', new DeliveryError('400: chat not found', { refused: true }));
    }
    await stage.pass(86_400_000);
    expect(stage.states()).toEqual(['n1.a failed', 'n2.a sent']);
    expect(stage.notifications.get('n1.a')?.attempts.map(({ answer }) => answer)).toEqual(
      Array(3).fill('400: chat not found'),
    );
  });

  it('[A5] what could not be delivered for a day is given up on and says so', async () => {
    const stage = stageDelivery();
    await stage.add(['a']);
    while (stage.states()[0] === 'n1.a waiting') {
      await stage.answer('a', new DeliveryError('no answer'));
      await stage.pass(600_000);
    }
    expect(stage.states()).toEqual(['n1.a failed']);
    expect(stage.notifications.get('n1.a')?.attempts).toHaveLength(10);
    expect(stage.notifications.get('n1.a')?.tries).toBeGreaterThan(100);
  });

  it('[A5] what a removed or switched-off channel was to send is told to be undelivered', async () => {
    const stage = stageDelivery([channelOf('a'), channelOf('off', { enabled: false })]);
    await stage.add(['off', 'gone']);
    expect(stage.states()).toEqual(['n1.off failed', 'n1.gone failed']);
    expect(stage.notifications.get('n1.gone')?.attempts[0]?.answer).toBe('The channel was removed.');
  });

  it('[G5] no secret of a channel is in its log, whatever the far side answers', async () => {
    const stage = stageDelivery();
    await stage.add(['a']);
    await stage.answer(
      'a',
      new DeliveryError('401: the key sesame-1234 is wrong', { request: 'POST https://x/sesame-1234' }),
    );
    expect(JSON.stringify(stage.notifications.all())).not.toContain('sesame');
    expect(stage.delivery.health('a').problem).toMatch(/^401: the key .* is wrong$/);
  });

  it('[A4] an error of the kind itself counts as a failed delivery', async () => {
    const stage = stageDelivery();
    await stage.add(['a']);
    await stage.answer('a', new TypeError('x is not a function'));
    expect(stage.delivery.health('a').problem).toBe('x is not a function');
    const wrong = stageDelivery([channelOf('a', { kind: 'pigeon' })]);
    await wrong.add(['a']);
    expect(wrong.delivery.health('a').problem).toMatch(/no channels of the kind "pigeon"/);
  });

  it('[A3] after a restart the channel’s state and what it has yet to send are known', async () => {
    const stage = stageDelivery();
    await stage.add(['a']);
    await stage.answer('a', new DeliveryError('no answer'));
    void stage.delivery.stop();
    const after = stageDelivery();
    for (const notification of stage.notifications.all()) await after.outbox.add([notification]);
    expect(after.delivery.health('a')).toMatchObject({ state: 'failing', problem: 'no answer', waiting: 1 });
    after.delivery.wake(['a']);
    await settle();
    await after.pass(3750);
    await after.answer('a', OK);
    expect(after.states()).toEqual(['n1.a sent']);
  });

  it('a test says what the far side answered, and sends what waited where it worked', async () => {
    const stage = stageDelivery();
    await stage.add(['a']);
    await stage.answer('a', new DeliveryError('no answer', { retryAfterMs: 3_600_000 }));
    const [waiting] = stage.outbox.all();
    if (waiting === undefined) throw new Error('nothing waits');
    const test = stage.delivery.test(channelOf('a'), { ...waiting, id: 'test', event: 'test' });
    await settle();
    await stage.answer('test', OK);
    expect(await test).toMatchObject({ worked: true, answer: '200 OK', request: OK.request });
    await settle();
    await stage.answer('a', OK);
    expect(stage.states()).toEqual(['n1.a sent']);
  });
});

describe('delivery in trouble', () => {
  const HOUR = 3_600_000;

  it('[A4] a far side that never answers ends the try after a minute, and its channel is failing', async () => {
    const stage = stageDelivery();
    await stage.add(['a']);
    await stage.pass(59_000);
    expect(stage.delivery.health('a').state).toBe('unused');
    await stage.pass(1000);
    expect(stage.delivery.health('a')).toMatchObject({
      state: 'failing',
      problem: 'The message was not taken within 60 s.',
    });
    await stage.pass(6000);
    expect(stage.open()).toEqual(['n1.a', 'n1.a']);
  });

  it('[A4] a clock that is set back keeps no failed message from being tried again', async () => {
    const stage = stageDelivery();
    await stage.add(['a']);
    await stage.answer('a', new DeliveryError('no answer'));
    stage.clock.jump(-HOUR);
    await stage.pass(6000);
    expect(stage.open()).toEqual(['n1.a']);
    await stage.answer('a', new DeliveryError('no answer'));
    expect(stage.delivery.health('a').failing_since).toBeLessThanOrEqual(stage.clock.now());
  });

  it('[A5] a message is not given up because the server was off, or its clock wrong, for a day', async () => {
    const stage = stageDelivery();
    await stage.add(['a']);
    await stage.answer('a', new DeliveryError('no answer'));
    stage.clock.jump(25 * HOUR);
    await stage.pass(1000);
    await stage.answer('a', new DeliveryError('no answer'));
    expect(stage.states()).toEqual(['n1.a waiting']);
  });

  it('[A3] a stop waits for the answer to what is on its way, so that it is not sent again', async () => {
    const stage = stageDelivery();
    await stage.add(['a', 'b']);
    let stopped = false;
    void stage.delivery.stop().then(() => (stopped = true));
    await settle();
    expect(stopped).toBe(false);
    await stage.answer('a', OK);
    await stage.pass(3000);
    expect(stopped).toBe(true);
    await stage.answer('b', OK);
    expect(stage.states()).toEqual(['n1.a sent', 'n1.b waiting']);
  });

  it('[A4] a channel of a kind that this version does not know fails with that reason, and goes on', async () => {
    const stage = stageDelivery([channelOf('a', { kind: 'newer' }), channelOf('b')]);
    await stage.add(['a', 'b']);
    await stage.answer('b', OK);
    expect(stage.states()).toEqual(['n1.a waiting', 'n1.b sent']);
    expect(stage.delivery.health('a').problem).toBe('This server has no channels of the kind "newer".');
  });

  it('[A4] repeated messages to a dead channel do not pile up: the newest takes the place of the others', async () => {
    const stage = stageDelivery();
    await stage.add(['a']);
    await stage.answer('a', new DeliveryError('no answer', { retryAfterMs: HOUR }));
    for (let i = 0; i < 5; i++) await stage.add(['a'], { event: 'repeated' });
    await stage.add(['a'], { event: 'repeated', thread: 'another' });
    expect(stage.states()).toEqual(['n1.a waiting', 'n6.a waiting', 'n7.a waiting']);
  });
});

describe('a channel that is dead', () => {
  function stageRerouting(channels?: readonly ChannelRecord[]) {
    const stage = stageDelivery(channels);
    startRerouting({
      channels: stage.channels.all,
      health: stage.delivery.health,
      outbox: stage.outbox,
      onAdded: (added) => stage.delivery.wake(added.map(({ channel_id }) => channel_id)),
      clock: stage.clock,
    });
    return stage;
  }

  /** Lets the time pass while the channel `a` fails every try. */
  async function failFor(stage: ReturnType<typeof stageRerouting>, ms: number) {
    for (let passed = 0; passed < ms; passed += 5000) {
      await stage.pass(5000);
      while (stage.asked.some(({ channel }) => channel === 'a'))
        await stage.answer('a', new DeliveryError('connection refused'));
    }
  }

  it('[A5] what a channel does not deliver goes out on another one after three minutes, with the reason', async () => {
    const stage = stageRerouting();
    await stage.add(['a']);
    await failFor(stage, 170_000);
    expect(stage.open()).toEqual([]);
    await failFor(stage, 30_000);
    expect(stage.open()).toEqual(['undelivered.n1.a']);
    const told = stage.notifications.get('undelivered.n1.a');
    expect(told?.channel_id).toBe('b');
    expect(told?.note).toMatch(/^The channel "a name" has delivered nothing since .*: connection refused$/);
    expect(told?.alerts.map(({ id }) => id)).toEqual(['alert-1']);
    await stage.answer('b', OK);
    await failFor(stage, 900_000);
    expect(stage.states()).toEqual(['n1.a waiting', 'undelivered.n1.a sent']);
  });

  it('[A5] that a channel is dead is told once where another one delivers the same messages', async () => {
    const stage = stageRerouting();
    for (let i = 0; i < 3; i++) {
      await stage.add(['a', 'b']);
      await stage.answer('b', OK);
      await failFor(stage, 240_000);
      if (i === 0) await stage.answer('b', OK);
    }
    expect(stage.states().filter((state) => state.startsWith('undelivered'))).toEqual([
      'undelivered.n1.a sent',
    ]);
  });

  it('[A5] whoever was told of an outage in place of a dead channel is told of its end', async () => {
    const stage = stageRerouting();
    await stage.add(['a']);
    await failFor(stage, 200_000);
    await stage.answer('b', OK);
    await stage.add(['a'], { event: 'resolved' });
    await failFor(stage, 20_000);
    const told = stage.notifications.get('undelivered.n2.a');
    expect(told).toMatchObject({ channel_id: 'b', event: 'resolved' });
    expect(told?.thread).toBe(stage.notifications.get('undelivered.n1.a')?.thread);
  });

  it('[A5] the end of an outage that nobody else was told of is no news for them', async () => {
    const stage = stageRerouting();
    await stage.add(['a'], { event: 'resolved' });
    await failFor(stage, 300_000);
    expect(stage.open()).toEqual([]);
  });

  it('[A5] a channel that is dead too is not chosen', async () => {
    const stage = stageRerouting([channelOf('a'), channelOf('off', { enabled: false }), channelOf('c')]);
    await stage.add(['a']);
    await failFor(stage, 200_000);
    expect(stage.open()).toEqual(['undelivered.n1.a']);
    expect(stage.notifications.get('undelivered.n1.a')?.channel_id).toBe('c');
  });

  it('[A3] a message that arrives while it is given to another channel is not sent once more', async () => {
    const stage = stageRerouting();
    await stage.add(['a']);
    await failFor(stage, 170_000);
    // A try is on its way when the channel counts as dead.
    stage.delivery.retryNow('a');
    for (let i = 0; i < 3; i++) await stage.pass(10_000);
    expect(stage.open()).toEqual(['n1.a', 'undelivered.n1.a']);
    expect(stage.notifications.get('n1.a')?.rerouted).toBe(true);
    await stage.answer('a', OK);
    expect(stage.notifications.get('n1.a')).toMatchObject({ state: 'sent', rerouted: true });
    await stage.answer('b', OK);
    await stage.pass(600_000);
    expect(stage.open()).toEqual([]);
  });

  it('[A5] that a channel is dead is told later where no other one worked at first', async () => {
    const stage = stageRerouting();
    await stage.add(['a', 'b']);
    await stage.answer('b', OK);
    await stage.channels.put(channelOf('b', { enabled: false }));
    await failFor(stage, 300_000);
    expect(stage.open()).toEqual([]);
    await stage.channels.put(channelOf('b'));
    await failFor(stage, 20_000);
    expect(stage.open()).toEqual(['undelivered.n1.a']);
  });

  it('[A5] where the substitute dies too, a third channel takes over', async () => {
    const stage = stageRerouting([channelOf('a'), channelOf('b'), channelOf('c')]);
    await stage.add(['a']);
    await failFor(stage, 200_000);
    for (let passed = 0; passed < 240_000; passed += 5000) {
      for (const { channel } of [...stage.asked])
        if (channel !== 'c') await stage.answer(channel, new DeliveryError('connection refused'));
      await stage.pass(5000);
    }
    const told = stage.notifications.get('undelivered.undelivered.n1.a');
    expect(told).toMatchObject({ channel_id: 'c', event: 'undelivered', count: 1 });
  });
});
