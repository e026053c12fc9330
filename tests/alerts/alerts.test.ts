import { describe, expect, it } from 'vitest';
import { fittingRule } from '#protocol/alerts.ts';
import { defaultRules } from '../../server/alerts/default-rules.ts';
import { DEFAULT_LIMITS } from '../../server/alerts/lifecycle.ts';
import { offlineRule, openAlerts, rule, T0 } from './stage.ts';

const warning = rule('warn', 'warning');
const critical = rule('crit', 'critical', { threshold: 97, clear: 92 });

describe('raising and resolving', () => {
  it('[A2] an alert is raised once and resolved once', () => {
    const stage = openAlerts([warning]);
    stage.pushEachSecond(60, { cpu: 95 });
    expect(stage.alerts.active()).toMatchObject([
      {
        rule_id: 'warn',
        rule_name: 'warn',
        device_id: 'a',
        device_name: 'Alpha',
        metric: 'cpu',
        value: 95,
        threshold: 90,
        severity: 'warning',
        state: 'firing',
        timestamp: T0 + 11_000,
        resolved_at: null,
        resolution: null,
      },
    ]);
    stage.pushEachSecond(30, { cpu: 10 });
    expect(stage.alerts.active()).toEqual([]);
    expect(stage.list()).toEqual(['cpu warning resolved cleared']);
    expect(stage.reported.map(({ state }) => state)).toEqual(['firing', 'resolved']);
    expect(stage.alerts.all()[0]?.resolved_at).toBe(T0 + 66_000);
  });

  it('[A2] a rule raises alerts only for devices in its scope', () => {
    const stage = openAlerts([
      { ...warning, scope: { devices: [], tags: ['web'] } },
      { ...rule('only-b', 'warning', { metric: 'ram' }), scope: { devices: ['b'], tags: [] } },
    ]);
    stage.pushEachSecond(20, { cpu: 95, ram: 95 }, 'a');
    stage.pushEachSecond(20, { cpu: 95, ram: 95 }, 'b');
    expect(stage.alerts.active().map(({ device_id, metric }) => `${device_id} ${metric}`)).toEqual([
      'b ram',
      'a cpu',
    ]);
  });

  it('a rule about an instance pattern raises one alert for each instance', () => {
    const stage = openAlerts([rule('mounts', 'warning', { metric: 'mount:*:used' })]);
    stage.pushEachSecond(20, { cpu: 1, 'mount:/:used': 95, 'mount:/var:used': 96, 'mount:/srv:used': 20 });
    expect(
      stage.alerts
        .active()
        .map(({ metric }) => metric)
        .toSorted(),
    ).toEqual(['mount:/:used', 'mount:/var:used']);
    stage.pushEachSecond(320, { cpu: 1, 'mount:/:used': 95 });
    expect(stage.alerts.active().map(({ metric }) => metric)).toEqual(['mount:/:used']);
  });
});

describe('a rule about thousands of fields of one device', () => {
  const mounts = (count: number, used: number, from = 0) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`mount:/m${from + i}:used`, used]));
  const rules = [rule('mounts', 'warning', { metric: 'mount:*:used', for_s: 0, clear_for_s: 0 })];

  it('[I8] at most twenty alerts fire at a time, and the first one counts the other fields', () => {
    const stage = openAlerts(rules);
    stage.pushEachSecond(5, mounts(4000, 95));
    expect(stage.alerts.active()).toHaveLength(20);
    expect(stage.alerts.active().at(-1)).toMatchObject({ metric: 'mount:/m0:used', others: 3980 });
    expect(JSON.stringify(stage.alerts.active()).length).toBeLessThan(20_000);
    stage.pushEachSecond(1, mounts(20, 95), 'b');
    expect(stage.alerts.active().filter(({ device_id }) => device_id === 'b')).toMatchObject(
      Array.from({ length: 20 }, () => ({ others: 0 })),
    );
  });

  it('[I8] an alert that ends makes room for a field that had none, and all end in the end', () => {
    const stage = openAlerts(rules);
    stage.pushEachSecond(1, mounts(30, 95));
    stage.pushEachSecond(61, { ...mounts(30, 95), ...mounts(5, 1) });
    expect(stage.alerts.active()).toHaveLength(20);
    expect(stage.alerts.active().reduce((sum, { others }) => sum + others, 0)).toBe(5);
    stage.pushEachSecond(1, mounts(30, 1));
    expect(stage.alerts.active()).toEqual([]);
    expect(stage.list()).toHaveLength(25);
  });

  it('[I8] fields that flap change what is counted at most once a minute', () => {
    const stage = openAlerts(rules);
    for (let i = 0; i < 30; i++) stage.pushEachSecond(1, mounts(100 + (i % 2) * 50, 95));
    expect(stage.reported.length).toBeLessThan(25);
  });
});

