import { describe, expect, it } from 'vitest';
import { alertRecord } from '../../server/state/records.ts';
import { firing as stored } from '../protocol/firing-alert.ts';
import { offlineRule, openAlerts, rule, T0 } from './stage.ts';

const atOnce = { for_s: 0, clear_for_s: 0 };
const warning = rule('warn', 'warning', atOnce);
const critical = rule('crit', 'critical', { ...atOnce, threshold: 97, clear: 92 });
const ann = { by: 'ann', text: 'on it' };

type Stage = ReturnType<typeof openAlerts>;

/** The condition fires for a second, then clears. */
function fireAndClear(stage: Stage): void {
  stage.pushEachSecond(1, { cpu: 95 });
  stage.pushEachSecond(1, { cpu: 10 });
}

/** Time passes while the device pushes harmless values each ten seconds. */
function staysQuiet(stage: Stage, seconds: number): void {
  for (let passed = 0; passed < seconds; passed += 10) {
    stage.passTime(9);
    stage.pushEachSecond(1, { cpu: 10 });
  }
}

/** The only active alert. */
function firing(stage: Stage) {
  const [alert] = stage.alerts.active();
  if (alert === undefined) throw new Error('no alert is active');
  return alert;
}

describe('acknowledging', () => {
  it('[A6] an acknowledged alert is still recorded: it stays active until its condition clears', () => {
    const stage = openAlerts([warning]);
    stage.pushEachSecond(1, { cpu: 95 });
    const { id } = firing(stage);
    stage.reported.length = 0;
    expect(stage.alerts.acknowledge([id, 'unknown'], ann)).toHaveLength(1);
    expect(stage.reported).toMatchObject([
      { state: 'acknowledged', acknowledged: { at: T0 + 1000, by: 'ann', comment: 'on it' } },
    ]);
    stage.pushEachSecond(5, { cpu: 96 });
    expect(stage.reported).toHaveLength(1);
    stage.pushEachSecond(1, { cpu: 10 });
    expect(stage.reported[1]).toMatchObject({ id, state: 'resolved', acknowledged: { by: 'ann' } });
    expect(stage.reported[1]?.events.map(({ what, by }) => `${what} ${by}`)).toEqual([
      'acknowledged ann',
      'resolved null',
    ]);
  });

  it('acknowledging an acknowledged or a resolved alert changes and reports nothing', () => {
    const stage = openAlerts([warning]);
    stage.pushEachSecond(1, { cpu: 95 });
    const { id } = firing(stage);
    stage.alerts.acknowledge([id], ann);
    stage.reported.length = 0;
    expect(stage.alerts.acknowledge([id], { by: 'bob', text: '' })).toMatchObject([
      { acknowledged: { by: 'ann' } },
    ]);
    stage.pushEachSecond(1, { cpu: 10 });
    stage.alerts.acknowledge([id], ann);
    expect(stage.reported.map(({ state }) => state)).toEqual(['resolved']);
  });

  it('[A6] an alert that is not acknowledged any more fires as before', () => {
    const stage = openAlerts([warning]);
    stage.pushEachSecond(1, { cpu: 95 });
    const { id } = firing(stage);
    stage.alerts.acknowledge([id], ann);
    expect(stage.alerts.unacknowledge(id, 'bob')).toMatchObject({ state: 'firing', acknowledged: null });
    expect(stage.reported.map(({ state }) => state)).toEqual(['firing', 'acknowledged', 'firing']);
    expect(stage.alerts.unacknowledge('unknown', 'bob')).toBeUndefined();
  });

  it('[A6] the critical alert that follows an acknowledged warning is not acknowledged', () => {
    const stage = openAlerts([warning, critical]);
    stage.pushEachSecond(1, { cpu: 95 });
    stage.alerts.acknowledge([firing(stage).id], ann);
    stage.pushEachSecond(1, { cpu: 99 });
    expect(stage.alerts.active()).toMatchObject([{ severity: 'critical', state: 'firing' }]);
  });

  it('[A6] an acknowledged warning that becomes critical by the second threshold of its rule fires again', () => {
    const critical = { threshold: 97, clear: 92 };
    const stage = openAlerts([rule('both', 'warning', { ...atOnce, critical })]);
    stage.pushEachSecond(1, { cpu: 95 });
    const { id } = firing(stage);
    stage.alerts.acknowledge([id], ann);
    stage.pushEachSecond(1, { cpu: 99 });
    expect(firing(stage)).toMatchObject({ id, severity: 'critical', state: 'firing', acknowledged: null });
    expect(firing(stage).events.at(-1)).toMatchObject({ what: 'unacknowledged', by: null });
  });

  it('[A3] an acknowledgement and its comments survive a restart and are reported once', () => {
    const stage = openAlerts([warning]);
    stage.pushEachSecond(1, { cpu: 95 });
    const { id } = firing(stage);
    stage.alerts.acknowledge([id], ann);
    stage.alerts.comment(id, { by: 'bob', text: 'a stuck job' });
    stage.restart(10);
    stage.pushEachSecond(1, { cpu: 95 });
    expect(stage.reported).toEqual([]);
    expect(stage.alerts.active()).toMatchObject([
      { id, state: 'acknowledged', comments: [{ by: 'bob', text: 'a stuck job' }] },
    ]);
    expect(stage.list()).toHaveLength(1);
  });

  it('[I8] of the comments on one alert only the newest hundred are kept', () => {
    const stage = openAlerts([warning]);
    stage.pushEachSecond(1, { cpu: 95 });
    const { id } = firing(stage);
    for (let i = 0; i < 105; i++) stage.alerts.comment(id, { by: 'bob', text: `${i}` });
    expect(
      stage.alerts
        .get(id)
        ?.comments.map(({ text }) => text)
        .slice(0, 2),
    ).toEqual(['5', '6']);
    expect(stage.alerts.comment('unknown', ann)).toBeUndefined();
  });
});

