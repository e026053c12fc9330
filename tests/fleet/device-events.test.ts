import { describe, expect, it } from 'vitest';
import type { Alert } from '#protocol/alerts.ts';
import type { Sample } from '#protocol/sample.ts';
import { createDeviceEvents, type DeviceEvents } from '../../server/fleet/device-events.ts';
import { searchEvents } from '../../server/fleet/event-search.ts';
import type { DeviceEventRecord, DeviceRecord } from '../../server/state/records.ts';
import type { AcceptedPush } from '../../server/types.ts';
import { firing } from '../protocol/firing-alert.ts';
import { deviceRecordOf, memoryCollection } from '../state/memory-collection.ts';
import { handClock, START } from './hand-clock.ts';

interface Given {
  readonly devices?: readonly DeviceRecord[];
  readonly stored?: readonly DeviceEventRecord[];
  readonly status?: 'online' | 'offline';
  readonly uptimes?: ReadonlyMap<string, number>;
}

function open({ devices = [deviceRecordOf('a')], stored = [], status, uptimes = new Map() }: Given = {}) {
  const clock = handClock();
  const collection = memoryCollection(stored);
  const events = createDeviceEvents({
    collection,
    devices,
    fleetOf: () => (status === undefined ? undefined : { status, lastSeen: START - 60_000 }),
    uptimes,
    clock,
  });
  return { clock, collection, events };
}

const words = (events: DeviceEvents, id = 'a') =>
  events.of(id).map(({ kind, before, now }) => [kind, before, now].filter(Boolean).join(' '));
const status = (deviceId: string, to: 'online' | 'offline', at = START) =>
  ({ deviceId, status: to, at, lastSeen: at }) as const;

function pushOf(uptimeS: number, more: Partial<AcceptedPush> = {}): AcceptedPush {
  const sample: Sample = { t: START, values: { uptime_s: uptimeS } };
  const of = { deviceId: 'a', samples: [sample], current: [sample], arrived: START };
  return { ...of, intervalS: 5, sentAt: START, ...more };
}

