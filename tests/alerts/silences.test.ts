import { describe, expect, it } from 'vitest';
import type { SilenceRecord, SilenceScope } from '#protocol/silences.ts';
import { createSilences } from '../../server/alerts/silences.ts';
import { handClock } from '../fleet/hand-clock.ts';
import { memoryCollection } from '../state/memory-collection.ts';
import { openAlerts, rule } from './stage.ts';

const HOUR = 3_600_000;
const ALL: SilenceScope = { devices: [], tags: [], name: '', rules: [], severities: [] };
const silence = (id: string, more: Partial<SilenceRecord> = {}): SilenceRecord => ({
  id,
  kind: 'silence',
  comment: id,
  created_by: 'ann',
  created_at: 0,
  scope: ALL,
  time: { kind: 'once', from: 0, to: 1 },
  ...more,
});
const warning = rule('warn', 'warning', { for_s: 0, clear_for_s: 0 });

/** Alerts whose messages silences hide, on one clock that the test moves. */
function openSilenced(start: readonly SilenceRecord[] = []) {
  const clock = handClock();
  const stored = memoryCollection<SilenceRecord>(start);
  const open = () => createSilences({ silences: stored, clock, onChange: () => stage.alerts.mutesChanged() });
  let silences = open();
  const stage = openAlerts([warning], {
    now: clock.now,
    every: clock.every,
    muteOf: ({ device_id, ...alert }) => {
      const device = stage.devices.get(device_id);
      return device === undefined ? null : silences.muteOf({ id: device_id, ...device }, alert);
    },
  });
  const fires = (value: number, deviceId = 'a') =>
    stage.alerts.pushAccepted({
      deviceId,
      samples: [],
      current: [{ t: clock.now(), values: { cpu: value } }],
      arrived: clock.now(),
      sentAt: clock.now(),
      intervalS: 5,
    });
  return {
    ...stage,
    clock,
    stored,
    fires,
    silences: () => silences,
    async add(record: SilenceRecord) {
      await stored.put(record);
      silences.changed();
    },
    restart(downMs: number) {
      silences.stop();
      clock.jump(downMs);
      silences = open();
      stage.restart();
    },
    /** Who mutes each active alert. */
    muted: () => stage.alerts.active().map(({ muted }) => muted?.name ?? null),
    get alerts() {
      return stage.alerts;
    },
  };
}

describe('a silence over alerts', () => {
  it('[A6] a silence hides messages, never the alert: it is raised and shown, and says who mutes it', async () => {
    const stage = openSilenced();
    const from = stage.clock.now();
    await stage.add(silence('deploy', { time: { kind: 'once', from, to: from + HOUR } }));
    stage.fires(95);
    expect(stage.alerts.active()).toMatchObject([
      { state: 'firing', muted: { by: 'silence', id: 'deploy', name: 'deploy', until: from + HOUR } },
    ]);
    stage.fires(10);
    expect(stage.alerts.all()).toMatchObject([{ state: 'resolved', muted: null }]);
  });

  it('[A6] an alert that fires when a silence begins or ends is reported once for each', async () => {
    const stage = openSilenced();
    const now = stage.clock.now();
    stage.fires(95);
    await stage.add(silence('later', { time: { kind: 'once', from: now + HOUR, to: now + 2 * HOUR } }));
    stage.reported.length = 0;
    stage.clock.pass(HOUR - 1);
    expect(stage.reported).toEqual([]);
    stage.clock.pass(1);
    expect(stage.reported.map(({ muted }) => muted?.name)).toEqual(['later']);
    stage.clock.pass(HOUR - 1);
    expect(stage.reported).toHaveLength(1);
    stage.clock.pass(1);
    expect(stage.reported.map(({ muted }) => muted)).toEqual([
      expect.objectContaining({ id: 'later' }),
      null,
    ]);
  });

  it('[A3] a silence that began or ended while the server was down counts when it is back', async () => {
    const stage = openSilenced();
    const now = stage.clock.now();
    stage.fires(95);
    await stage.add(silence('deploy', { time: { kind: 'once', from: now, to: now + 2 * HOUR } }));
    stage.restart(HOUR);
    expect(stage.reported).toEqual([]);
    expect(stage.muted()).toEqual(['deploy']);
    stage.restart(2 * HOUR);
    expect(stage.reported).toMatchObject([{ muted: null }]);
    await stage.add(silence('again', { time: { kind: 'once', from: now + 4 * HOUR, to: now + 9 * HOUR } }));
    stage.restart(2 * HOUR);
    expect(stage.muted()).toEqual(['again']);
  });

  it('[A6] a nightly silence in Berlin holds from ten to six on the wall, over the night in which the clocks change', async () => {
    const stage = openSilenced();
    stage.clock.jump(Date.parse('2026-03-28T12:00Z') - stage.clock.now());
    stage.fires(95);
    const hours = { days: [1, 2, 3, 4, 5, 6, 7], from: '22:00', to: '06:00', time_zone: 'Europe/Berlin' };
    const time = { kind: 'weekly', hours, from: 0, until: null } as const;
    await stage.add(silence('nights', { time }));
    const changes: string[] = [];
    for (let hour = 0; hour < 48; hour++) {
      const before = stage.muted()[0];
      stage.clock.pass(HOUR);
      const after = stage.muted()[0];
      if (before !== after) changes.push(`${new Date(stage.clock.now()).toISOString()} ${after ?? 'none'}`);
      if (hour === 12) stage.restart(0);
    }
    expect(changes).toEqual([
      '2026-03-28T21:00:00.000Z nights',
      '2026-03-29T04:00:00.000Z none',
      '2026-03-29T20:00:00.000Z nights',
      '2026-03-30T04:00:00.000Z none',
    ]);
  });

  it('[A6] a scope covers machines by id, tag or name, and narrows their alerts by rule and severity', async () => {
    const cases: [Partial<SilenceScope>, boolean][] = [
      [{}, true],
      [{ devices: ['a'] }, true],
      [{ devices: ['b'] }, false],
      [{ tags: ['web'] }, true],
      [{ devices: ['b'], tags: ['web'] }, true],
      [{ name: 'alp*' }, true],
      [{ name: 'x*' }, false],
      [{ rules: ['warn'] }, true],
      [{ devices: ['a'], rules: ['other'] }, false],
      [{ severities: ['critical'] }, false],
    ];
    for (const [scope, covers] of cases) {
      const stage = openSilenced();
      const time = { kind: 'once', from: 0, to: stage.clock.now() + 1 } as const;
      await stage.add(silence('s', { scope: { ...ALL, ...scope }, time }));
      stage.fires(95);
      expect([scope, stage.muted()]).toEqual([scope, [covers ? 's' : null]]);
    }
  });

  it('[A6] a warning that is silenced as such is muted no more once it is critical', async () => {
    const both = rule('warn', 'warning', { for_s: 0, critical: { threshold: 97, clear: 92 } });
    const stage = openSilenced();
    await stage.rules.put(both);
    stage.alerts.rulesChanged();
    const time = { kind: 'once', from: 0, to: stage.clock.now() + HOUR } as const;
    await stage.add(silence('warnings', { scope: { ...ALL, severities: ['warning'] }, time }));
    stage.fires(95);
    expect(stage.muted()).toEqual(['warnings']);
    stage.clock.pass(1000);
    stage.fires(99);
    expect(stage.alerts.active()).toMatchObject([{ severity: 'critical', muted: null }]);
  });

  it('[A6] a machine that gets a tag comes under the silence of that tag', async () => {
    const stage = openSilenced();
    const time = { kind: 'once', from: 0, to: stage.clock.now() + HOUR } as const;
    await stage.add(silence('db', { scope: { ...ALL, tags: ['db'] }, time }));
    stage.fires(95);
    expect(stage.muted()).toEqual([null]);
    stage.devices.set('a', { name: 'Alpha', tags: ['db'] });
    stage.alerts.rulesChanged();
    expect(stage.muted()).toEqual(['db']);
  });
});

