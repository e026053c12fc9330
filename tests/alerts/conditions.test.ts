import { describe, expect, it } from 'vitest';
import { alertReading } from '#protocol/alert-words.ts';
import type { AlertRule } from '#protocol/alerts.ts';
import { defaultRules } from '../../server/alerts/default-rules.ts';
import { made, openTimeline, type Finds } from './timeline.ts';

const cpu = (value: number) => ({ quick: () => ({ cpu: value }) });
const reading = (timeline: ReturnType<typeof openTimeline>) => {
  const alert = timeline.newest();
  return alert && alertReading(alert);
};
const ONCE = { for_s: 0, clear_for_s: 0 };

describe('a rule with a warning and a critical threshold', () => {
  const two = made({
    kind: 'threshold',
    metric: 'cpu',
    threshold: 90,
    clear: 80,
    for_s: 10,
    clear_for_s: 5,
    critical: { threshold: 97, clear: 92, for_s: 20 },
  });

  it('[A2] a warning that becomes critical, and a warning again, stays one alert', () => {
    const timeline = openTimeline([two]);
    timeline.run(20, cpu(95));
    timeline.run(40, cpu(99));
    timeline.run(20, cpu(85));
    timeline.run(20, cpu(10));
    expect(timeline.log).toEqual([
      '15 cpu warning firing',
      '45 cpu critical firing',
      '70 cpu warning firing',
      '90 cpu warning resolved',
    ]);
    expect(timeline.stage.stored.all()).toHaveLength(1);
  });

  it('[A2] the value and the threshold of an alert that became critical are those of the critical threshold', () => {
    const timeline = openTimeline([two]);
    timeline.run(60, cpu(99));
    expect(timeline.newest()).toMatchObject({ severity: 'critical', threshold: 97, value: 99 });
    expect(timeline.stage.stored.all()).toHaveLength(1);
  });

  it('[A3] after a restart a critical alert goes on, and becomes a warning again by its own clearing', () => {
    const timeline = openTimeline([two]);
    timeline.run(60, cpu(99));
    timeline.restart(30);
    timeline.run(20, cpu(99));
    expect(timeline.stage.reported).toEqual([]);
    timeline.run(20, cpu(85));
    timeline.run(20, cpu(10));
    expect(timeline.stage.list()).toEqual(['cpu warning resolved cleared']);
    expect(timeline.log.slice(-2)).toEqual(['120 cpu warning firing', '140 cpu warning resolved']);
  });
});

describe('a rule about some of the last samples', () => {
  const some = made({
    kind: 'threshold',
    metric: 'cpu',
    threshold: 90,
    clear: 80,
    of_last: { count: 6, last: 20 },
    clear_for_s: 5,
  });
  const everyThird = { quick: (second: number) => ({ cpu: second % 3 === 0 ? 99 : 10 }) };
  const everyFifth = { quick: (second: number) => ({ cpu: second % 5 === 0 ? 99 : 10 }) };

  it('[A2] an alert is raised when the condition held in k of the last n samples, though never for long', () => {
    const timeline = openTimeline([some]);
    timeline.run(200, everyFifth);
    expect(timeline.log).toEqual([]);
    timeline.run(20, everyThird);
    expect(timeline.log.map((line) => line.replace(/^\d+ /, ''))).toContain('cpu warning firing');
  });

  it('[A2] k of the last n seconds counts the time for which samples stand', () => {
    const timeline = openTimeline([
      made({
        kind: 'threshold',
        metric: 'cpu',
        threshold: 90,
        clear: 80,
        of_last: { count: 10, last: 60, unit: 'seconds' },
        clear_for_s: 60,
      }),
    ]);
    timeline.run(9, cpu(99));
    timeline.run(40, cpu(5));
    expect(timeline.log).toEqual([]);
    timeline.run(10, cpu(99));
    expect(timeline.log).toHaveLength(1);
  });

  it('[A3] counting starts over after a restart, and nothing is raised twice', () => {
    const timeline = openTimeline([some]);
    timeline.run(40, everyThird);
    const before = timeline.stage.stored.all().length;
    timeline.restart(5);
    timeline.run(10, everyThird);
    expect(timeline.stage.stored.all()).toHaveLength(before);
  });
});