describe('events of devices', () => {
  it('what a device is told to be now and was before stands in an event for each change', () => {
    const { events } = open();
    const inventory = { agent_version: '1.0.2', os_name: 'Debian', os_version: '12', kernel: '6.1' };
    const joined = deviceRecordOf('b', { inventory });
    events.recordChanged(joined);
    const changed = {
      ...joined,
      hostname: 'b2',
      ip: '5.6.7.8',
      inventory: { ...inventory, agent_version: '1.1.0', kernel: '6.2' },
      token_revoked_at: START,
    };
    events.recordChanged(changed);
    events.recordChanged({ ...changed, tags: ['web'], last_seen: 5 });
    expect(words(events, 'b')).toEqual([
      'joined',
      'hostname b b2',
      'address 1.2.3.4 5.6.7.8',
      'agent 1.0.2 1.1.0',
      'system Debian 12 · 6.1 Debian 12 · 6.2',
      'token_revoked',
    ]);
  });

  it('what a device had not told before is no change', () => {
    const { events } = open();
    events.recordChanged(deviceRecordOf('a', { inventory: { agent_version: '1.0.2' } }));
    expect(words(events)).toEqual([]);
  });

  it('the same system in the words of its inventory, after those of its registration, is no change', () => {
    const { events } = open();
    const joined = deviceRecordOf('b', { os: 'Debian GNU/Linux 12 (bookworm)' });
    events.recordChanged(joined);
    const inventory = { os_name: 'Debian GNU/Linux', os_version: '12' };
    const told = { ...joined, inventory };
    events.recordChanged(told);
    const withKernel = { ...told, inventory: { ...inventory, kernel: '6.1' } };
    events.recordChanged(withKernel);
    expect(words(events, 'b')).toEqual(['joined']);
    events.recordChanged({ ...withKernel, inventory: { ...withKernel.inventory, os_version: '13' } });
    expect(words(events, 'b')).toEqual([
      'joined',
      'system Debian GNU/Linux 12 · 6.1 Debian GNU/Linux 13 · 6.1',
    ]);
  });

  it('a device without an inventory that registers again with another system has another system', () => {
    const { events } = open();
    const joined = deviceRecordOf('b', { os: 'FreeBSD 14.1' });
    events.recordChanged(joined);
    events.recordChanged({ ...joined, os: 'FreeBSD 14.2' });
    expect(words(events, 'b')).toEqual(['joined', 'system FreeBSD 14.1 FreeBSD 14.2']);
  });

  it('an uptime that fell is a restart, at the time that the uptime says, also of the first push after a start', () => {
    const { events } = open({ uptimes: new Map([['a', 5000]]) });
    events.pushAccepted(pushOf(30));
    events.pushAccepted(pushOf(35));
    expect(events.of('a')).toMatchObject([{ kind: 'rebooted', at: START - 30_000 }]);
  });

  it('[F4] two machines that push as one device do not look like one that restarts with each push', () => {
    const { events } = open();
    for (const uptime of [5000, 30, 5001, 31]) events.pushAccepted(pushOf(uptime, { isShared: true }));
    expect(words(events)).toEqual([]);
  });

  it('[F4] the time in which the numbers of two machines were mixed stands between two events, whatever changes meanwhile', () => {
    const { events } = open();
    for (const machines of [['x', 'y'], ['x', 'z'], [], []]) events.sharedBy('a', machines, START);
    expect(events.of('a')).toMatchObject([
      { kind: 'shared', now: 'x, y' },
      { kind: 'alone', now: '' },
    ]);
  });

  it('nothing is written with a push or a change; what is new is saved together, seconds later', () => {
    const { events, collection, clock } = open();
    events.statusChanged(status('a', 'online'));
    events.statusChanged(status('a', 'offline'));
    expect(collection.all()).toEqual([]);
    clock.pass(5000);
    expect(collection.all().map(({ kind }) => kind)).toEqual(['online', 'offline']);
  });

  it('a stop saves what was noticed just before', () => {
    const { events, collection, clock } = open();
    events.statusChanged(status('a', 'online'));
    events.stop();
    expect(collection.all()).toHaveLength(1);
    expect(clock.waiting()).toBe(0);
  });

  it('[F2] after kill -9, the offline that is noticed again is not noted twice', () => {
    const before = open();
    before.events.statusChanged(status('a', 'online'));
    before.events.statusChanged(status('a', 'offline'));
    before.clock.pass(5000);
    const { events } = open({ stored: before.collection.all() });
    events.statusChanged(status('a', 'offline', START + 60_000));
    expect(words(events)).toEqual(['online', 'offline']);
  });

  it('[F2] what kill -9 kept from being saved is made up for at the start', () => {
    const before = open();
    before.events.statusChanged(status('a', 'online'));
    before.clock.pass(5000);
    const { events } = open({ stored: before.collection.all(), status: 'offline' });
    expect(words(events)).toEqual(['online', 'offline']);
  });

  it('[F2] a restart of the server makes no events of devices that stayed as they were, nor of those without any', () => {
    const before = open();
    before.events.statusChanged(status('a', 'online'));
    before.events.stop();
    const devices = [deviceRecordOf('a'), deviceRecordOf('b')];
    const { events } = open({ devices, stored: before.collection.all(), status: 'online' });
    expect([words(events), words(events, 'b')]).toEqual([['online'], []]);
  });

  it('[I8] of one device only the newest events are kept, and those of another stay', () => {
    const { events, collection, clock } = open({ devices: [deviceRecordOf('a'), deviceRecordOf('b')] });
    events.statusChanged(status('b', 'online'));
    for (let i = 0; i < 500; i++) events.statusChanged(status('a', i % 2 === 0 ? 'online' : 'offline', i));
    let record = deviceRecordOf('a');
    for (let i = 0; i < 500; i++) events.recordChanged((record = { ...record, hostname: `name-${i}` }));
    clock.pass(5000);
    expect(events.of('a')).toHaveLength(500);
    expect(
      events
        .of('a')
        .filter(({ kind }) => kind === 'offline')
        .at(-1)?.at,
    ).toBe(499);
    expect(words(events).at(-1)).toBe('hostname name-498 name-499');
    expect(words(events, 'b')).toEqual(['online']);
    expect(collection.all()).toHaveLength(501);
  });

  it('[I8] a network that fails for all machines pushes out no other events, and the oldest of its own', () => {
    const devices = Array.from({ length: 21_000 }, (_, i) => deviceRecordOf(`m-${i}`));
    const { events } = open({ devices });
    events.recordChanged({ ...deviceRecordOf('m-0'), ip: '9.9.9.9' });
    for (const { id } of devices) events.statusChanged(status(id, 'offline'));
    expect(words(events, 'm-0')).toEqual(['address 1.2.3.4 9.9.9.9']);
    expect(words(events, 'm-20999')).toEqual(['offline']);
    expect(devices.filter(({ id }) => words(events, id).includes('offline'))).toHaveLength(20_000);
  });

  it('[I8] a removed device leaves no events behind, not in the file either', () => {
    const { events, collection, clock } = open();
    events.statusChanged(status('a', 'online'));
    clock.pass(5000);
    events.deviceRemoved('a');
    clock.pass(5000);
    expect([words(events), collection.all()]).toEqual([[], []]);
    events.recordChanged(deviceRecordOf('a'));
    expect(words(events)).toEqual(['joined']);
  });

  it('[I8] events of a device that is gone at the start are dropped', () => {
    const before = open();
    before.events.statusChanged(status('a', 'online'));
    before.events.stop();
    const { collection, clock } = open({ devices: [], stored: before.collection.all() });
    clock.pass(5000);
    expect(collection.all()).toEqual([]);
  });
});

