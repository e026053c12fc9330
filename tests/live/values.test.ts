import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Alert } from '#protocol/alerts.ts';
import { deviceSnapshot, type Target } from '#protocol/live.ts';
import { ALL_MACHINES } from '#protocol/machine-scope.ts';
import { checkFields } from '#protocol/metrics.ts';
import { rowSample, type Sample } from '#protocol/sample.ts';
import { VALUES_LIMITS, valuesChange, valuesSnapshot, type ValuesQuery } from '#protocol/values.ts';
import { alertOf, deviceOf, openStage, type Stage, type Viewer } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

type Scope = Partial<ValuesQuery['scope']>;
const asked = (scope: Scope, fields: string[]): Target => ({
  values: { scope: { ...ALL_MACHINES, ...scope }, fields },
});

/** Subscribes to a values query; resolves with its room's name and its snapshot. */
async function enter(viewer: Viewer, scope: Scope, fields: string[]) {
  const reply = await viewer.subscribe(asked(scope, fields));
  if (!reply.ok) throw new Error(reply.code);
  return { room: reply.snapshot.room, ...valuesSnapshot.parse(reply.snapshot.data) };
}

/** Resolves with the change of this number in the room. */
async function change(viewer: Viewer, room: string, seq: number) {
  return valuesChange.parse((await viewer.nextChange((each) => each.room === room && each.seq === seq)).data);
}

const LAYOUT = checkFields(['cpu', 'ram', 'core:0:cpu', 'core:1:cpu']);
/** A sample in columns, as agents send them; NaN: not known. */
const inColumns = (t: number, ...values: number[]): Sample =>
  rowSample(t, { layout: LAYOUT, numbers: Float64Array.from(values), offset: 0 });

