import { describe, expect, it } from 'vitest';
import { condition } from '#protocol/api.ts';
import { defaultRules } from '../../server/alerts/default-rules.ts';
import { offlineRule, openAlerts, rule, T0 } from './stage.ts';

const warning = rule('warn', 'warning');
const critical = rule('crit', 'critical', { threshold: 97, clear: 92 });

describe('one alert', () => {
  it('[A2] is raised once, and resolved once', () => {
    const s = openAlerts([warning]);
    s.live(60, { cpu: 95 });
    expect(s.alerts.active()).toMatchObject([
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
    s.live(30, { cpu: 10 });
    expect(s.alerts.active()).toEqual([]);
    expect(s.list()).toEqual(['cpu warning resolved cleared']);
    expect(s.told.map(({ state }) => state)).toEqual(['firing', 'resolved']);
    expect(s.alerts.all()[0]?.resolved_at).toBe(T0 + 66_000);
  });

  it('[A2] is about devices in its scope only', () => {
    const s = openAlerts([
      { ...warning, scope: { devices: [], tags: ['web'] } },
      { ...rule('only-b', 'warning', { metric: 'ram' }), scope: { devices: ['b'], tags: [] } },
    ]);
    s.live(20, { cpu: 95, ram: 95 }, 'a');
    s.live(20, { cpu: 95, ram: 95 }, 'b');
    expect(s.alerts.active().map(({ device_id, metric }) => `${device_id} ${metric}`)).toEqual([
      'b ram',
      'a cpu',
    ]);
  });

  it('of an instance pattern is raised for each instance of its own', () => {
    const s = openAlerts([rule('mounts', 'warning', { metric: 'mount:*:used' })]);
    s.live(20, { cpu: 1, 'mount:/:used': 95, 'mount:/var:used': 96, 'mount:/srv:used': 20 });
    expect(
      s.alerts
        .active()
        .map(({ metric }) => metric)
        .toSorted(),
    ).toEqual(['mount:/:used', 'mount:/var:used']);
    s.live(320, { cpu: 1, 'mount:/:used': 95 });
    expect(s.alerts.active().map(({ metric }) => metric)).toEqual(['mount:/:used']);
  });
});

describe('late samples', () => {
  const burst = (t: number, seconds: number, cpu: number) =>
    Array.from({ length: seconds }, (_, i) => ({ t: t + i * 1000, values: { cpu } }));

  it('[A1] from a spool raise nothing that is no longer true', () => {
    const s = openAlerts([warning]);
    s.clock.at = T0 + 600_000;
    s.alerts.samples({
      deviceId: 'a',
      samples: burst(T0, 300, 99),
      arrived: s.clock.at,
      intervalS: 5,
      sentAt: undefined,
    });
    s.live(5, { cpu: 10 });
    expect(s.list()).toEqual([]);
  });

  it('[A1] older than what was judged already change nothing', () => {
    const s = openAlerts([warning]);
    s.live(20, { cpu: 10 });
    s.alerts.samples({
      deviceId: 'a',
      samples: burst(s.clock.at - 19_500, 15, 99),
      arrived: s.clock.at,
      intervalS: 1,
      sentAt: undefined,
    });
    expect(s.list()).toEqual([]);
  });

  it('[A1] a condition that came and went within one push is not raised', () => {
    const s = openAlerts([warning]);
    s.clock.at = T0 + 30_000;
    const samples = [...burst(T0, 15, 99), ...burst(T0 + 15_000, 15, 10)];
    s.alerts.samples({ deviceId: 'a', samples, arrived: s.clock.at, intervalS: 30, sentAt: undefined });
    expect(s.list()).toEqual([]);
  });

  it('a device whose clock is behind is not late', () => {
    const s = openAlerts([warning]);
    const behind = 240_000;
    for (let i = 0; i < 15; i++) {
      s.clock.at += 1000;
      const sentAt = s.clock.at - behind;
      s.alerts.samples({
        deviceId: 'a',
        samples: [{ t: sentAt, values: { cpu: 99 } }],
        arrived: s.clock.at,
        intervalS: 1,
        sentAt,
      });
    }
    expect(s.list()).toEqual(['cpu warning firing']);
  });
});

describe('warning and critical of one metric', () => {
  it('[A2] a critical takes over from the warning, which comes back when it still holds', () => {
    const s = openAlerts([warning, critical]);
    s.live(20, { cpu: 95 });
    s.live(20, { cpu: 99 });
    expect(s.list()).toEqual(['cpu warning resolved escalated', 'cpu critical firing']);
    s.live(20, { cpu: 91 });
    expect(s.list().slice(1)).toEqual(['cpu critical resolved cleared', 'cpu warning firing']);
    s.live(20, { cpu: 5 });
    expect(s.alerts.active()).toEqual([]);
    expect(s.list()).toHaveLength(3);
  });

  it('[A2] both true at once are one alert, the critical', () => {
    const s = openAlerts([warning, critical]);
    s.live(60, { cpu: 99 });
    expect(s.list()).toEqual(['cpu critical firing']);
    s.live(60, { cpu: 5 });
    expect(s.list()).toEqual(['cpu critical resolved cleared']);
  });

  it('[A2] the warning comes back with a value between its clearing and its threshold', () => {
    const s = openAlerts([warning, critical]);
    s.live(30, { cpu: 99 });
    s.live(20, { cpu: 85 });
    expect(s.list()).toEqual(['cpu critical resolved cleared', 'cpu warning firing']);
  });

  it('[A2] a warning that is about to clear is not raised for the moment', () => {
    const s = openAlerts([rule('warn', 'warning', { clear_for_s: 30 }), critical]);
    s.live(30, { cpu: 99 });
    s.live(20, { cpu: 5 });
    expect(s.list()).toEqual(['cpu critical resolved cleared']);
    s.live(20, { cpu: 5 });
    expect(s.list()).toEqual(['cpu critical resolved cleared']);
  });

  it('[A2] but is when the value turns back before it cleared', () => {
    const s = openAlerts([rule('warn', 'warning', { clear_for_s: 30 }), critical]);
    s.live(30, { cpu: 99 });
    s.live(20, { cpu: 5 });
    s.live(1, { cpu: 85 });
    expect(s.list()).toEqual(['cpu critical resolved cleared', 'cpu warning firing']);
  });

  it('of opposite directions stand beside each other', () => {
    const s = openAlerts([
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
    s.live(1, { x: 5 });
    s.live(1, { x: 95 });
    expect(s.list()).toEqual(['x critical firing', 'x warning firing']);
  });
});

describe('a device offline', () => {
  it('[A2] raises one alert, which ends when it is back; its other alerts stay meanwhile', () => {
    const s = openAlerts([warning, offlineRule('off')]);
    s.live(20, { cpu: 95 });
    s.clock.at += 15_000;
    s.offline();
    s.offline();
    s.pass(600);
    expect(s.list()).toEqual(['cpu warning firing', 'offline critical firing']);
    expect(s.alerts.active()[0]).toMatchObject({ metric: 'offline', value: 15 });
    s.online();
    expect(s.list()).toEqual(['cpu warning firing', 'offline critical resolved cleared']);
  });

  it('[A2] with a duration waits for it', () => {
    const s = openAlerts([offlineRule('off', 120)]);
    s.offline();
    s.pass(119);
    expect(s.list()).toEqual([]);
    s.pass(1);
    expect(s.list()).toEqual(['offline critical firing']);
    expect(s.alerts.active()[0]).toMatchObject({ value: 135, threshold: 120 });
  });

  it('[A2] that is back before then raises nothing', () => {
    const s = openAlerts([offlineRule('off', 120)]);
    s.offline();
    s.pass(60);
    s.online();
    s.pass(600);
    expect(s.list()).toEqual([]);
  });
});

describe('after a restart', () => {
  it('[A3] what fires goes on firing: not raised again, not told again', () => {
    const s = openAlerts([warning, offlineRule('off')]);
    s.live(20, { cpu: 95 });
    s.offline('b');
    s.restart(30);
    expect(s.told).toEqual([]);
    s.live(60, { cpu: 95 });
    s.offline('b');
    expect(s.told).toEqual([]);
    expect(s.alerts.active()).toHaveLength(2);
  });

  it('[A3] what cleared meanwhile resolves with the next samples', () => {
    const s = openAlerts([warning]);
    s.live(20, { cpu: 95 });
    s.restart(3600);
    s.live(6, { cpu: 10 });
    expect(s.list()).toEqual(['cpu warning resolved cleared']);
  });

  it('[A3] a push ends an offline alert, though no one saw the device come back', () => {
    const s = openAlerts([offlineRule('off')]);
    s.offline();
    s.restart(10);
    s.alerts.samples({ deviceId: 'a', samples: [], arrived: s.clock.at, intervalS: 5, sentAt: undefined });
    expect(s.list()).toEqual(['offline critical resolved cleared']);
  });

  it('[A3] an alert whose rule or device went away meanwhile is resolved, and says why', async () => {
    const s = openAlerts([warning, rule('ram', 'warning', { metric: 'ram' })]);
    s.live(20, { cpu: 95, ram: 95 });
    s.live(20, { cpu: 95 }, 'b');
    await s.rules.remove('ram');
    s.devices.delete('b');
    s.restart();
    expect(s.list()).toEqual([
      'cpu warning firing',
      'ram warning resolved rule_changed',
      'cpu warning resolved device_removed',
    ]);
  });

  it('[A3] a critical that goes on holds the warning back as before', () => {
    const s = openAlerts([warning, critical]);
    s.live(30, { cpu: 99 });
    s.restart(5);
    s.live(60, { cpu: 99 });
    expect(s.list()).toEqual(['cpu critical firing']);
  });
});

describe('a warning held back over a restart', () => {
  it('[A3] comes back when the critical clears, also where the value would not raise it anew', () => {
    const s = openAlerts([warning, critical]);
    s.live(30, { cpu: 99 });
    s.restart(5);
    s.live(20, { cpu: 85 });
    expect(s.list()).toEqual(['cpu critical resolved cleared', 'cpu warning firing']);
  });

  it('[A3] of an instance, too, and does not come back when all is well', () => {
    const mounts = { metric: 'mount:*:used' };
    const s = openAlerts([
      rule('warn', 'warning', mounts),
      rule('crit', 'critical', { ...mounts, threshold: 97, clear: 92 }),
    ]);
    s.live(30, { 'mount:/:used': 99, 'mount:/var:used': 99 });
    s.restart(5);
    s.live(20, { 'mount:/:used': 85, 'mount:/var:used': 5 });
    expect(s.alerts.active().map(({ metric, severity }) => `${metric} ${severity}`)).toEqual([
      'mount:/:used warning',
    ]);
  });
});

describe('changes of rules and devices', () => {
  it('a rule changed, disabled or removed ends its alerts', async () => {
    for (const change of ['threshold', 'disable', 'remove', 'scope'] as const) {
      const s = openAlerts([warning]);
      s.live(20, { cpu: 95 });
      if (change === 'threshold') await s.rules.put(rule('warn', 'warning', { threshold: 99, clear: 90 }));
      if (change === 'disable') await s.rules.put({ ...warning, enabled: false });
      if (change === 'remove') await s.rules.remove('warn');
      if (change === 'scope') await s.rules.put({ ...warning, scope: { devices: ['b'], tags: [] } });
      s.alerts.rulesChanged();
      expect(s.list()).toEqual(['cpu warning resolved rule_changed']);
      s.live(20, { cpu: 95 });
      expect(s.alerts.active()).toEqual([]);
    }
  });

  it('a rule that was only renamed keeps its alerts', async () => {
    const s = openAlerts([warning]);
    s.live(20, { cpu: 95 });
    await s.rules.put({ ...warning, name: 'Hot' });
    s.alerts.rulesChanged();
    expect(s.list()).toEqual(['cpu warning firing']);
  });

  it('without its critical rule, the warning behind it comes to the front', async () => {
    const s = openAlerts([warning, critical]);
    s.live(20, { cpu: 99 });
    await s.rules.remove('crit');
    s.alerts.rulesChanged();
    expect(s.list()).toEqual(['cpu critical resolved rule_changed', 'cpu warning firing']);
  });

  it('an offline rule that comes late sees who is offline already', async () => {
    const s = openAlerts([]);
    s.offline();
    await s.rules.put(offlineRule('off'));
    s.alerts.rulesChanged();
    expect(s.list()).toEqual(['offline critical firing']);
  });

  it('a tag given later brings the device into scope', () => {
    const s = openAlerts([{ ...warning, scope: { devices: [], tags: ['db'] } }]);
    s.live(20, { cpu: 95 });
    s.devices.set('a', { name: 'Alpha', tags: ['db'] });
    s.alerts.rulesChanged();
    s.live(20, { cpu: 95 });
    expect(s.list()).toEqual(['cpu warning firing']);
  });

  it('a removed device takes its alerts with it', () => {
    const s = openAlerts([warning, offlineRule('off')]);
    s.live(20, { cpu: 95 });
    s.offline();
    s.devices.delete('a');
    s.alerts.deviceRemoved('a');
    expect(s.alerts.active()).toEqual([]);
    expect(s.list()).toEqual([
      'cpu warning resolved device_removed',
      'offline critical resolved device_removed',
    ]);
    s.live(20, { cpu: 95 });
    expect(s.alerts.active()).toEqual([]);
  });
});

describe('the history', () => {
  it('keeps the newest resolved alerts only, newest first', () => {
    const s = openAlerts([rule('r', 'warning', { for_s: 0, clear_for_s: 0 })], { keepResolved: 3 });
    for (let i = 0; i < 5; i++) {
      s.live(1, { cpu: 91 + i });
      s.live(1, { cpu: 1 });
    }
    s.live(1, { cpu: 99 });
    expect(s.alerts.all().map(({ value }) => value)).toEqual([99, 95, 94, 93]);
    expect(s.alerts.all({ limit: 2 }).map(({ value }) => value)).toEqual([99, 95]);
  });

  it('that cannot be written is said in the log, and alerts go on', async () => {
    const errors: unknown[] = [];
    const s = openAlerts([offlineRule('off')], {
      log: { debug() {}, info() {}, warn() {}, error: (...args: unknown[]) => errors.push(args) },
    });
    s.stored.put = () => Promise.reject(new Error('no space left'));
    s.offline();
    await Promise.resolve();
    expect(errors).toHaveLength(1);
    expect(s.alerts.active()).toHaveLength(1);
  });
});

it('the default rules are valid, one warning and one critical each for CPU, memory and disk, and offline', () => {
  const rules = defaultRules();
  expect(
    rules.map(({ condition: c, severity }) => `${c.kind === 'offline' ? 'offline' : c.metric} ${severity}`),
  ).toEqual([
    'cpu warning',
    'cpu critical',
    'ram warning',
    'ram critical',
    'disk warning',
    'disk critical',
    'offline critical',
  ]);
  for (const { condition: c } of rules) expect(condition.safeParse(c).success).toBe(true);
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
});