describe('a rule about equality', () => {
  it('an alert is raised when a value is not what it should be, within a tolerance', () => {
    const timeline = openTimeline([
      made({
        kind: 'equal',
        metric: 'raid_disks',
        value: 4,
        tolerance: 0.5,
        not: true,
        for_s: 10,
        clear_for_s: 0,
      }),
    ]);
    const disks = (count: number) => ({ quick: () => ({ raid_disks: count }) });
    timeline.run(20, disks(4.4));
    expect(timeline.log).toEqual([]);
    timeline.run(20, disks(3));
    expect(reading(timeline)).toBe('3 instead of 4');
    timeline.run(10, disks(4));
    expect(timeline.log).toEqual(['35 raid_disks warning firing', '45 raid_disks warning resolved']);
  });

  it('an alert is raised when a value is what it should not be', () => {
    const timeline = openTimeline([made({ kind: 'equal', metric: 'state', value: 2, ...ONCE })]);
    timeline.run(10, { quick: (second) => ({ state: second > 5 ? 2 : 1 }) });
    expect(timeline.log).toEqual(['10 state warning firing']);
  });
});

describe('a rule about a change', () => {
  const rising = made({ kind: 'change', metric: 'ram', over_s: 60, threshold: 20, clear: 10, ...ONCE });

  it('[A2] an alert is raised when a value rose by so much within the time, and clears when it rises no more', () => {
    const timeline = openTimeline([rising]);
    timeline.run(120, { quick: () => ({ ram: 40 }) });
    timeline.run(60, { quick: (second) => ({ ram: 40 + second / 2 }) });
    expect(timeline.log).toEqual(['160 ram warning firing']);
    expect(reading(timeline)).toMatch(/^rose by 2\d % within 1 min$/);
    timeline.run(120, { quick: () => ({ ram: 70 }) });
    expect(timeline.log.at(-1)).toBe('220 ram warning resolved');
  });

  it('[A1] no change is known before the time has passed, nor over a gap', () => {
    const timeline = openTimeline([rising]);
    timeline.run(30, { quick: (second) => ({ ram: second * 3 }) });
    timeline.run(300, { pushes: () => false });
    timeline.run(50, { quick: () => ({ ram: 95 }) });
    expect(timeline.log).toEqual([]);
  });

  it('[A3] after a restart an alert about a change waits for its window before it says anything', () => {
    const timeline = openTimeline([rising]);
    timeline.run(120, { quick: () => ({ ram: 40 }) });
    timeline.run(60, { quick: (second) => ({ ram: 40 + second / 2 }) });
    timeline.restart(5);
    timeline.run(50, { quick: () => ({ ram: 70 }) });
    expect(timeline.stage.alerts.active()).toHaveLength(1);
    timeline.run(30, { quick: () => ({ ram: 70 }) });
    expect(timeline.stage.alerts.active()).toHaveLength(0);
  });

  it('an alert is raised by a rate a second, and by a fall', () => {
    const timeline = openTimeline([
      made({ kind: 'change', metric: 'jobs', over_s: 30, per: 'second', threshold: 5, clear: 1, ...ONCE }),
      {
        ...made({
          kind: 'change',
          metric: 'jobs',
          over_s: 30,
          above: false,
          threshold: -50,
          clear: -10,
          ...ONCE,
        }),
        id: 'falls',
      },
    ]);
    timeline.run(60, { quick: (second) => ({ jobs: second * 6 }) });
    expect(timeline.log).toEqual(['35 jobs warning firing']);
    expect(reading(timeline)).toMatch(/^rose by 6 a second$/);
    timeline.run(60, { quick: (second) => ({ jobs: 360 - second * 4 }) });
    expect(timeline.stage.alerts.active().map(({ rule_id }) => rule_id)).toEqual(['falls']);
  });
});

