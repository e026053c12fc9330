import { describe, expect, it } from 'vitest';
import { alertRule, alertRuleCreate } from '#protocol/alerts.ts';
import { made, openTimeline } from './timeline.ts';

const cpu = (value: number) => ({ quick: () => ({ cpu: value }) });
const ONCE = { for_s: 0, clear_for_s: 0 };

describe('where a rule applies', () => {
  const high = { kind: 'threshold', metric: 'cpu', threshold: 90, clear: 80, ...ONCE } as const;

  it('a rule covers machines by their name, also after they are renamed', () => {
    const timeline = openTimeline([made(high, { scope: { names: ['web-*'] } })]);
    timeline.run(10, cpu(99));
    expect(timeline.log).toEqual([]);
    timeline.stage.devices.set('a', { name: 'Web-17', tags: [] });
    timeline.stage.alerts.nameChanged('a');
    timeline.run(10, cpu(99));
    expect(timeline.stage.list()).toEqual(['cpu warning firing']);
    timeline.stage.devices.set('a', { name: 'db-1', tags: [] });
    timeline.stage.alerts.nameChanged('a');
    expect(timeline.stage.list()).toEqual(['cpu warning resolved rule_changed']);
  });

  it('a rule has another threshold for one machine, or none', () => {
    const own = (override: object) =>
      openTimeline([made(high, { overrides: [{ device_id: 'a', ...override }] })]);
    const higher = own({ threshold: 98, clear: 97 });
    higher.run(10, cpu(97.5));
    expect(higher.log).toEqual([]);
    higher.run(10, cpu(99));
    expect(higher.newest()).toMatchObject({ threshold: 98 });
    higher.restart(5);
    expect(higher.stage.alerts.active()).toHaveLength(1);
    const muted = own({ muted: true });
    muted.run(20, cpu(99));
    expect(muted.log).toEqual([]);
  });

  it('a rule leaves out machines that send a field that says more', () => {
    const timeline = openTimeline([made({ ...high, metric: 'disk', unless_field: 'mount:*:used' })]);
    timeline.run(10, { slow: () => ({ disk: 99, 'mount:/:used': 99 }) });
    expect(timeline.log).toEqual([]);
    timeline.run(10, { slow: () => ({ disk: 99 }) });
    expect(timeline.log).toEqual(['15 disk warning firing']);
  });
});

describe('rules that cannot be right', () => {
  it.each<[string, object, string]>([
    [
      'a critical threshold below the warning',
      { critical: { threshold: 85, clear: 80 } },
      'condition.critical.threshold',
    ],
    [
      'a critical clearing on its firing side',
      { critical: { threshold: 95, clear: 96 } },
      'condition.critical.clear',
    ],
    ['more samples than there are', { of_last: { count: 6, last: 5 } }, 'condition.of_last.count'],
  ])('%s is refused by the name of its field', (_name, change, path) => {
    const condition = { kind: 'threshold', metric: 'cpu', threshold: 90, clear: 80, ...change };
    const { error } = alertRuleCreate.safeParse({ name: 'r', severity: 'warning', condition });
    expect(error?.issues.map((issue) => issue.path.join('.'))).toContain(path);
  });

  it('two conditions that can never hold together are refused', () => {
    const part = (above: boolean, threshold: number) => ({
      kind: 'threshold',
      metric: 'cpu',
      above,
      threshold,
      clear: threshold,
    });
    const condition = { kind: 'joint', join: 'and', first: part(true, 90), second: part(false, 10) };
    const { error } = alertRuleCreate.safeParse({ name: 'r', severity: 'warning', condition });
    expect(error?.issues[0]?.message).toBe('can never hold together with the first');
  });

  it('a rule of severity critical has no second threshold', () => {
    const condition = {
      kind: 'threshold',
      metric: 'cpu',
      threshold: 90,
      clear: 80,
      critical: { threshold: 95, clear: 90 },
    };
    const { error } = alertRuleCreate.safeParse({ name: 'r', severity: 'critical', condition });
    expect(error?.issues[0]?.path).toEqual(['severity']);
  });
});

it('[A3] rules that an older version stored go on loading, as they are', () => {
  const scope = { devices: ['a'], tags: ['web'] };
  const threshold = { kind: 'threshold', metric: 'cpu', above: true, threshold: 90, for_s: 60, clear: 80 };
  const rules = [
    {
      id: 'r',
      name: 'CPU',
      enabled: true,
      scope,
      condition: { ...threshold, clear_for_s: 60 },
      severity: 'warning',
    },
    {
      id: 'o',
      name: 'Off',
      enabled: false,
      scope,
      condition: { kind: 'offline', for_s: 0 },
      severity: 'critical',
    },
  ];
  for (const stored of rules) expect(alertRule.parse(stored)).toEqual(stored);
});