describe('late samples', () => {
  /** One sample each second from `t` on. */
  const samplesFrom = (t: number, seconds: number, cpu: number) =>
    Array.from({ length: seconds }, (_, i) => ({ t: t + i * 1000, values: { cpu } }));

  it('[A1] late samples from a spool raise no alert that is no longer true', () => {
    const stage = openAlerts([warning]);
    stage.clock.at = T0 + 600_000;
    stage.push(samplesFrom(T0, 300, 99), { intervalS: 5 });
    stage.pushEachSecond(5, { cpu: 10 });
    expect(stage.list()).toEqual([]);
  });

  it('[A1] samples older than the newest evaluated one change nothing', () => {
    const stage = openAlerts([warning]);
    stage.pushEachSecond(20, { cpu: 10 });
    stage.push(samplesFrom(stage.clock.at - 19_500, 15, 99));
    expect(stage.list()).toEqual([]);
  });

  it('[A1] a condition that came and went within one push raises no alert', () => {
    const stage = openAlerts([warning]);
    stage.clock.at = T0 + 30_000;
    const samples = [...samplesFrom(T0, 15, 99), ...samplesFrom(T0 + 15_000, 15, 10)];
    stage.push(samples, { intervalS: 30 });
    expect(stage.list()).toEqual([]);
  });

  it('samples of a device whose clock is behind do not count as late', () => {
    const stage = openAlerts([warning]);
    const behindMs = 240_000;
    for (let i = 0; i < 15; i++) {
      stage.clock.at += 1000;
      const sentAt = stage.clock.at - behindMs;
      stage.push([{ t: sentAt, values: { cpu: 99 } }], { sentAt });
    }
    expect(stage.list()).toEqual(['cpu warning firing']);
  });
});

describe('a clock that is set back', () => {
  const at90 = rule('at90', 'warning', { for_s: 0 });

  it('[F3] the alert of a device whose clock was ahead is raised by its first push after the clock was set', () => {
    for (const says of [true, false]) {
      const stage = openAlerts([at90]);
      const aheadMs = 240_000;
      const push = (t: number, cpu: number) =>
        stage.push([{ t, values: { cpu } }], { intervalS: 5, ...(says && { sentAt: t }) });
      push(stage.clock.at + aheadMs, 10);
      stage.clock.at += 5000;
      push(stage.clock.at, 99);
      expect(stage.list()).toEqual(['cpu warning firing']);
    }
  });

  it("[F3] alerts are raised and cleared at once after the server's clock was set back an hour", () => {
    const stage = openAlerts([rule('at90', 'warning', { for_s: 0, clear_for_s: 0 })]);
    stage.pushEachSecond(5, { cpu: 10 });
    stage.clock.at -= 3_600_000;
    stage.pushEachSecond(1, { cpu: 99 });
    expect(stage.list()).toEqual(['cpu warning firing']);
    stage.clock.at -= 3_600_000;
    stage.pushEachSecond(1, { cpu: 10 });
    expect(stage.list()).toEqual(['cpu warning resolved cleared']);
  });

  it('[F3] a duration starts over when a clock is set back, and is not waited for twice', () => {
    const stage = openAlerts([warning]);
    stage.pushEachSecond(8, { cpu: 95 });
    stage.clock.at -= 240_000;
    stage.pushEachSecond(10, { cpu: 95 });
    expect(stage.list()).toEqual([]);
    stage.pushEachSecond(1, { cpu: 95 });
    expect(stage.list()).toEqual(['cpu warning firing']);
  });

  it('[A1] samples from a spool that were measured before the clock was set back raise nothing', () => {
    const stage = openAlerts([at90]);
    const { at } = stage.clock;
    stage.push([{ t: at + 240_000, values: { cpu: 10 } }], { sentAt: at + 240_000 });
    stage.clock.at += 5000;
    stage.push([{ t: at + 5000, values: { cpu: 20 } }], { sentAt: at + 5000 });
    stage.clock.at += 250;
    stage.push([{ t: at + 200_000, values: { cpu: 99 } }], { sentAt: at + 5250 });
    stage.clock.at += 5000;
    stage.push([{ t: at + 10_250, values: { cpu: 20 } }], { sentAt: at + 10_250 });
    expect(stage.list()).toEqual([]);
  });
});

