import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MOST_LIVE_ALERTS } from '#protocol/alerts.ts';
import {
  alertsChange,
  alertsSnapshot,
  deviceChange,
  deviceSnapshot,
  fleetChange,
  fleetSnapshot,
  joinParts,
} from '#protocol/live.ts';
import { ALL_MACHINES } from '#protocol/machine-scope.ts';
import { valuesChange } from '#protocol/values.ts';
import { alertOf, COOKIE, deviceOf, once, openStage, ORIGIN, refusal, type Stage } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const push = (deviceId: string, t: number, values: Record<string, number>) =>
  stage.live.pushAccepted({ deviceId, current: [{ t, values }] });

describe('rooms', () => {
  it('[L1] a subscription gives one snapshot, then changes numbered from it on', async () => {
    const viewer = await stage.connect();
    const reply = await viewer.subscribe('fleet');
    expect(reply).toMatchObject({ ok: true, snapshot: { room: 'fleet', seq: 0, at: 1_000_000 } });
    if (reply.ok) expect(fleetSnapshot.parse(reply.snapshot.data).devices).toHaveLength(2);

    push('a', 10, { cpu: 12.34567, net_tx: 123456.7 });
    push('b', 11, { cpu: 1 });
    const first = await viewer.nextChange(({ seq }) => seq === 1);
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
    stage.live.deviceChanged(deviceOf('b'));
    const second = await viewer.nextChange(({ seq }) => seq === 2);
    expect(fleetChange.parse(second.data).devices?.[0]?.device_id).toBe('b');
    expect(viewer.changes.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('[L1] a later viewer gets a snapshot with the number of the last change', async () => {
    const early = await stage.connect();
    await early.subscribe('fleet');
    push('a', 10, { cpu: 1 });
    await early.nextChange(({ seq }) => seq === 1);
    const late = await stage.connect();
    push('a', 20, { cpu: 2 });
    // After a second the snapshot is made anew.
    stage.clock.at += 1000;
    // The snapshot contains the pending change, so the server sends that change to the early viewer first.
    const reply = await late.subscribe('fleet');
    expect(reply).toMatchObject({ ok: true, snapshot: { seq: 2 } });
    push('a', 30, { cpu: 3 });
    await Promise.all([early.nextChange(({ seq }) => seq === 3), late.nextChange(({ seq }) => seq === 3)]);
    expect(late.changes.map(({ seq }) => seq)).toEqual([3]);
    expect(early.changes.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it('[L1] a second subscription of the same room goes on from its current number', async () => {
    const viewer = await stage.connect();
    await viewer.subscribe('fleet');
    push('a', 10, { cpu: 1 });
    await viewer.nextChange(({ seq }) => seq === 1);
    stage.clock.at += 1000;
    const again = await viewer.subscribe('fleet');
    expect(again).toMatchObject({ ok: true, snapshot: { seq: 1 } });
    push('a', 20, { cpu: 1 });
    await viewer.nextChange(({ seq }) => seq === 2);
    expect(viewer.changes.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('[L6] the room of a device has no values, and tells when anything else of it changes, its fields too', async () => {
    const viewer = await stage.connect();
    stage.push('a', { t: 1, values: { cpu: 1 } });
    const reply = await viewer.subscribe('device:a');
    const { device, fields } = deviceSnapshot.parse(reply.ok && reply.snapshot.data);
    expect([device.device_id, device.metrics]).toEqual(['a', {}]);
    expect(fields).toMatchObject({ scalars: ['cpu'], kinds: {} });
    expect(stage.live.isWatched('a')).toBe(true);
    expect(stage.live.isWatched('b')).toBe(false);
    stage.push('a', { t: 2, values: { cpu: 2 } });
    stage.push('a', { t: 3, values: { cpu: 2, 'core:0:cpu': 7 } });
    const first = deviceChange.parse((await viewer.nextChange(({ seq }) => seq === 1)).data);
    expect(first.fields).toMatchObject({ kinds: { core: 1 } });
    stage.live.deviceChanged(deviceOf('a'));
    const second = deviceChange.parse((await viewer.nextChange(({ seq }) => seq === 2)).data);
    expect(second.device?.device_id).toBe('a');
    expect(second.fields?.version).toBe(first.fields?.version);
  });

  it('[F3] current samples are sent in the order of arrival, also after a clock was set back', async () => {
    const viewer = await stage.connect();
    await viewer.subscribe('fleet');
    await viewer.subscribe({ values: { scope: ALL_MACHINES, fields: ['cpu'] } });
    push('a', 100, { cpu: 1 });
    push('a', 50, { cpu: 99 });
    const [fleet, values] = await Promise.all([
      viewer.nextChange(({ room }) => room === 'fleet'),
      viewer.nextChange(({ room }) => room.startsWith('values:')),
    ]);
    expect(fleetChange.parse(fleet.data).values?.t).toEqual([100, 50]);
    expect(valuesChange.parse(values.data).values?.[0]?.t).toEqual([100, 50]);
  });

  it('the removal of a device is sent to the fleet room and to its own room', async () => {
    const viewer = await stage.connect();
    await viewer.subscribe('fleet');
    await viewer.subscribe('device:a');
    push('a', 1, { cpu: 1 });
    stage.live.deviceRemoved('a');
    const [fleet, device] = await Promise.all([
      viewer.nextChange(({ room }) => room === 'fleet'),
      viewer.nextChange(({ room }) => room === 'device:a'),
    ]);
    expect(fleetChange.parse(fleet.data)).toEqual({ removed: ['a'] });
    expect(deviceChange.parse(device.data)).toEqual({ removed: true });
  });

  it('[L3] of very many active alerts the worst are sent, one of each machine first, and another one when that ends', async () => {
    const count = 20 * MOST_LIVE_ALERTS;
    const warning = { severity: 'warning' as const, device_name: 'ключ' };
    const of = (i: number) => ({ ...alertOf(`w${i}`), ...warning, device_id: i % 2 === 0 ? 'a' : 'b' });
    const quiet = { ...alertOf('quiet'), ...warning, device_id: 'c' };
    const quieter = { ...alertOf('quieter'), ...warning, device_id: 'c' };
    const critical = { ...alertOf('critical'), severity: 'critical' as const };
    stage.alerts.splice(0, 1, ...Array.from({ length: count }, (_, i) => of(i)), critical, quiet, quieter);
    const viewer = await stage.connect();
    let reply = await viewer.subscribe('alerts');
    const parts: unknown[] = [];
    while (reply.ok) {
      parts.push(reply.snapshot.data);
      if ((reply.snapshot.left ?? 0) === 0) break;
      reply = await viewer.part('alerts');
    }
    const { alerts, total } = alertsSnapshot.parse(joinParts(parts));
    expect([alerts.length, total]).toEqual([MOST_LIVE_ALERTS, count + 3]);
    expect(alerts.slice(0, 3).map(({ id }) => id)).toEqual(['critical', 'w1', 'quiet']);
    stage.alerts.splice(stage.alerts.indexOf(quiet), 1);
    stage.live.alertsChanged([{ ...quiet, state: 'resolved', resolved_at: 2, resolution: 'cleared' }]);
    const change = alertsChange.parse((await viewer.nextChange(() => true)).data);
    expect(change.alerts.map(({ id, state }) => [id, state])).toEqual([
      ['quieter', 'firing'],
      ['quiet', 'resolved'],
    ]);
    expect(change.total).toBe(count + 2);
  });

  it('[L3] more changes of alerts than are sent at once become a new snapshot', async () => {
    const viewer = await stage.connect();
    await viewer.subscribe('alerts');
    stage.live.alertsChanged(Array.from({ length: MOST_LIVE_ALERTS + 1 }, (_, i) => alertOf(`new${i}`)));
    const change = await viewer.nextChange(() => true);
    expect([change.seq, change.data]).toEqual([2, {}]);
  });

  it('the alerts room gives the active alerts, then each changed alert once in its last state', async () => {
    const viewer = await stage.connect();
    const reply = await viewer.subscribe('alerts');
    expect(reply.ok && alertsSnapshot.parse(reply.snapshot.data).alerts.map(({ id }) => id)).toEqual(['x']);
    stage.live.alertsChanged([alertOf('y')]);
    stage.live.alertsChanged([{ ...alertOf('y'), state: 'resolved', resolved_at: 2, resolution: 'cleared' }]);
    const change = alertsChange.parse((await viewer.nextChange(() => true)).data);
    expect(change.alerts).toMatchObject([{ id: 'y', state: 'resolved' }]);
  });

  it('a subscription of a room or device that does not exist is refused', async () => {
    const viewer = await stage.connect();
    expect(await viewer.subscribe('secrets')).toEqual({ ok: false, code: 'unknown_room' });
    expect(await viewer.subscribe('device:')).toEqual({ ok: false, code: 'unknown_room' });
    expect(await viewer.subscribe('device:nobody')).toEqual({ ok: false, code: 'not_found' });
    expect(stage.live.isWatched('nobody')).toBe(false);
  });

  it('a device is not watched any more when the last viewer has left its room', async () => {
    const viewer = await stage.connect();
    await viewer.subscribe('device:a');
    viewer.client.emit('unsubscribe', 'device:a');
    // The server handles a client's messages in order: its reply to this one comes after the client has left.
    await viewer.subscribe('alerts');
    expect(stage.live.isWatched('a')).toBe(false);
  });
});

describe('admission', () => {
  it('[L5] a client without a session, or with a forged or an ended one, is refused', async () => {
    for (const cookie of ['', 'session=forged', 'session=good; x']) {
      const error = await refusal(stage.dial({ cookie, origin: ORIGIN }));
      expect(error.message).toBe('unauthenticated');
    }
    stage.ended.add('good');
    await refusal(stage.dial());
    expect(stage.live.viewers()).toBe(0);
  });

  it('a connection from a foreign origin is refused even with a valid cookie', async () => {
    await refusal(stage.dial({ cookie: COOKIE, origin: 'https://evil.example' }));
    expect(stage.live.viewers()).toBe(0);
  });
});

describe('sessions', () => {
  it('[L5] a session that is ended loses its connections at once, and no other session does', async () => {
    const [ended, other] = [
      await stage.connect(),
      await stage.connect({ cookie: 'session=other', origin: ORIGIN }),
    ];
    const [bye, closed] = [once(ended.client, 'bye'), once(ended.client, 'disconnect')];
    stage.ended.add('good');
    stage.live.sessionEnded('good');
    expect(await bye).toBe('session_ended');
    await closed;
    expect(stage.live.viewers()).toBe(1);
    expect((await other.subscribe('fleet')).ok).toBe(true);
  });

  it('[L5] a session that expired or ended without a notice loses its connections in a tick', async () => {
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

  it('[L4] every client gets a pulse with the time of the server clock', async () => {
    const viewer = await stage.connect();
    const pulse = once(viewer.client, 'pulse');
    stage.tick();
    expect(await pulse).toEqual({ at: 1_000_000 });
  });

  it('a stopping server tells its viewers and accepts no new ones', async () => {
    const viewer = await stage.connect();
    const [bye, closed] = [once(viewer.client, 'bye'), once(viewer.client, 'disconnect')];
    await stage.live.stop();
    expect(await bye).toBe('server_stopping');
    await closed;
    await refusal(stage.dial());
  });
});

describe('limits', () => {
  it('a connection may be in so many rooms and subscribe so often a second, and no more', async () => {
    const small = await openStage({
      limits: { roomsPerViewer: 2, subscribesPerSecond: 4, subscribesAtOnce: 4 },
    });
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

  it('a client that sends too long a message is disconnected, and the others are not', async () => {
    const [sender, other] = [await stage.connect(), await stage.connect()];
    const closed = once(sender.client, 'disconnect');
    sender.client.emit('unsubscribe', 'x'.repeat(20_000));
    await closed;
    expect((await other.subscribe('fleet')).ok).toBe(true);
  });
});