describe('a values query', () => {
  it('[L6] it gives the asked fields of the machines in its scope, and nothing else', async () => {
    const viewer = await stage.connect();
    stage.push('a', inColumns(1, 12.34567, 50, 3, 4));
    stage.push('b', { t: 1, values: { cpu: 9, ram: 8, 'core:0:cpu': 7 } });
    const { room, shown } = await enter(viewer, { devices: ['a'] }, ['cpu', 'core:*:cpu', 'nothing']);
    expect(shown).toMatchObject([
      {
        device: { device_id: 'a', status: 'online' },
        samples: { t: [1], fields: { cpu: [12.35], 'core:0:cpu': [3], 'core:1:cpu': [4] } },
      },
    ]);
    stage.push('b', { t: 2, values: { cpu: 9 } });
    stage.push('a', inColumns(2, 13, 51, 3, 4), inColumns(3, 14, 52, NaN, 5));
    expect(await change(viewer, room, 1)).toEqual({
      values: [
        { id: 'a', t: [2, 3], fields: { cpu: [13, 14], 'core:0:cpu': [3, null], 'core:1:cpu': [4, 5] } },
      ],
    });
  });

  it('[L6] machines that push together are one message', async () => {
    const viewer = await stage.connect();
    const { room, shown } = await enter(viewer, {}, ['cpu']);
    expect(shown.map(({ device }) => device.device_id)).toEqual(['a', 'b']);
    stage.push('a', { t: 1, values: { cpu: 1 } });
    stage.push('b', { t: 1, values: { ram: 2 } });
    expect((await change(viewer, room, 1)).values).toEqual([
      { id: 'a', t: [1], fields: { cpu: [1] } },
      // It is known that it pushed.
      { id: 'b', t: [1], fields: {} },
    ]);
  });

  it('[L1] viewers that ask for the same in another order share a room, and one that asks for more does not', async () => {
    const [one, other] = [await stage.connect(), await stage.connect()];
    const { room } = await enter(one, { devices: ['b', 'a'] }, ['ram', 'cpu']);
    expect((await enter(other, { devices: ['a', 'b'] }, ['cpu', 'ram', 'cpu'])).room).toBe(room);
    expect((await enter(other, { devices: ['a', 'b'] }, ['cpu'])).room).not.toBe(room);
    stage.push('a', { t: 1, values: { cpu: 1 } });
    expect(await change(other, room, 1)).toEqual(await change(one, room, 1));
  });

  it('machines that join, are tagged or named otherwise, or are removed come into the scope or leave it', async () => {
    const viewer = await stage.connect();
    const { room, shown } = await enter(viewer, { tags: ['web'], name: 'db-*' }, ['cpu']);
    expect(shown).toEqual([]);
    const tell = (id: string, facts: { name?: string; tags?: string[] }) => {
      stage.facts.set(id, facts);
      stage.live.deviceChanged({ ...deviceOf(id), ...facts });
    };
    stage.push('a', { t: 1, values: { cpu: 1 } });
    tell('a', { tags: ['web'] });
    stage.push('a', { t: 2, values: { cpu: 2 } });
    expect(await change(viewer, room, 1)).toMatchObject({
      shown: [{ device: { device_id: 'a', tags: ['web'] }, samples: { t: [2], fields: { cpu: [2] } } }],
    });
    tell('b', { name: 'db-1' });
    tell('a', { tags: ['web', 'new'] });
    const second = await change(viewer, room, 2);
    expect(second.shown?.map(({ device, samples }) => [device.device_id, samples])).toEqual([
      ['b', { t: [], fields: {} }],
      ['a', undefined],
    ]);
    tell('a', { tags: [] });
    stage.push('a', { t: 3, values: { cpu: 3 } });
    expect(await change(viewer, room, 3)).toEqual({ removed: ['a'] });
    stage.devices.delete('b');
    stage.live.deviceRemoved('b');
    expect(await change(viewer, room, 4)).toEqual({ removed: ['b'] });
  });

  it('a machine that goes offline is told to those who show it', async () => {
    const viewer = await stage.connect();
    const { room } = await enter(viewer, { devices: ['a'] }, ['cpu']);
    stage.live.deviceChanged(deviceOf('b'));
    stage.live.deviceChanged(deviceOf('a'));
    const { shown } = await change(viewer, room, 1);
    expect(shown?.map(({ device }) => device.device_id)).toEqual(['a']);
  });

  it('the agents of few machines push every second while they are asked for, those of many do not', async () => {
    const viewer = await stage.connect();
    for (let i = 0; i < VALUES_LIMITS.closely; i++) stage.devices.add(`device-${i}`);
    const all = await enter(viewer, {}, ['cpu']);
    expect(stage.live.isWatched('a')).toBe(false);
    // Of many machines, the newest sample of each push is enough.
    stage.push('a', { t: 1, values: { cpu: 1 } }, { t: 2, values: { cpu: 2 } });
    expect((await change(viewer, all.room, 1)).values).toMatchObject([{ t: [2] }]);
    const few = await enter(viewer, { devices: ['a', 'b'] }, ['cpu']);
    expect([stage.live.isWatched('a'), stage.live.isWatched('device-0')]).toEqual([true, false]);
    viewer.client.emit('unsubscribe', few.room);
    await viewer.subscribe('alerts');
    expect(stage.live.isWatched('a')).toBe(false);
  });

  it('a query can be left before its room is known', async () => {
    const viewer = await stage.connect();
    const target = asked({ devices: ['a'] }, ['cpu']);
    let answered = 0;
    viewer.client.emit('subscribe', target, () => answered++);
    viewer.client.emit('unsubscribe', target);
    await viewer.subscribe('alerts');
    stage.push('a', { t: 1, values: { cpu: 1 } });
    await viewer.subscribe('alerts');
    expect([stage.live.isWatched('a'), viewer.changes]).toEqual([false, []]);
  });

  it('[L3] a large snapshot comes in parts', async () => {
    const viewer = await stage.connect();
    for (let i = 0; i < 5000; i++) stage.devices.add(`device-${i}`);
    const first = await viewer.subscribe(asked({}, ['cpu']));
    if (!first.ok) throw new Error(first.code);
    const ids = new Set<string>();
    let { snapshot } = first;
    for (;;) {
      const { shown } = valuesSnapshot.parse(snapshot.data);
      for (const { device } of shown) ids.add(device.device_id);
      if (snapshot.left === undefined) break;
      const next = await viewer.part(snapshot.room);
      if (!next.ok) throw new Error(next.code);
      snapshot = next.snapshot;
    }
    expect(first.snapshot.left).toBeGreaterThan(0);
    expect(ids.size).toBe(5002);
  });

  it('[S5] what is no query, or finds too many values, is refused, and no room is left open', async () => {
    const viewer = await stage.connect();
    const wrong: unknown[] = [
      { values: { scope: ALL_MACHINES } },
      { values: { scope: ALL_MACHINES, fields: [''] } },
      { values: { scope: ALL_MACHINES, fields: ['cpu'], more: 1 } },
      { values: { scope: { ...ALL_MACHINES, tags: ['no tag'] }, fields: [] } },
      { values: { scope: ALL_MACHINES, fields: Array(VALUES_LIMITS.fields + 1).fill('cpu') } },
      null,
      7,
    ];
    for (const target of wrong) expect(await viewer.ask(target)).toEqual({ ok: false, code: 'invalid' });
    // The names that the server gives are no targets.
    expect(await viewer.ask('values:1')).toEqual({ ok: false, code: 'unknown_room' });
    const values = Object.fromEntries(Array.from({ length: 2100 }, (_, i) => [`queue:${i}:length`, i]));
    for (let i = 0; i < 100; i++) {
      stage.devices.add(`device-${i}`);
      stage.push(`device-${i}`, { t: 1, values });
    }
    expect(await viewer.ask(asked({}, ['queue:*:length']))).toEqual({ ok: false, code: 'too_large' });
    expect(await viewer.ask(asked({ devices: ['device-1'] }, ['queue:*:length']))).toMatchObject({
      ok: true,
    });
    expect(stage.live.isWatched('device-0')).toBe(false);
  });
});

