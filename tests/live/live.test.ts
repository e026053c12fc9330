import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  alertsChange,
  alertsSnapshot,
  deviceChange,
  deviceSnapshot,
  fleetChange,
  fleetSnapshot,
} from '#protocol/live.ts';
import { alertOf, COOKIE, deviceOf, once, openStage, ORIGIN, refusal, type Stage } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const push = (deviceId: string, t: number, values: Record<string, number>) =>
  stage.live.values({ deviceId, samples: [{ t, values }] });

describe('rooms', () => {
  it('[L1] a subscription gives one snapshot, then changes numbered from it on', async () => {
    const viewer = await stage.connect();
    const reply = await viewer.subscribe('fleet');
    expect(reply).toMatchObject({ ok: true, snapshot: { room: 'fleet', seq: 0, at: 1_000_000 } });
    if (reply.ok) expect(fleetSnapshot.parse(reply.snapshot.data).devices).toHaveLength(2);

    push('a', 10, { cpu: 12.34567, net_tx: 123456.7 });
    push('b', 11, { cpu: 1 });
    const first = await viewer.change(({ seq }) => seq === 1);
    expect(fleetChange.parse(first.data)).toEqual({
      values: {
        id: ['a', 'b'],
        t: [10, 11],
        cpu: [12.35, 1],
        ram: [null, null],
        disk: [null, null],
        net_tx: [123457, null],
        net_rx: [null, null],
      },
    });
    stage.live.device(deviceOf('b'));
    const second = await viewer.change(({ seq }) => seq === 2);
    expect(fleetChange.parse(second.data).devices?.[0]?.device_id).toBe('b');
    expect(viewer.changes.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('[L1] who comes later gets the number that the next change follows', async () => {
    const early = await stage.connect();
    await early.subscribe('fleet');
    push('a', 10, { cpu: 1 });
    await early.change(({ seq }) => seq === 1);
    const late = await stage.connect();
    push('a', 20, { cpu: 2 });
    // What was gathered belongs to the snapshot: it goes to the others before it is taken.
    const reply = await late.subscribe('fleet');
    expect(reply).toMatchObject({ ok: true, snapshot: { seq: 2 } });
    push('a', 30, { cpu: 3 });
    await Promise.all([early.change(({ seq }) => seq === 3), late.change(({ seq }) => seq === 3)]);
    expect(late.changes.map(({ seq }) => seq)).toEqual([3]);
    expect(early.changes.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it('[L1] after a gap a new subscription of the same room goes on from its number', async () => {
    const viewer = await stage.connect();
    await viewer.subscribe('fleet');
    push('a', 10, { cpu: 1 });
    await viewer.change(({ seq }) => seq === 1);
    const again = await viewer.subscribe('fleet');
    expect(again).toMatchObject({ ok: true, snapshot: { seq: 1 } });
    push('a', 20, { cpu: 1 });
    await viewer.change(({ seq }) => seq === 2);
    expect(viewer.changes.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('of a device get every sample, column by column, and the whole device where it changed', async () => {
    const viewer = await stage.connect();
    const reply = await viewer.subscribe('device:a');
    expect(reply.ok && deviceSnapshot.parse(reply.snapshot.data).device.device_id).toBe('a');
    expect(stage.live.watching('a')).toBe(true);
    expect(stage.live.watching('b')).toBe(false);
    stage.live.values({
      deviceId: 'a',
      samples: [
        { t: 1, values: { cpu: 1.123456 } },
        { t: 2, values: { cpu: 2, 'core:0:cpu': 7 } },
      ],
    });
    push('b', 2, { cpu: 99 });
    stage.live.device(deviceOf('a'));
    const change = deviceChange.parse((await viewer.change(() => true)).data);
    expect(change.samples).toEqual({ t: [1, 2], fields: { cpu: [1.1235, 2], 'core:0:cpu': [null, 7] } });
    expect(change.device?.device_id).toBe('a');
  });

  it('never turn back: late samples stay with the history', async () => {
    const viewer = await stage.connect();
    await viewer.subscribe('fleet');
    await viewer.subscribe('device:a');
    push('a', 100, { cpu: 1 });
    push('a', 50, { cpu: 99 });
    const [fleet, device] = await Promise.all([
      viewer.change(({ room }) => room === 'fleet'),
      viewer.change(({ room }) => room === 'device:a'),
    ]);
    expect(fleetChange.parse(fleet.data).values?.t).toEqual([100]);
    expect(deviceChange.parse(device.data).samples?.t).toEqual([100]);
  });

  it('tell of a removed device', async () => {
    const viewer = await stage.connect();
    await viewer.subscribe('fleet');
    await viewer.subscribe('device:a');
    push('a', 1, { cpu: 1 });
    stage.live.removed('a');
    const [fleet, device] = await Promise.all([
      viewer.change(({ room }) => room === 'fleet'),
      viewer.change(({ room }) => room === 'device:a'),
    ]);
    expect(fleetChange.parse(fleet.data)).toEqual({ removed: ['a'] });
    expect(deviceChange.parse(device.data)).toEqual({ removed: true });
  });

  it('of alerts have the active ones, then what changes', async () => {
    const viewer = await stage.connect();
    const reply = await viewer.subscribe('alerts');
    expect(reply.ok && alertsSnapshot.parse(reply.snapshot.data).alerts.map(({ id }) => id)).toEqual(['x']);
    stage.live.alerts([alertOf('y')]);
    stage.live.alerts([{ ...alertOf('y'), state: 'resolved', resolved_at: 2, resolution: 'cleared' }]);
    const change = alertsChange.parse((await viewer.change(() => true)).data);
    expect(change.alerts).toMatchObject([{ id: 'y', state: 'resolved' }]);
  });

  it('that do not exist are refused by name', async () => {
    const viewer = await stage.connect();
    expect(await viewer.subscribe('secrets')).toEqual({ ok: false, code: 'unknown_room' });
    expect(await viewer.subscribe('device:')).toEqual({ ok: false, code: 'unknown_room' });
    expect(await viewer.subscribe('device:nobody')).toEqual({ ok: false, code: 'not_found' });
    expect(stage.live.watching('nobody')).toBe(false);
  });

  it('end with their last member', async () => {
    const viewer = await stage.connect();
    await viewer.subscribe('device:a');
    viewer.client.emit('unsubscribe', 'device:a');
    // Messages of one client are handled in order: the reply to this one comes after it left.
    await viewer.subscribe('alerts');
    expect(stage.live.watching('a')).toBe(false);
  });
});

describe('admission', () => {
  it('[L5] without a session, with a forged or an ended one, nobody gets in', async () => {
    for (const cookie of ['', 'session=forged', 'session=good; x']) {
      const error = await refusal(stage.dial({ cookie, origin: ORIGIN }));
      expect(error.message).toBe('unauthenticated');
    }
    stage.ended.add('good');
    await refusal(stage.dial());
    expect(stage.live.viewers()).toBe(0);
  });

  it('from a foreign origin is refused, whatever the cookie', async () => {
    await refusal(stage.dial({ cookie: COOKIE, origin: 'https://evil.example' }));
    expect(stage.live.viewers()).toBe(0);
  });
});

describe('sessions', () => {
  it('[L5] one that is ended loses its connections at once, and no other does', async () => {
    const [gone, stays] = [
      await stage.connect(),
      await stage.connect({ cookie: 'session=other', origin: ORIGIN }),
    ];
    const [bye, closed] = [once(gone.client, 'bye'), once(gone.client, 'disconnect')];
    stage.ended.add('good');
    stage.live.sessionEnded('good');
    expect(await bye).toBe('session_ended');
    await closed;
    expect(stage.live.viewers()).toBe(1);
    expect((await stays.subscribe('fleet')).ok).toBe(true);
  });

  it('[L5] one that runs out, or is revoked unseen, is found within a tick', async () => {
    stage.sessions.set('brief', { sessionId: 'brief', expiresAt: 1_000_500, role: 'admin', username: 'b' });
    const brief = await stage.connect({ cookie: 'session=brief', origin: ORIGIN });
    const other = await stage.connect();
    stage.tick();
    expect(stage.live.viewers()).toBe(2);
    stage.clock.at = 1_000_500;
    stage.ended.add('good');
    const closed = Promise.all([once(brief.client, 'disconnect'), once(other.client, 'disconnect')]);
    stage.tick();
    await closed;
    expect(stage.live.viewers()).toBe(0);
  });

  it('[L4] every client hears a pulse with the server clock', async () => {
    const viewer = await stage.connect();
    const pulse = once(viewer.client, 'pulse');
    stage.tick();
    expect(await pulse).toEqual({ at: 1_000_000 });
  });

  it('a stopping server says so and takes nobody', async () => {
    const viewer = await stage.connect();
    const [bye, closed] = [once(viewer.client, 'bye'), once(viewer.client, 'disconnect')];
    await stage.live.stop();
    expect(await bye).toBe('server_stopping');
    await closed;
    await refusal(stage.dial());
  });
});

describe('limits', () => {
  it('of rooms and of subscriptions a second hold for each connection', async () => {
    const small = await openStage({ limits: { roomsPerViewer: 2, subscribesPerSecond: 4 } });
    try {
      const viewer = await small.connect();
      expect((await viewer.subscribe('fleet')).ok).toBe(true);
      expect((await viewer.subscribe('alerts')).ok).toBe(true);
      expect(await viewer.subscribe('device:a')).toEqual({ ok: false, code: 'forbidden' });
      expect((await viewer.subscribe('fleet')).ok).toBe(true);
      expect(await viewer.subscribe('fleet')).toEqual({ ok: false, code: 'forbidden' });
      small.clock.at += 1000;
      expect((await viewer.subscribe('fleet')).ok).toBe(true);
    } finally {
      await small.close();
    }
  });

  it('a client that sends too much is closed; others go on', async () => {
    const [loud, quiet] = [await stage.connect(), await stage.connect()];
    const closed = once(loud.client, 'disconnect');
    loud.client.emit('unsubscribe', 'x'.repeat(10_000));
    await closed;
    expect((await quiet.subscribe('fleet')).ok).toBe(true);
  });
});