describe('the keeping of silences', () => {
  it('one timer waits for the next beginning or end, however many silences there are', async () => {
    const stage = openSilenced();
    const repeating = stage.clock.waiting();
    const now = stage.clock.now();
    for (let i = 1; i <= 20; i++)
      await stage.add(
        silence(`s${i}`, { time: { kind: 'once', from: now + i * HOUR, to: now + 30 * HOUR } }),
      );
    expect(stage.clock.waiting()).toBe(repeating + 1);
    stage.silences().stop();
    expect(stage.clock.waiting()).toBe(repeating);
  });

  it('maintenance is shown on the machines that it covers, until it ends', async () => {
    const stage = openSilenced();
    const until = stage.clock.now() + HOUR;
    const time = { kind: 'once', from: 0, to: until } as const;
    await stage.add(silence('quiet', { time }));
    const machine = { id: 'a', name: 'Alpha', tags: ['web'] };
    expect(stage.silences().maintenanceOf(machine)).toBeNull();
    const scope = { ...ALL, tags: ['web'] };
    await stage.add(silence('update', { kind: 'maintenance', comment: 'Kernel', scope, time }));
    expect(stage.silences().maintenanceOf(machine)).toEqual({ until, name: 'Kernel' });
    expect(stage.silences().maintenanceOf({ ...machine, tags: [] })).toBeNull();
    stage.fires(95);
    expect(stage.alerts.active()).toMatchObject([{ muted: { by: 'maintenance', name: 'Kernel' } }]);
    stage.clock.pass(HOUR);
    expect(stage.silences().maintenanceOf(machine)).toBeNull();
  });

  it('a window about some rules only is not shown as maintenance of the machine', async () => {
    const stage = openSilenced();
    const time = { kind: 'once', from: 0, to: stage.clock.now() + HOUR } as const;
    const scope = { ...ALL, rules: ['warn'] };
    await stage.add(silence('part', { kind: 'maintenance', scope, time }));
    expect(stage.silences().maintenanceOf({ id: 'a', name: 'Alpha', tags: [] })).toBeNull();
  });

  it('silences that ended three months ago are forgotten, and those without an end are kept', async () => {
    const hours = { days: [1], from: '01:00', to: '02:00', time_zone: 'UTC' };
    const stage = openSilenced([
      silence('old'),
      silence('weekly', { time: { kind: 'weekly', hours, from: 0, until: null } }),
    ]);
    const ended = stage.clock.now() - 80 * 24 * HOUR;
    await stage.add(silence('recent', { time: { kind: 'once', from: 0, to: ended } }));
    expect(stage.stored.all().map(({ id }) => id)).toEqual(['weekly', 'recent']);
  });
});