it('[A3] an alert that an older version stored is read as one that nobody has said anything about', () => {
  const { acknowledged, comments, events, reopened, flapping, quiet_since, muted, ...old } = stored;
  expect(alertRecord.parse(old)).toEqual(stored);
  expect({ acknowledged, comments, events, reopened, flapping, quiet_since, muted }).toEqual({
    acknowledged: null,
    comments: [],
    events: [],
    reopened: 0,
    flapping: false,
    quiet_since: null,
    muted: null,
  });
});

describe('reopening', () => {
  it('[A2] an alert whose condition holds again within ten minutes is reopened, not raised anew', () => {
    const stage = openAlerts([warning]);
    fireAndClear(stage);
    const [first] = stage.alerts.all();
    staysQuiet(stage, 590);
    stage.pushEachSecond(1, { cpu: 97 });
    expect(stage.alerts.all()).toHaveLength(1);
    expect(firing(stage)).toMatchObject({
      id: first?.id,
      timestamp: first?.timestamp,
      value: 97,
      reopened: 1,
      flapping: false,
      resolved_at: null,
      resolution: null,
    });
    stage.pushEachSecond(1, { cpu: 10 });
    staysQuiet(stage, 610);
    stage.pushEachSecond(1, { cpu: 95 });
    expect(stage.alerts.all()).toHaveLength(2);
    expect(firing(stage)).toMatchObject({ reopened: 0 });
  });

  it('[A3] an alert that cleared before a restart is reopened after it', () => {
    const stage = openAlerts([warning, offlineRule('off')]);
    fireAndClear(stage);
    stage.offline();
    stage.online();
    stage.restart(60);
    stage.pushEachSecond(1, { cpu: 95 });
    stage.offline();
    expect(stage.alerts.all().map(({ metric, reopened }) => `${metric} ${reopened}`)).toEqual([
      'offline 1',
      'cpu 1',
    ]);
  });

  it('[A6] a reopened alert has to be acknowledged again', () => {
    const stage = openAlerts([warning]);
    stage.pushEachSecond(1, { cpu: 95 });
    stage.alerts.acknowledge([firing(stage).id], ann);
    stage.pushEachSecond(1, { cpu: 10 });
    stage.pushEachSecond(1, { cpu: 95 });
    expect(firing(stage)).toMatchObject({ state: 'firing', acknowledged: null });
  });

  it('another device, rule or field gets an alert of its own', () => {
    const stage = openAlerts([warning, rule('ram', 'warning', { ...atOnce, metric: 'ram' })]);
    fireAndClear(stage);
    stage.pushEachSecond(1, { cpu: 95 }, 'b');
    stage.pushEachSecond(1, { cpu: 10, ram: 95 });
    expect(stage.alerts.all().map(({ reopened }) => reopened)).toEqual([0, 0, 0]);
  });

  it('[F3] an alert that cleared in the future of a clock that was set back is not reopened', () => {
    const stage = openAlerts([warning]);
    fireAndClear(stage);
    stage.clock.at -= 3_600_000;
    stage.pushEachSecond(1, { cpu: 95 });
    expect(stage.alerts.all()).toHaveLength(2);
  });

  it('where the time for reopening is zero, every alert is raised anew', () => {
    const limits = { reopenMs: 0, flapTimes: 3, flapWithinMs: 3_600_000 };
    const stage = openAlerts([warning], { limits });
    fireAndClear(stage);
    fireAndClear(stage);
    expect(stage.list()).toHaveLength(2);
  });
});

