import { describe, expect, it } from 'vitest';
import { alertRuleCreate } from '#protocol/alerts.ts';
import { nearNames } from '../../server/alerts/near-names.ts';
import { checkRule, type CheckedDevice } from '../../server/alerts/rule-check.ts';
import { covers } from '../../server/alerts/rules.ts';

const FIELDS = [
  'cpu',
  'ram',
  'load1',
  'mem_available_bytes',
  'mount:/:used',
  'mount:/srv:used',
  'queue_jobs',
];
const devices: readonly CheckedDevice[] = [
  { id: 'a', name: 'web-1', tags: ['prod', 'web'], fields: FIELDS },
  { id: 'b', name: 'db-1', tags: ['prod'], fields: ['cpu', 'ram'] },
];

/** What is asked about a rule, as `path: message`. */
function asked(condition: object, rest: object = {}): string[] {
  const rule = alertRuleCreate.parse({ name: 'r', severity: 'warning', condition, ...rest });
  const covered = devices.filter((device) => covers(rule, device.id, device));
  return checkRule(rule, { devices, covered }).map(({ path, message }) => `${path}: ${message}`);
}
const above = (metric: string, threshold: number, clear = threshold) => ({
  kind: 'threshold',
  metric,
  threshold,
  clear,
});

describe('questions about a rule', () => {
  it('a rule that is right is not asked about', () => {
    expect(asked(above('cpu', 90))).toEqual([]);
    expect(asked(above('mount:*:used', 90))).toEqual([]);
    expect(asked({ kind: 'offline' })).toEqual([]);
    expect(
      asked({ kind: 'forecast', metric: 'mount:*:used', reaches: 100, threshold: 24, clear: 36 }),
    ).toEqual([]);
  });

  it('a field that nobody sends is asked about, with the nearest names that there are', () => {
    expect(asked(above('cpuu', 90))).toEqual([
      'condition.metric: No machine sends cpuu now. Did you mean cpu?',
    ]);
    expect(asked(above('jobs', 90))[0]).toContain('Did you mean queue_jobs?');
    expect(asked(above('mount:*:usd', 90))[0]).toContain('Did you mean mount:*:used?');
    expect(asked(above('swap', 90))).toEqual(['condition.metric: No machine sends swap now.']);
    expect(asked(above('zzzzzz', 90))).toEqual(['condition.metric: No machine sends zzzzzz now.']);
  });

  it('a field that only other machines send is asked about', () => {
    expect(asked(above('load1', 90), { scope: { devices: ['b'] } })).toEqual([
      'condition.metric: None of the machines that the rule covers sends load1 now.',
    ]);
  });

  it('0.9 for a percentage is asked about, and 90 % is suggested', () => {
    const rule = alertRuleCreate.parse({ name: 'r', severity: 'warning', condition: above('cpu', 0.9, 0.8) });
    const [threshold, clear] = checkRule(rule, { devices, covered: devices });
    expect(threshold).toMatchObject({
      path: 'condition.threshold',
      message: 'This field is a percentage from 0 to 100: 0.9 is less than one percent. Did you mean 90 %?',
      suggestions: [{ value: 90, label: '90 %' }],
    });
    expect(clear?.suggestions).toEqual([{ value: 80, label: '80 %' }]);
  });

  it('a percentage above 100, bytes by the dozen and a rule that always fires are asked about', () => {
    expect(asked(above('cpu', 120))).toEqual([
      'condition.threshold: This field is a percentage, which is never above 100.',
      'condition.clear: This field is a percentage, which is never above 100.',
    ]);
    expect(asked(above('mem_available_bytes', 2))[0]).toContain('Did you mean 2.00 GiB?');
    expect(asked(above('cpu', 0))).toEqual([
      'condition.threshold: This is always so: the alert would fire and never clear.',
    ]);
  });

  it('tags, names and machines that there are not are asked about', () => {
    const rule = above('cpu', 90);
    expect(asked(rule, { scope: { tags: ['prd'] } })).toEqual([
      'scope.tags.0: No machine has the tag prd now. Did you mean prod?',
    ]);
    expect(asked(rule, { scope: { names: ['wbe-*'] } })).toEqual([
      'scope.names.0: No machine has a name like wbe-* now. Did you mean web-1?',
    ]);
    expect(asked(rule, { scope: { devices: ['gone'] } })).toEqual([
      'scope.devices.0: There is no machine gone.',
    ]);
  });

  it('an override for a machine that the rule does not cover is asked about', () => {
    const rest = { scope: { tags: ['web'] }, overrides: [{ device_id: 'b', muted: true }] };
    expect(asked(above('cpu', 90), rest)).toEqual([
      'overrides.0.device_id: The rule does not cover db-1, so nothing is different there.',
    ]);
  });

  it('both halves of a joint condition are asked about', () => {
    const joint = { kind: 'joint', join: 'and', first: above('cpuu', 90), second: above('ram', 0.9) };
    expect(asked(joint).map((line) => line.split(':')[0])).toEqual([
      'condition.first.metric',
      'condition.second.threshold',
      'condition.second.clear',
    ]);
  });
});

it('near names are those with few letters changed, or with the same words', () => {
  const names = ['net_rx', 'net_tx', 'mem_used_bytes', 'mem_available_bytes'];
  expect(nearNames('netrx', names)).toEqual(['net_rx', 'net_tx']);
  expect(nearNames('used mem', names)).toEqual(['mem_used_bytes']);
  expect(nearNames('something else', names)).toEqual([]);
});
