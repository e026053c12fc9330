import { describe, expect, it } from 'vitest';
import type { ChannelRecord } from '#protocol/notify.ts';
import { DeliveryError } from '../../../server/alerts/notify/channel.ts';
import { startRerouting } from '../../../server/alerts/notify/rerouting.ts';
import { channelOf, OK, stageDelivery } from './delivery-stage.ts';

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