describe('flapping', () => {
  /** The condition fires four times: the alert is raised and reopened three times. */
  function flap(stage: Stage): void {
    for (let i = 0; i < 3; i++) fireAndClear(stage);
    stage.pushEachSecond(1, { cpu: 95 });
  }

  it('[A2] an alert that was reopened three times within an hour is flapping, and reports no more of it', () => {
    const stage = openAlerts([warning]);
    flap(stage);
    expect(firing(stage)).toMatchObject({ reopened: 3, flapping: true });
    stage.reported.length = 0;
    for (let i = 0; i < 20; i++) fireAndClear(stage);
    expect(stage.alerts.active()).toHaveLength(1);
    expect(stage.reported.filter(({ state }) => state === 'resolved')).toEqual([]);
    expect(firing(stage)).toMatchObject({ reopened: 3 });
    expect(firing(stage).events.filter(({ what }) => what === 'flapping')).toHaveLength(1);
  });

  it('[A2] a flapping alert ends once it has been quiet for ten minutes', () => {
    const stage = openAlerts([warning]);
    flap(stage);
    stage.pushEachSecond(1, { cpu: 10 });
    expect(firing(stage)).toMatchObject({ state: 'firing', quiet_since: stage.clock.at });
    staysQuiet(stage, 590);
    stage.pushEachSecond(1, { cpu: 95 });
    expect(firing(stage)).toMatchObject({ quiet_since: null });
    stage.pushEachSecond(1, { cpu: 10 });
    stage.passTime(599);
    expect(stage.alerts.active()).toHaveLength(1);
    stage.passTime(1);
    expect(stage.list()).toEqual(['cpu warning resolved cleared']);
    expect(stage.alerts.all()).toMatchObject([{ flapping: true, quiet_since: null }]);
  });

  it('[A3] the quiet time of a flapping alert goes on over a restart', () => {
    const stage = openAlerts([warning]);
    flap(stage);
    stage.pushEachSecond(1, { cpu: 10 });
    stage.restart(300);
    expect(stage.alerts.active()).toHaveLength(1);
    stage.passTime(299);
    expect(stage.alerts.active()).toHaveLength(1);
    stage.passTime(1);
    expect(stage.alerts.active()).toEqual([]);
    expect(stage.reported).toMatchObject([{ state: 'resolved', resolution: 'cleared' }]);
  });

  it('[A3] a flapping alert that was quiet before a restart fires on when its condition holds after it', () => {
    const stage = openAlerts([warning]);
    flap(stage);
    stage.pushEachSecond(1, { cpu: 10 });
    stage.restart(60);
    stage.pushEachSecond(1, { cpu: 95 });
    stage.passTime(700);
    expect(firing(stage)).toMatchObject({ quiet_since: null, flapping: true });
    expect(stage.list()).toHaveLength(1);
  });

  it('a flapping alert ends at once when its rule or its device is removed', async () => {
    for (const removed of ['rule', 'device'] as const) {
      const stage = openAlerts([warning]);
      flap(stage);
      stage.pushEachSecond(1, { cpu: 10 });
      if (removed === 'rule') {
        await stage.rules.remove('warn');
        stage.alerts.rulesChanged();
      } else stage.alerts.deviceRemoved('a');
      expect(stage.alerts.all()).toMatchObject([{ state: 'resolved' }]);
    }
  });

  it('[A6] a flapping alert that is acknowledged stays so while it comes and goes', () => {
    const stage = openAlerts([warning]);
    flap(stage);
    stage.alerts.acknowledge([firing(stage).id], ann);
    fireAndClear(stage);
    fireAndClear(stage);
    expect(firing(stage)).toMatchObject({ state: 'acknowledged' });
  });
});

describe('pending conditions', () => {
  it('a condition that holds, but not yet long enough, is listed with when it will raise an alert', () => {
    const stage = openAlerts([rule('slow', 'warning'), offlineRule('off', 120)]);
    stage.pushEachSecond(3, { cpu: 95 });
    stage.offline('b');
    expect(stage.alerts.pending()).toEqual([
      {
        rule_id: 'slow',
        rule_name: 'slow',
        device_id: 'a',
        device_name: 'Alpha',
        metric: 'cpu',
        severity: 'warning',
        since: T0 + 1000,
        fires_at: T0 + 11_000,
      },
      expect.objectContaining({ device_name: 'Beta', metric: 'offline', fires_at: T0 + 123_000 }),
    ]);
    stage.pushEachSecond(10, { cpu: 95 });
    stage.online('b');
    expect(stage.alerts.pending()).toEqual([]);
    expect(stage.alerts.active()).toHaveLength(1);
  });
});