describe('[W1] a display', () => {
  const HEADERS = { cookie: 'session=wall', origin: 'https://watch.example' };
  let seen: Set<string>;
  let display: Viewer;
  let person: Viewer;
  beforeEach(async () => {
    seen = new Set(['a']);
    const sight = { key: 'link-1', has: (id: string) => seen.has(id) };
    const wall = { sessionId: 'wall', username: 'Lobby', role: 'display' as const, expiresAt: 1e15, sight };
    stage.sessions.set('wall', wall);
    person = await stage.connect();
    display = await stage.connect(HEADERS, { as: 'display' });
  });

  it('[W1] a connection says whose cookie counts', () => {
    expect(stage.visitors).toEqual(['person', 'display']);
  });

  it('[W1] its fleet, alerts and values are those of its machines, and no other machine exists', async () => {
    const fleet = await display.subscribe('fleet');
    expect(fleet).toMatchObject({ ok: true, snapshot: { data: { devices: [{ device_id: 'a' }] } } });
    const alerts = await display.subscribe('alerts');
    expect(alerts).toMatchObject({ ok: true, snapshot: { data: { alerts: [{ device_id: 'a' }] } } });
    const { room, shown } = await enter(display, { devices: ['a', 'b'] }, ['cpu']);
    expect(shown.map(({ device }) => device.device_id)).toEqual(['a']);
    expect((await display.subscribe('device:a')).ok).toBe(true);
    expect(await display.subscribe('device:b')).toEqual({ ok: false, code: 'not_found' });
    stage.push('b', { t: 1, values: { cpu: 1 } });
    stage.live.deviceChanged(deviceOf('b'));
    stage.live.alertsChanged([{ ...alertOf('y'), device_id: 'b' }]);
    stage.push('a', { t: 2, values: { cpu: 2 } });
    await change(display, room, 1);
    await person.subscribe('alerts');
    expect(JSON.stringify(display.changes)).not.toContain('"b"');
  });

  it('[W1] it does not hear of a machine out of sight on which one of its machines depends', async () => {
    stage.facts.set('a', { parent: 'b' });
    const seenDevice = async (viewer: Viewer) => {
      const reply = await viewer.subscribe('device:a');
      return deviceSnapshot.parse(reply.ok && reply.snapshot.data).device;
    };
    expect((await seenDevice(person)).parent).toBe('b');
    expect((await seenDevice(display)).parent).toBeNull();
    await display.subscribe('alerts');
    const muted = { by: 'dependency' as const, id: 'b', name: 'b', until: null };
    stage.live.alertsChanged([{ ...alertOf('y'), muted }]);
    stage.live.deviceChanged(deviceOf('a'));
    await display.nextChange((each) => each.room.startsWith('alerts'));
    await display.nextChange((each) => each.room.startsWith('seen'));
    expect(JSON.stringify(display.changes)).not.toContain('"b"');
  });

  it('[W1] a display is told that an alert is taken on and muted, and neither by whom nor what they wrote', async () => {
    stage.sessions.set('tv', { sessionId: 'tv', username: 'tv', role: 'display', expiresAt: 1e15 });
    // A person with the role of displays signs in on a screen, too.
    const account = await stage.connect({ ...HEADERS, cookie: 'session=tv' });
    const told: Alert = {
      ...alertOf('x'),
      state: 'acknowledged',
      acknowledged: { at: 2, by: 'ann', comment: 'Ann is on it' },
      comments: [{ at: 3, by: 'ann', text: 'Ann sees smoke' }],
      events: [{ at: 2, what: 'acknowledged', by: 'ann', text: 'Ann is on it' }],
      muted: { by: 'silence', id: 's', name: 'while Ann looks', until: null },
    };
    stage.alerts.splice(0, 1, told);
    for (const viewer of [display, account]) {
      const { ok, ...reply } = await viewer.subscribe('alerts');
      expect(ok).toBe(true);
      stage.live.alertsChanged([told]);
      const changed = await viewer.nextChange((each) => each.room.startsWith('alerts'));
      for (const text of [reply, changed].map((each) => JSON.stringify(each))) {
        expect(text).toContain('"state":"acknowledged","timestamp"');
        expect(text).toContain('"muted":{"by":"silence"');
        expect(text).not.toMatch(/ann/i);
      }
    }
    expect(JSON.stringify(await person.subscribe('alerts'))).toContain('Ann sees smoke');
  });

  it('[W1] displays of one link share their rooms, and share none with people or by another’s name', async () => {
    const again = await stage.connect(HEADERS, { as: 'display' });
    const rooms = await Promise.all([display, again, person].map((viewer) => enter(viewer, {}, ['cpu'])));
    expect(rooms[0]?.room).toBe(rooms[1]?.room);
    expect(rooms[2]?.room).not.toBe(rooms[0]?.room);
    const fleets = await Promise.all([display, again].map((viewer) => viewer.subscribe('fleet')));
    const names = fleets.map((reply) => (reply.ok ? reply.snapshot.room : ''));
    expect(names[0]).toBe(names[1]);
    expect(names[0]).toMatch(/^fleet:\d+$/);
    expect(await person.subscribe(names[0] ?? '')).toEqual({ ok: false, code: 'unknown_room' });
  });

  it('[W1] when its machines change it is told to ask again, also for a machine that it may not see any more', async () => {
    const fleet = await display.subscribe('fleet');
    await display.subscribe('alerts');
    const device = await display.subscribe('device:a');
    await person.subscribe('device:a');
    const { room } = await enter(display, {}, ['cpu']);
    if (!fleet.ok || !device.ok) throw new Error('it is refused');
    expect(device.snapshot.room).toMatch(/^seen:/);
    seen.delete('a');
    seen.add('b');
    stage.live.sightChanged('link-1');
    const gap = (name: string) => display.nextChange((each) => each.room.startsWith(name) && each.seq !== 1);
    await Promise.all(['fleet', 'alerts', room, device.snapshot.room].map(gap));
    expect(await display.subscribe('fleet')).toMatchObject({
      snapshot: { data: { devices: [{ device_id: 'b' }] } },
    });
    expect(await display.subscribe('device:a')).toEqual({ ok: false, code: 'not_found' });
    const { shown } = await enter(display, {}, ['cpu']);
    expect(shown.map(({ device }) => device.device_id)).toEqual(['b']);
    stage.live.deviceChanged(deviceOf('a'));
    await person.nextChange((each) => each.room === 'device:a');
    await display.subscribe('alerts');
    expect(display.changes.filter((each) => each.room === device.snapshot.room)).toHaveLength(1);
  });

  it('[W1] displays of other links are not disturbed', async () => {
    await display.subscribe('alerts');
    stage.live.sightChanged('link-2');
    await display.subscribe('fleet');
    expect(display.changes).toEqual([]);
  });
});