describe('a rule about missing data', () => {
  const stopped = made({ kind: 'no_data', metric: 'mount:*:used', for_s: 60 });
  const both = { quick: () => ({ cpu: 1 }), slow: () => ({ 'mount:/:used': 5, 'mount:/srv:used': 6 }) };
  const one = { quick: () => ({ cpu: 1 }), slow: () => ({ 'mount:/:used': 5 }) };

  it('an alert is raised when a field stops while the device goes on, and clears when it is back', () => {
    const timeline = openTimeline([stopped]);
    timeline.run(30, both);
    timeline.run(120, one);
    expect(timeline.log).toEqual(['95 mount:/srv:used warning firing']);
    expect(reading(timeline)).toBe('no value for 1 min');
    timeline.run(10, both);
    expect(timeline.log.at(-1)).toBe('155 mount:/srv:used warning resolved');
  });

  it('a field that a device never sent, or a device that is offline, raises nothing', () => {
    const timeline = openTimeline([stopped]);
    timeline.run(30, both);
    timeline.run(300, { pushes: () => false });
    timeline.run(10, both);
    expect(timeline.log).toEqual([]);
    const other = openTimeline([made({ kind: 'no_data', metric: 'gpu', for_s: 10 })]);
    other.run(60, one);
    expect(other.log).toEqual([]);
  });

  it('[A3] an alert about missing data goes on after a restart, for as long as the data is missing', () => {
    const timeline = openTimeline([stopped]);
    timeline.run(30, both);
    timeline.run(120, one);
    timeline.restart(10);
    timeline.run(900, one);
    expect(timeline.stage.alerts.active()).toHaveLength(1);
    timeline.run(10, both);
    expect(timeline.stage.alerts.active()).toHaveLength(0);
  });
});

describe('a rule about restarts of machines', () => {
  const rebooted = made({ kind: 'rebooted', hold_s: 60 });
  const up = (from: number) => ({ quick: (second: number) => ({ uptime_s: from + second }) });

  it('an alert is raised when the uptime fell, and ends after a while', () => {
    const timeline = openTimeline([rebooted]);
    timeline.run(30, up(86_400 * 12));
    timeline.run(20, { pushes: () => false });
    timeline.run(100, up(10));
    expect(timeline.log).toEqual(['55 rebooted warning firing', '115 rebooted warning resolved']);
    expect(reading(timeline)).toBe('started again, after 12 d');
  });

  it('a machine that joins shortly after its start raises nothing', () => {
    const timeline = openTimeline([rebooted]);
    timeline.run(60, up(3));
    expect(timeline.log).toEqual([]);
  });

  it('[A3] a machine that started again while the server was down is noticed, and once only', () => {
    const timeline = openTimeline([rebooted], { uptimeOf: () => 86_400 });
    timeline.run(30, up(10));
    expect(timeline.log).toEqual(['5 rebooted warning firing']);
  });
});

describe('a rule about clocks', () => {
  const clock = made({ kind: 'clock', threshold: 30, clear: 10, for_s: 20, clear_for_s: 0 });

  it("an alert is raised when a device's clock is wrong for a while, ahead or behind", () => {
    for (const aheadMs of [45_000, -45_000]) {
      const timeline = openTimeline([clock]);
      timeline.run(30, cpu(1));
      timeline.run(60, { ...cpu(1), ahead: () => aheadMs });
      expect(timeline.log).toHaveLength(1);
      expect(reading(timeline)).toBe('clock off by 45 s');
      timeline.run(30, cpu(1));
      expect(timeline.stage.alerts.active()).toEqual([]);
    }
  });

  it('an alert is raised for a clock that is so wrong that the ingest corrects it', () => {
    const timeline = openTimeline([clock]);
    timeline.stage.devices.set('a', { name: 'Alpha', tags: [], clockSkewMs: 7_200_000 });
    timeline.run(60, cpu(1));
    expect(reading(timeline)).toBe('clock off by 2 h');
  });
});

