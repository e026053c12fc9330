/** The fleet's snapshot is made in slices: what happens in between, and who gets it. */
import { setImmediate as nextTick } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fleetSnapshot, subscribeReply, type Envelope, type Target } from '#protocol/live.ts';
import { emptyRecent } from '../../server/fleet/recent-ring.ts';
import { createLog } from '../../server/app/log.ts';
import { Catalogue } from '../../server/live/catalogue.ts';
import { Rooms, type Receive } from '../../server/live/rooms.ts';
import { alertOf, deviceOf, deviceSnapshotOf, openStage, type Stage } from './stage.ts';

const DEVICES = 1000;

/** Rooms over a fleet whose devices and addresses the test changes. */
function openRooms(fault: { row?: string; fleet?: boolean; device?: boolean } = {}) {
  const addresses = new Map(Array.from({ length: DEVICES }, (_, i) => [`device-${i}`, '10.0.0.1']));
  const published: Envelope<unknown>[] = [];
  const members = new Set<unknown>();
  const errors: object[] = [];
  const log = { ...createLog('silent'), error: (facts: object) => void errors.push(facts) };
  const catalogue = new Catalogue(
    {
      fleet() {
        if (fault.fleet === true) throw new Error('no fleet');
        return {
          ids: [...addresses.keys()],
          row(id) {
            if (id === fault.row) throw new Error('no row');
            const ip = addresses.get(id);
            return ip === undefined ? undefined : { device: { ...deviceOf(id), ip }, recent: emptyRecent() };
          },
        };
      },
      device() {
        if (fault.device === true) throw new Error('no device');
        return deviceSnapshotOf('a');
      },
      alerts: { active: () => [alertOf('x')], get: (id) => (id === 'x' ? alertOf('x') : undefined) },
      machines: { ids: () => [], get: () => undefined, newest: () => undefined },
    },
    log,
  );
  const rooms = new Rooms({
    now: () => 1_000_000,
    publish: (change) => published.push(change),
    hasMembers: (name) => members.has(name),
    log,
  });
  /** Asks for the target; `receive` gets the answer. */
  function ask(target: Target, receive: Receive): void {
    const place = catalogue.place(target, { sessionId: 'one', role: 'viewer' });
    if (place === undefined) throw new Error('it cannot be seen');
    rooms.enter(place, receive);
  }
  const enter = (target: Target = 'fleet') =>
    new Promise<Parameters<Receive>[0]>((resolve) => {
      ask(target, (entry) => {
        members.add(target);
        resolve(entry);
      });
    });
  return { addresses, published, rooms, catalogue, ask, enter, errors };
}

/** The snapshot in an entry's reply. */
function snapshotIn(entry: Parameters<Receive>[0]) {
  if (typeof entry === 'string') throw new Error('there is no entry');
  const reply = subscribeReply.parse(JSON.parse(entry.replies[0] ?? 'null'));
  if (!reply.ok) throw new Error('the reply has no snapshot');
  return { seq: reply.snapshot.seq, ...fleetSnapshot.parse(reply.snapshot.data) };
}