describe('warning and critical of one metric', () => {
  it('[A2] a critical alert replaces the warning, which is raised again if it still holds', () => {
    const stage = openAlerts([warning, critical]);
    stage.pushEachSecond(20, { cpu: 95 });
    stage.pushEachSecond(20, { cpu: 99 });
    expect(stage.list()).toEqual(['cpu warning resolved escalated', 'cpu critical firing']);
    stage.pushEachSecond(20, { cpu: 91 });
    expect(stage.list().slice(1)).toEqual(['cpu critical resolved cleared', 'cpu warning firing']);
    stage.pushEachSecond(20, { cpu: 5 });
    expect(stage.alerts.active()).toEqual([]);
    expect(stage.list()).toHaveLength(3);
  });

  it('[A2] a warning and a critical that hold at once raise only the critical alert', () => {
    const stage = openAlerts([warning, critical]);
    stage.pushEachSecond(60, { cpu: 99 });
    expect(stage.list()).toEqual(['cpu critical firing']);
    stage.pushEachSecond(60, { cpu: 5 });
    expect(stage.list()).toEqual(['cpu critical resolved cleared']);
  });

  it('[A2] the warning is raised again at a value between its clear value and its threshold', () => {
    const stage = openAlerts([warning, critical]);
    stage.pushEachSecond(30, { cpu: 99 });
    stage.pushEachSecond(20, { cpu: 85 });
    expect(stage.list()).toEqual(['cpu critical resolved cleared', 'cpu warning firing']);
  });

  it('[A2] a warning that is clearing is not raised when the critical alert ends', () => {
    const stage = openAlerts([rule('warn', 'warning', { clear_for_s: 30 }), critical]);
    stage.pushEachSecond(30, { cpu: 99 });
    stage.pushEachSecond(20, { cpu: 5 });
    expect(stage.list()).toEqual(['cpu critical resolved cleared']);
    stage.pushEachSecond(20, { cpu: 5 });
    expect(stage.list()).toEqual(['cpu critical resolved cleared']);
  });

  it('[A2] a warning that was clearing is raised when the value turns back before it cleared', () => {
    const stage = openAlerts([rule('warn', 'warning', { clear_for_s: 30 }), critical]);
    stage.pushEachSecond(30, { cpu: 99 });
    stage.pushEachSecond(20, { cpu: 5 });
    stage.pushEachSecond(1, { cpu: 85 });
    expect(stage.list()).toEqual(['cpu critical resolved cleared', 'cpu warning firing']);
  });

  it('alerts of opposite directions of one metric fire beside each other', () => {
    const stage = openAlerts([
      rule('high', 'warning', { metric: 'x', for_s: 0 }),
      rule('low', 'critical', {
        metric: 'x',
        above: false,
        threshold: 10,
        clear: 20,
        for_s: 0,
        clear_for_s: 60,
      }),
    ]);
    stage.pushEachSecond(1, { x: 5 });
    stage.pushEachSecond(1, { x: 95 });
    expect(stage.list()).toEqual(['x critical firing', 'x warning firing']);
  });
});

describe('a device offline', () => {
  it('[A2] an offline device raises one alert until it is back, and its other alerts stay', () => {
    const stage = openAlerts([warning, offlineRule('off')]);
    stage.pushEachSecond(20, { cpu: 95 });
    stage.clock.at += 15_000;
    stage.offline();
    stage.offline();
    stage.passTime(600);
    expect(stage.list()).toEqual(['cpu warning firing', 'offline critical firing']);
    expect(stage.alerts.active()[0]).toMatchObject({ metric: 'offline', value: 15 });
    stage.online();
    expect(stage.list()).toEqual(['cpu warning firing', 'offline critical resolved cleared']);
  });

  it('[A2] an offline rule with a duration raises its alert when the duration has passed', () => {
    const stage = openAlerts([offlineRule('off', 120)]);
    stage.offline();
    stage.passTime(119);
    expect(stage.list()).toEqual([]);
    stage.passTime(1);
    expect(stage.list()).toEqual(['offline critical firing']);
    expect(stage.alerts.active()[0]).toMatchObject({ value: 135, threshold: 120 });
  });

  it('[A2] a device that is back before the duration has passed raises no alert', () => {
    const stage = openAlerts([offlineRule('off', 120)]);
    stage.offline();
    stage.passTime(60);
    stage.online();
    stage.passTime(600);
    expect(stage.list()).toEqual([]);
  });
});

