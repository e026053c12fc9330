import { describe, expect, it } from 'vitest';
import { DeliveryError } from '../../../server/alerts/notify/channel.ts';
import { retryAfterMs } from '../../../server/alerts/notify/delivery.ts';
import { channelOf, OK, settle, stageDelivery } from './delivery-stage.ts';

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

  it('[A5] a message that is added just as its channel finds nothing to send is sent', async () => {
    const stage = stageDelivery();
    await stage.add(['a']);
    const [first] = stage.outbox.all();
    const { waiting } = stage.outbox;
    let isAdded = false;
    Object.assign(stage.outbox, {
      waiting(channelId: string) {
        const found = waiting(channelId);
        if (found.length > 0 || first === undefined || isAdded) return found;
        isAdded = true;
        const tried = { at: 0, ms: 0, request: '', answer: '', worked: false };
        stage.outbox.attempted({ ...first, id: 'n2.a' }, tried, stage.clock.now());
        stage.delivery.wake(['a']);
        return found;
      },
    });
    await stage.answer('a', OK);
    expect(stage.open()).toEqual(['n2.a']);
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
