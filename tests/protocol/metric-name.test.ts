import { describe, expect, it } from 'vitest';
import { metricChoices, metricName } from '#protocol/metric-name.ts';

describe('metrics in words', () => {
  it.each([
    ['cpu', 'CPU'],
    ['disk', 'Fullest disk'],
    ['core:3:cpu', 'CPU core 3'],
    ['mount:/var:used', 'Filesystem /var, used'],
    ['mount:C::used', 'Filesystem C:, used'],
    ['interface:eth0:rx', 'Interface eth0, received'],
    ['mount:*:used', 'Used, any filesystem'],
    ['offline', 'Offline'],
    ['queue_length', 'queue_length'],
    ['shop:berlin:visitors', 'shop berlin, visitors'],
  ])('the field %s is called %s', (metric, name) => {
    expect(metricName(metric)).toBe(name);
  });

  it('the fields that a rule can be about are all known ones, each once', () => {
    const names = metricChoices().map(({ metric }) => metric);
    expect(names).toContain('cpu');
    expect(names).toContain('mount:*:used');
    expect(new Set(names).size).toBe(names.length);
  });
});
