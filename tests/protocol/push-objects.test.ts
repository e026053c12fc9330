import { describe, expect, it } from 'vitest';
import { parsePush } from '#protocol/sample.ts';

const push = (metrics: object) =>
  parsePush({ device_id: 'd', hostname: 'h', ip: '', timestamp: Date.UTC(2026, 0, 1), metrics });

describe('flat names of instances', () => {
  it('an instance field under its full name may be sent beside a scalar named like its kind', () => {
    const parsed = push({
      disk: 40,
      'disk:sda:read': 7,
      'interface:eth0:1:rx': 8,
      mount: { '/': { used: 3 } },
    });
    expect(parsed.data?.samples[0]?.values).toEqual({
      disk: 40,
      'disk:sda:read': 7,
      'interface:eth0:1:rx': 8,
      'mount:/:used': 3,
    });
  });

  it.each([
    ['disk:sda', 'a field name is'],
    [':sda:read', 'a field name is'],
    ['disk::read', 'an instance name is'],
    ['disk:sda:', 'a field name is'],
    ['disk:a\nb:read', 'an instance name is'],
    ['di sk:sda:read', 'a field name is'],
  ])('[I5] the invalid field name %j is refused', (key, reason) => {
    const issue = push({ [key]: 1 }).error?.issues[0];
    expect(issue?.message).toContain(reason);
    expect(issue?.path).toContain(key);
  });

  it('[I5] a negative rate under its full name is refused', () => {
    expect(push({ 'disk:sda:read': -1 }).success).toBe(false);
  });

  it('[I5] a nested field with a colon is refused: it would name another instance', () => {
    const issue = push({ core: { 0: { 'x:cpu': 3 } } }).error?.issues[0];
    expect(issue?.path).toEqual(['metrics', 'core', '0', 'x:cpu']);
  });
});
