import { describe, expect, it } from 'vitest';
import { fieldInfo, fieldMatches, instanceField, parseInstanceField } from '#protocol/fields.ts';

describe('field names', () => {
  it('a field name is split at its first and last colon, so an instance may contain colons', () => {
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

  it('a field has the same unit for every instance of its kind', () => {
    expect(fieldInfo('mount:/srv:used')?.unit).toBe('percent');
    expect(fieldInfo('net_tx')?.unit).toBe('bytes_per_second');
    expect(fieldInfo('my_metric')).toBeUndefined();
  });

  it('a pattern with a star matches every instance of the field, and no other field', () => {
    expect(fieldMatches('mount:*:used', 'mount:/var:used')).toBe(true);
    expect(fieldMatches('mount:*:used', 'mount:/var:used_bytes')).toBe(false);
    expect(fieldMatches('cpu', 'cpu_user')).toBe(false);
    expect(fieldMatches('core:*:cpu', 'core:cpu')).toBe(false);
  });
});