describe('a rule that joins two conditions', () => {
  const fields = (cpuValue: number, load: number) => ({ quick: () => ({ cpu: cpuValue, load1: load }) });
  const joint = (join: 'and' | 'or') =>
    made({
      kind: 'joint',
      join,
      first: { kind: 'threshold', metric: 'cpu', threshold: 90, clear: 80 },
      second: { kind: 'threshold', metric: 'load1', threshold: 8, clear: 6 },
      for_s: 10,
      clear_for_s: 0,
    });

  it('[A2] with "and" an alert is raised when both hold, and clears when one clears', () => {
    const timeline = openTimeline([joint('and')]);
    timeline.run(30, fields(95, 1));
    timeline.run(30, fields(10, 10));
    expect(timeline.log).toEqual([]);
    timeline.run(30, fields(95, 10));
    expect(reading(timeline)).toBe('95 %, above 90 % and Load, 1 min 10');
    timeline.run(10, fields(95, 7));
    expect(timeline.stage.alerts.active()).toHaveLength(1);
    timeline.run(10, fields(95, 5));
    expect(timeline.log).toEqual(['75 cpu warning firing', '105 cpu warning resolved']);
  });

  it('[A2] with "or" an alert is raised when one holds, and clears when both clear', () => {
    const timeline = openTimeline([joint('or')]);
    timeline.run(30, fields(95, 1));
    timeline.run(30, fields(10, 10));
    timeline.run(10, fields(10, 1));
    expect(timeline.log).toEqual(['15 cpu warning firing', '65 cpu warning resolved']);
  });

  it('two patterns are read of the same instance', () => {
    const timeline = openTimeline([
      made({
        kind: 'joint',
        join: 'and',
        first: { kind: 'threshold', metric: 'mount:*:used', threshold: 90, clear: 80 },
        second: { kind: 'threshold', metric: 'mount:*:inodes', threshold: 90, clear: 80 },
        ...ONCE,
      }),
    ]);
    const mounts = (used: [number, number], inodes: [number, number]) => ({
      slow: () => ({
        'mount:/a:b:used': used[0],
        'mount:/a:b:inodes': inodes[0],
        'mount:/:used': used[1],
        'mount:/:inodes': inodes[1],
      }),
    });
    timeline.run(10, mounts([95, 10], [10, 95]));
    expect(timeline.log).toEqual([]);
    timeline.run(10, mounts([95, 10], [95, 95]));
    expect(timeline.log).toEqual(['15 mount:/a:b:used warning firing']);
  });
});

describe('an alert of any kind, and a restart in the middle', () => {
  const KINDS: readonly (readonly [string, AlertRule, Finds, Finds])[] = [
    ['above', made({ kind: 'threshold', metric: 'cpu', threshold: 90, clear: 80, ...ONCE }), cpu(95), cpu(5)],
    ['equality', made({ kind: 'equal', metric: 'cpu', value: 95, ...ONCE }), cpu(95), cpu(5)],
    [
      'some of the last seconds',
      made({
        kind: 'threshold',
        metric: 'cpu',
        threshold: 90,
        clear: 80,
        of_last: { count: 3, last: 10, unit: 'seconds' },
        clear_for_s: 0,
      }),
      cpu(95),
      cpu(5),
    ],
    [
      'two conditions',
      made({
        kind: 'joint',
        join: 'or',
        first: { kind: 'threshold', metric: 'cpu', threshold: 90, clear: 80 },
        second: { kind: 'equal', metric: 'ram', value: 1 },
        ...ONCE,
      }),
      { quick: () => ({ cpu: 95, ram: 2 }) },
      { quick: () => ({ cpu: 5, ram: 2 }) },
    ],
    [
      'a clock',
      made({ kind: 'clock', threshold: 30, clear: 10, ...ONCE }),
      { ...cpu(1), ahead: () => 60_000 },
      cpu(1),
    ],
    [
      'a restart',
      made({ kind: 'rebooted', hold_s: 60 }),
      { quick: (second) => ({ uptime_s: second < 10 ? 5000 + second : second }) },
      { quick: (second) => ({ uptime_s: 100 + second }) },
    ],
  ];

  it.each(KINDS)(
    '[A3] an alert about %s goes on after a restart, is not raised twice, and clears',
    (_, rule, on, off) => {
      const timeline = openTimeline([rule]);
      timeline.run(30, on);
      expect(timeline.stage.alerts.active()).toHaveLength(1);
      timeline.restart(10);
      timeline.run(5, { ...on, quick: (second) => on.quick?.(second + 30) ?? {} });
      expect(timeline.stage.reported).toEqual([]);
      expect(timeline.stage.alerts.active()).toHaveLength(1);
      timeline.run(90, off);
      expect(timeline.stage.alerts.active()).toEqual([]);
      expect(timeline.stage.stored.all()).toHaveLength(1);
    },
  );
});

it('of the default rules, a clock that no time server sets for an hour raises one alert, a shorter time none', () => {
  const timeline = openTimeline(defaultRules());
  const clock = (clock_synchronised: number) => ({ quick: () => ({ clock_synchronised }) });
  timeline.run(600, clock(1));
  timeline.run(3000, clock(0));
  timeline.run(60, clock(1));
  expect(timeline.log).toEqual([]);
  timeline.run(3700, clock(0));
  timeline.run(120, clock(1));
  expect(timeline.log.map((line) => line.replace(/^\d+ /, ''))).toEqual([
    'clock_synchronised warning firing',
    'clock_synchronised warning resolved',
  ]);
});
