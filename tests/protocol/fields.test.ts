import { describe, expect, it } from 'vitest';
import { fieldInfo, fieldMatches, instanceField, parseInstanceField } from '#protocol/fields.ts';

describe('field names', () => {
  it('split at the first and the last colon, so an instance may have colons', () => {
    expect(parseInstanceField('interface:eth0:1:rx')).toEqual({
      kind: 'interface',
      instance: 'eth0:1',
      field: 'rx',
    });
    expect(parseInstanceField('cpu')).toBeUndefined();
    expect(parseInstanceField(instanceField('mount', '/var', 'used'))).toEqual({
      kind: 'mount',
      instance: '/var',
      field: 'used',
    });
  });

  it('know their unit by kind and field, whatever the instance', () => {
    expect(fieldInfo('mount:/srv:used')?.unit).toBe('percent');
    expect(fieldInfo('net_tx')?.unit).toBe('bytes_per_second');
    expect(fieldInfo('my_metric')).toBeUndefined();
  });

  it('match a pattern with a star for the instance, and nothing shorter', () => {
    expect(fieldMatches('mount:*:used', 'mount:/var:used')).toBe(true);
    expect(fieldMatches('mount:*:used', 'mount:/var:used_bytes')).toBe(false);
    expect(fieldMatches('cpu', 'cpu_user')).toBe(false);
    expect(fieldMatches('core:*:cpu', 'core:cpu')).toBe(false);
  });
});