describe('the snapshot of a large fleet', () => {
  it('[L1] it is that of one moment: devices that change while it is made are in it as they are in the end', async () => {
    const { addresses, published, catalogue, enter } = openRooms();
    const entered = enter();
    await nextTick();
    addresses.set('device-0', '10.0.0.2');
    catalogue.deviceChanged({ ...deviceOf('device-0'), ip: '10.0.0.2' });
    addresses.set('new', '10.0.0.3');
    catalogue.deviceChanged(deviceOf('new'));
    for (const id of ['device-1', 'device-999']) {
      addresses.delete(id);
      catalogue.deviceRemoved(id);
    }
    const { seq, devices, recent } = snapshotIn(await entered);
    expect(new Map(devices.map(({ device_id, ip }) => [device_id, ip]))).toEqual(addresses);
    expect(new Set(Object.keys(recent))).toEqual(new Set(addresses.keys()));
    // The changes are in the snapshot, so its number is that of the message with them.
    expect(published.map((change) => change.seq)).toEqual([seq]);
  });

  it('[S5] it is made in slices, between which the server does other work, and sent to one viewer a tick', async () => {
    const { enter } = openRooms();
    let ticks = 0;
    const receivedAt: number[] = [];
    const entered = [enter(), enter(), enter()].map((entry) => entry.then(() => receivedAt.push(ticks)));
    for (; receivedAt.length < 3; ticks++) await nextTick();
    await Promise.all(entered);
    expect(receivedAt[0]).toBeGreaterThanOrEqual(10);
    expect(new Set(receivedAt).size).toBe(3);
  });

  it('[L3] the room closes again where nobody enters it with the snapshot', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { ask, catalogue, published } = openRooms();
      await new Promise<unknown>((resolve) => ask('fleet', resolve));
      await nextTick();
      for (const changes of [1, 1]) {
        catalogue.deviceChanged(deviceOf('device-0'));
        vi.advanceTimersByTime(1000);
        expect(published).toHaveLength(changes);
      }
    } finally {
      vi.useRealTimers();
    }
  });

  it('[L3] a row that cannot be made is left out and logged, and all others arrive', async () => {
    const { enter, errors } = openRooms({ row: 'device-500' });
    const { devices } = snapshotIn(await enter());
    expect(devices).toHaveLength(DEVICES - 1);
    expect(errors).toMatchObject([{ err: { message: 'no row' }, device_id: 'device-500' }]);
  });

  it('[L3] a snapshot that cannot be made is logged, and made for those who ask later', async () => {
    const fault = { fleet: true };
    const { enter, errors } = openRooms(fault);
    expect(await Promise.all([enter(), enter()])).toEqual(['failed', 'failed']);
    expect(errors).toMatchObject([{ err: { message: 'no fleet' } }, { err: { message: 'no fleet' } }]);
    fault.fleet = false;
    expect(snapshotIn(await enter()).devices).toHaveLength(DEVICES);
  });

  it('[L3] a device that cannot be shown is logged and disturbs no other room', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const fault = { device: false };
      const { enter, catalogue, published, errors } = openRooms(fault);
      for (const target of ['device:a', 'device:b', 'alerts'] as const) await enter(target);
      fault.device = true;
      expect(await enter('device:c')).toBe('failed');
      catalogue.deviceChanged(deviceOf('a'));
      catalogue.alertsChanged([alertOf('x')]);
      vi.advanceTimersByTime(1000);
      expect(published.map(({ room }) => room)).toEqual(['alerts']);
      expect(errors).toHaveLength(2);
    } finally {
      vi.useRealTimers();
    }
  });

  it('a stop while it is made sends nothing more, and those who wait get nothing', async () => {
    const { published, rooms, catalogue, ask } = openRooms();
    const entries: Parameters<Receive>[0][] = [];
    ask('fleet', (entry) => entries.push(entry));
    catalogue.deviceChanged(deviceOf('device-1'));
    rooms.stop();
    for (let tick = 0; tick < DEVICES; tick++) await nextTick();
    expect([published, entries]).toEqual([[], []]);
  });
});

describe('viewers that wait for it', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await openStage();
    for (let i = 0; i < DEVICES; i++) stage.devices.add(`device-${i}`);
  });
  afterEach(() => stage.close());

  it('[L1] a viewer that leaves the room before its snapshot is made gets neither that nor a change', async () => {
    const [left, stayed] = [await stage.connect(), await stage.connect()];
    let answered = false;
    left.client.emit('subscribe', 'fleet', () => (answered = true));
    left.client.emit('unsubscribe', 'fleet');
    expect((await stayed.subscribe('fleet')).ok).toBe(true);
    stage.live.deviceChanged(deviceOf('device-0'));
    await stayed.nextChange(({ seq }) => seq === 1);
    // What the server sent before this answer has arrived.
    expect((await left.subscribe('alerts')).ok).toBe(true);
    expect([answered, left.changes]).toEqual([false, []]);
  });
});