describe('after a restart', () => {
  it('[A3] after a restart a firing alert goes on: it is not raised or reported again', () => {
    const stage = openAlerts([warning, offlineRule('off')]);
    stage.pushEachSecond(20, { cpu: 95 });
    stage.offline('b');
    stage.restart(30);
    expect(stage.reported).toEqual([]);
    stage.pushEachSecond(60, { cpu: 95 });
    stage.offline('b');
    expect(stage.reported).toEqual([]);
    expect(stage.alerts.active()).toHaveLength(2);
  });

  it('[A3] an alert that cleared during a restart is resolved with the next samples', () => {
    const stage = openAlerts([warning]);
    stage.pushEachSecond(20, { cpu: 95 });
    stage.restart(3600);
    stage.pushEachSecond(6, { cpu: 10 });
    expect(stage.list()).toEqual(['cpu warning resolved cleared']);
  });

  it('[A3] after a restart the first push of a device resolves its offline alert', () => {
    const stage = openAlerts([offlineRule('off')]);
    stage.offline();
    stage.restart(10);
    stage.push([], { intervalS: 5 });
    expect(stage.list()).toEqual(['offline critical resolved cleared']);
  });

  it('[A3] an alert whose rule or device was removed during a restart is resolved as such', async () => {
    const stage = openAlerts([warning, rule('ram', 'warning', { metric: 'ram' })]);
    stage.pushEachSecond(20, { cpu: 95, ram: 95 });
    stage.pushEachSecond(20, { cpu: 95 }, 'b');
    await stage.rules.remove('ram');
    stage.devices.delete('b');
    stage.restart();
    expect(stage.list()).toEqual([
      'cpu warning firing',
      'ram warning resolved rule_changed',
      'cpu warning resolved device_removed',
    ]);
  });

  it('[A3] a critical alert that goes on after a restart still keeps the warning from being raised', () => {
    const stage = openAlerts([warning, critical]);
    stage.pushEachSecond(30, { cpu: 99 });
    stage.restart(5);
    stage.pushEachSecond(60, { cpu: 99 });
    expect(stage.list()).toEqual(['cpu critical firing']);
  });
});

describe('a warning behind a critical alert, after a restart', () => {
  it('[A3] after a restart the warning is raised when the critical clears, even below its threshold', () => {
    const stage = openAlerts([warning, critical]);
    stage.pushEachSecond(30, { cpu: 99 });
    stage.restart(5);
    stage.pushEachSecond(20, { cpu: 85 });
    expect(stage.list()).toEqual(['cpu critical resolved cleared', 'cpu warning firing']);
  });

  it('[A3] after a restart the warning of an instance is raised unless that instance cleared', () => {
    const mounts = { metric: 'mount:*:used' };
    const stage = openAlerts([
      rule('warn', 'warning', mounts),
      rule('crit', 'critical', { ...mounts, threshold: 97, clear: 92 }),
    ]);
    stage.pushEachSecond(30, { 'mount:/:used': 99, 'mount:/var:used': 99 });
    stage.restart(5);
    stage.pushEachSecond(20, { 'mount:/:used': 85, 'mount:/var:used': 5 });
    expect(stage.alerts.active().map(({ metric, severity }) => `${metric} ${severity}`)).toEqual([
      'mount:/:used warning',
    ]);
  });
});