describe('the search for events', () => {
  const machines = [
    { id: 'a', name: 'Alpha', tags: [] },
    { id: 'b', name: 'Beta', tags: [] },
  ];
  const noted = (id: string, device_id: string, at: number): DeviceEventRecord => ({
    ...{ id, device_id, at },
    ...{ kind: 'offline', before: '', now: '' },
  });
  const stored = [noted('1', 'a', 100), noted('2', 'b', 300)];
  const sources = {
    machines,
    eventsOf: (id: string) => stored.filter(({ device_id }) => device_id === id),
    alerts: [
      { ...firing, id: 'x', device_id: 'a', timestamp: 200, resolved_at: 400 },
      { ...firing, id: 'y', device_id: 'other', timestamp: 250 },
    ],
    named: (alert: Alert): Alert => ({ ...alert, rule_name: 'as it is called now' }),
  };
  const everything = { from: -Infinity, to: Infinity, kinds: [], limit: 100 };
  const found = (filter: Partial<Parameters<typeof searchEvents>[1]> = {}, of = sources) =>
    searchEvents(of, { ...everything, ...filter }).map(({ kind, at }) => `${kind} ${at}`);

  it('[S5] of very many alerts only those that are listed are named', () => {
    let count = 0;
    const alerts = Array.from({ length: 10_000 }, (_, i) => ({
      ...firing,
      id: `${i}`,
      device_id: 'a',
      timestamp: i,
    }));
    const named = (alert: Alert): Alert => {
      count++;
      return { ...alert, rule_name: 'as it is called now' };
    };
    const events = searchEvents({ ...sources, alerts, named }, { ...everything, limit: 3 });
    expect(events.map(({ at, alert }) => [at, alert?.rule_name])).toEqual(
      [9999, 9998, 9997].map((at) => [at, 'as it is called now']),
    );
    expect(count).toBe(3);
  });

  it('alerts stand among the other events of the machines, the newest first', () => {
    expect(found()).toEqual(['alert_resolved 400', 'offline 300', 'alert_raised 200', 'offline 100']);
  });

  it('only events of the time, the kinds and the machines that are asked for are found', () => {
    expect(found({ from: 200, to: 400 })).toEqual(['offline 300', 'alert_raised 200']);
    expect(found({ kinds: ['offline'] })).toEqual(['offline 300', 'offline 100']);
    expect(found({ limit: 1 })).toEqual(['alert_resolved 400']);
    expect(found({}, { ...sources, machines: machines.slice(1) })).toEqual(['offline 300']);
  });

  it('an event has the name that pages show of its machine', () => {
    expect(searchEvents(sources, everything).map(({ device_name }) => device_name)).toContain('Beta');
  });
});

describe('the newest events of many', () => {
  it('[S5] they are the same as when all were sorted, of any number, in any order', () => {
    let state = 5;
    const next = (below: number) => {
      state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
      return Math.floor((state / 2 ** 32) * below);
    };
    const machines = ['a', 'b', 'c'].map((id) => ({ id, name: id, tags: [] }));
    for (let round = 0; round < 60; round++) {
      const noted = Array.from({ length: next(40) }, (_, i): DeviceEventRecord => {
        const device_id = machines[next(3)]?.id ?? 'a';
        return { id: `n${i}`, device_id, kind: 'address', at: next(1000), before: '', now: '' };
      });
      const alerts = Array.from({ length: next(40) }, (_, i): Alert => {
        const timestamp = next(1000);
        const resolved_at = next(2) === 0 ? null : timestamp + next(50);
        return {
          ...firing,
          id: `x${i}`,
          device_id: ['a', 'b', 'gone'][next(3)] ?? 'a',
          timestamp,
          resolved_at,
        };
      });
      const limit = 1 + next(30);
      const found = searchEvents(
        {
          machines,
          eventsOf: (id) => noted.filter(({ device_id }) => device_id === id),
          alerts,
          named: (alert) => alert,
        },
        { from: 100, to: 900, kinds: [], limit },
      );
      const seen = alerts.filter(({ device_id }) => device_id !== 'gone');
      const times = [
        ...noted.map(({ at }) => at),
        ...seen.map(({ timestamp }) => timestamp),
        ...seen.flatMap(({ resolved_at }) => resolved_at ?? []),
      ];
      const expected = times.filter((at) => at >= 100 && at < 900).sort((a, b) => b - a);
      expect(found.map(({ at }) => at)).toEqual(expected.slice(0, limit));
      expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
    }
  });
});
