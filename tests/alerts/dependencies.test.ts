import { describe, expect, it } from 'vitest';
import { createDependencies, dependencyProblem } from '../../server/alerts/dependencies.ts';
import type { DeviceRecord } from '../../server/state/records.ts';
import { handClock } from '../fleet/hand-clock.ts';
import { deviceRecordOf, memoryCollection } from '../state/memory-collection.ts';
import { offlineRule, openAlerts, rule } from './stage.ts';

/** A site: a router, a switch behind it, two servers behind that, and a machine elsewhere. */
const SITE = [
  deviceRecordOf('router'),
  deviceRecordOf('switch', { parent: 'router', parent_of_tag: 'site:berlin' }),
  deviceRecordOf('one', { tags: ['site:berlin'] }),
  deviceRecordOf('two', { tags: ['site:berlin'] }),
  deviceRecordOf('elsewhere'),
];

/** Alerts about machines that depend on one another, on one clock that the test moves. */
function openSite(records: readonly DeviceRecord[] = SITE) {
  const clock = handClock();
  const devices = memoryCollection(records);
  const offline = new Set<string>();
  const open = (mutedBefore: readonly string[] = []) =>
    createDependencies({
      devices,
      isOffline: (id) => offline.has(id),
      mutedBefore,
      clock,
      onChange: () => stage.alerts.mutesChanged(),
    });
  let dependencies = open();
  const stage = openAlerts([offlineRule('off'), rule('cpu', 'warning', { for_s: 0 })], {
    now: clock.now,
    every: clock.every,
    deviceOf: (id) => {
      const record = devices.get(id);
      return record && { name: record.hostname, tags: record.tags };
    },
    muteOf: (alert) => dependencies.muteOf(alert.device_id, alert),
  });
  function set(deviceId: string, status: 'online' | 'offline'): void {
    if (status === 'offline') offline.add(deviceId);
    else offline.delete(deviceId);
    dependencies.statusChanged({ deviceId, status });
    stage.alerts.statusChanged({ deviceId, status, at: clock.now(), lastSeen: clock.now() - 15_000 });
  }
  return {
    clock,
    devices,
    reported: stage.reported,
    set,
    dependencies: () => dependencies,
    restart() {
      dependencies.stop();
      const before = stage.alerts.active().flatMap(({ muted }) => (muted === null ? [] : [muted.id]));
      dependencies = open(before);
      stage.restart();
    },
    /** Each active alert's device, and who mutes it. */
    muted: () =>
      Object.fromEntries(
        stage.alerts.active().map(({ device_id, muted }) => [device_id, muted?.name ?? null]),
      ),
    alerts: () => stage.alerts,
  };
}

describe('machines behind a parent that is offline', () => {
  it('[A6] the offline alerts of all machines behind a router are raised, and muted by the router', () => {
    const site = openSite();
    site.set('one', 'offline');
    site.set('elsewhere', 'offline');
    expect(site.muted()).toEqual({ one: null, elsewhere: null });
    for (const id of ['router', 'switch', 'two']) site.set(id, 'offline');
    expect(site.muted()).toEqual({
      router: null,
      switch: 'router',
      one: 'router',
      two: 'router',
      elsewhere: null,
    });
    expect(site.alerts().active()[0]).toMatchObject({ muted: { by: 'dependency', until: null } });
  });

  it('[A5] a machine that is not back two minutes after its parent is not muted any more', () => {
    const site = openSite();
    for (const id of ['router', 'switch', 'one', 'two']) site.set(id, 'offline');
    for (const id of ['router', 'switch']) site.set(id, 'online');
    site.set('one', 'online');
    site.clock.pass(119_999);
    expect(site.muted()).toEqual({ two: 'router' });
    site.clock.pass(1);
    expect(site.muted()).toEqual({ two: null });
    expect(site.reported.at(-1)).toMatchObject({ device_id: 'two', muted: null });
  });

  it('[A3] a restart between the return of a parent and that of its machines mutes them for two more minutes', () => {
    const site = openSite();
    for (const id of ['router', 'switch', 'one']) site.set(id, 'offline');
    for (const id of ['router', 'switch']) site.set(id, 'online');
    site.clock.pass(60_000);
    site.restart();
    expect(site.muted()).toEqual({ one: 'router' });
    expect(site.reported).toEqual([]);
    site.clock.pass(120_000);
    expect(site.muted()).toEqual({ one: null });
  });

  it('[A6] only that a machine is offline is muted: what it says of itself is not', () => {
    const { dependencies, set } = openSite();
    set('router', 'offline');
    expect(dependencies().muteOf('one', { metric: 'cpu' })).toBeNull();
    expect(dependencies().muteOf('one', { metric: 'offline' })).toMatchObject({ id: 'router' });
  });

  it('[A6] a new parent counts as soon as it is set', async () => {
    const site = openSite();
    site.set('router', 'offline');
    site.set('elsewhere', 'offline');
    await site.devices.put(deviceRecordOf('elsewhere', { parent: 'router' }));
    site.dependencies().edited();
    site.alerts().rulesChanged();
    expect(site.muted()).toEqual({ router: null, elsewhere: 'router' });
  });

  it('machines that depend on one another in a circle, as by a tag, end in no endless search', () => {
    const site = openSite([
      deviceRecordOf('x', { parent: 'y' }),
      deviceRecordOf('y', { parent: 'x', tags: ['t'] }),
      deviceRecordOf('z', { parent_of_tag: 't', tags: ['t'] }),
    ]);
    for (const id of ['x', 'y', 'z']) site.set(id, 'offline');
    expect(Object.keys(site.muted())).toHaveLength(3);
  });
});

describe('setting what a machine depends on', () => {
  const devices = memoryCollection(SITE);
  const problem = (id: string, changes: Partial<DeviceRecord>) =>
    dependencyProblem({ ...deviceRecordOf(id), ...devices.get(id), ...changes }, devices);

  it('a circle is refused with the names of the machines in it, also one over a tag', () => {
    expect(problem('router', { parent: 'one' })).toBe(
      'Machines cannot depend on one another in a circle: router → one → switch → router.',
    );
    expect(problem('router', { tags: ['site:berlin'] })).toMatch(/in a circle: router → switch → router/);
    expect(problem('one', { parent_of_tag: 'core' })).toBeUndefined();
  });

  it('a machine cannot depend on itself or on one that does not exist', () => {
    expect(problem('one', { parent: 'one' })).toBe('A machine cannot depend on itself.');
    expect(problem('one', { parent: 'gone' })).toBe('There is no machine with the id gone.');
    expect(problem('one', { parent: 'elsewhere' })).toBeUndefined();
  });

  it('a machine whose parent was removed can still be renamed', () => {
    const orphan = deviceRecordOf('orphan', { parent: 'gone' });
    const all = memoryCollection([orphan]);
    expect(dependencyProblem({ ...orphan, name: 'New' }, all)).toBeUndefined();
  });

  it('more than eight levels are refused', () => {
    const chain = Array.from({ length: 10 }, (_, i) =>
      deviceRecordOf(`m${i}`, { parent: i === 0 ? null : `m${i - 1}` }),
    );
    const all = memoryCollection(chain.slice(0, 9));
    expect(dependencyProblem(chain[8] ?? deviceRecordOf('x'), all)).toBeUndefined();
    expect(dependencyProblem(chain[9] ?? deviceRecordOf('x'), all)).toMatch(/over 8 levels/);
  });
});