describe('changes of rules and devices', () => {
  it('the alerts of a rule that is changed, disabled or removed are resolved', async () => {
    for (const change of ['threshold', 'disable', 'remove', 'scope'] as const) {
      const stage = openAlerts([warning]);
      stage.pushEachSecond(20, { cpu: 95 });
      if (change === 'threshold')
        await stage.rules.put(rule('warn', 'warning', { threshold: 99, clear: 90 }));
      if (change === 'disable') await stage.rules.put({ ...warning, enabled: false });
      if (change === 'remove') await stage.rules.remove('warn');
      if (change === 'scope') await stage.rules.put({ ...warning, scope: { devices: ['b'], tags: [] } });
      stage.alerts.rulesChanged();
      expect(stage.list()).toEqual(['cpu warning resolved rule_changed']);
      stage.pushEachSecond(20, { cpu: 95 });
      expect(stage.alerts.active()).toEqual([]);
    }
  });

  it('a firing alert has the names that its rule and its device have now, and the change is reported', async () => {
    const stage = openAlerts([warning]);
    stage.pushEachSecond(20, { cpu: 95 });
    stage.reported.length = 0;
    await stage.rules.put({ ...warning, name: 'Hot' });
    stage.alerts.rulesChanged();
    stage.devices.set('a', { name: 'Omega', tags: [] });
    stage.alerts.nameChanged('a');
    const names = { rule_name: 'Hot', device_name: 'Omega' };
    expect(stage.alerts.active()).toMatchObject([names]);
    expect(stage.reported.at(-1)).toMatchObject(names);
    stage.devices.set('a', { name: 'Alpha again', tags: [] });
    stage.restart();
    expect(stage.alerts.active()).toMatchObject([{ ...names, device_name: 'Alpha again' }]);
    stage.pushEachSecond(20, { cpu: 1 });
    stage.devices.set('a', { name: 'Last', tags: [] });
    expect(stage.alerts.all()).toMatchObject([{ ...names, device_name: 'Last', state: 'resolved' }]);
  });

  it('a rule that is only renamed keeps its alerts', async () => {
    const stage = openAlerts([warning]);
    stage.pushEachSecond(20, { cpu: 95 });
    await stage.rules.put({ ...warning, name: 'Hot' });
    stage.alerts.rulesChanged();
    expect(stage.list()).toEqual(['cpu warning firing']);
  });

  it('the warning is raised when the critical rule that kept it back is removed', async () => {
    const stage = openAlerts([warning, critical]);
    stage.pushEachSecond(20, { cpu: 99 });
    await stage.rules.remove('crit');
    stage.alerts.rulesChanged();
    expect(stage.list()).toEqual(['cpu critical resolved rule_changed', 'cpu warning firing']);
  });

  it('a new offline rule raises alerts for devices that are offline already', async () => {
    const stage = openAlerts([]);
    stage.offline();
    await stage.rules.put(offlineRule('off'));
    stage.alerts.rulesChanged();
    expect(stage.list()).toEqual(['offline critical firing']);
  });

  it('a device that gets a tag comes into the scope of rules with that tag', () => {
    const stage = openAlerts([{ ...warning, scope: { devices: [], tags: ['db'] } }]);
    stage.pushEachSecond(20, { cpu: 95 });
    stage.devices.set('a', { name: 'Alpha', tags: ['db'] });
    stage.alerts.rulesChanged();
    stage.pushEachSecond(20, { cpu: 95 });
    expect(stage.list()).toEqual(['cpu warning firing']);
  });

  it('the alerts of a removed device are resolved', () => {
    const stage = openAlerts([warning, offlineRule('off')]);
    stage.pushEachSecond(20, { cpu: 95 });
    stage.offline();
    stage.devices.delete('a');
    stage.alerts.deviceRemoved('a');
    expect(stage.alerts.active()).toEqual([]);
    expect(stage.list()).toEqual([
      'cpu warning resolved device_removed',
      'offline critical resolved device_removed',
    ]);
    stage.pushEachSecond(20, { cpu: 95 });
    expect(stage.alerts.active()).toEqual([]);
  });
});

describe('stored alerts', () => {
  it('only the newest resolved alerts are kept, and listed newest first', () => {
    const stage = openAlerts([rule('r', 'warning', { for_s: 0, clear_for_s: 0 })], { keepResolved: 3 });
    for (let i = 0; i < 5; i++) {
      stage.pushEachSecond(1, { cpu: 91 + i });
      stage.pushEachSecond(1, { cpu: 1 });
      stage.passTime(DEFAULT_LIMITS.reopenMs / 1000);
    }
    stage.pushEachSecond(1, { cpu: 99 });
    expect(stage.alerts.all().map(({ value }) => value)).toEqual([99, 95, 94, 93]);
    expect(stage.alerts.all({ limit: 2 }).map(({ value }) => value)).toEqual([99, 95]);
  });

  it('[A5] a resolved alert is kept past the limit until its message was made', () => {
    const awaited = new Set<string>();
    const stage = openAlerts([offlineRule('off')], { keepResolved: 3, isAwaited: (id) => awaited.has(id) });
    const machines = Array.from({ length: 10 }, (_, i) => `m${i}`);
    for (const id of machines) stage.devices.set(id, { name: id, tags: [] });
    for (const id of machines) stage.offline(id);
    for (const { id } of stage.alerts.active()) awaited.add(id);
    for (const id of machines) stage.online(id);
    stage.passTime(2);
    expect(stage.alerts.all()).toHaveLength(10);
    awaited.clear();
    stage.passTime(1);
    expect(stage.alerts.all()).toHaveLength(3);
  });
});

it('the default rules are valid, and each has an id of its own', () => {
  const rules = defaultRules();
  for (const each of rules) expect(fittingRule.safeParse(each).success).toBe(true);
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
});
