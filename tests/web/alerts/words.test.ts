import { describe, expect, it } from 'vitest';
import type { Alert } from '#protocol/api.ts';
import {
  alertDuration,
  alertReading,
  alertResolution,
  alertSubject,
  conditionWords,
  scopeWords,
} from '../../../web/src/alerts/words.ts';
import { metricChoices, metricName } from '../../../web/src/format/metric.ts';
import { browserName } from '../../../web/src/settings/account/browser-name.ts';
import { firing } from './alert.ts';

const alert = firing;

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
  ])('%s is %s', (metric, name) => {
    expect(metricName(metric)).toBe(name);
  });

  it('offers every known field, each once', () => {
    const names = metricChoices().map(({ metric }) => metric);
    expect(names).toContain('cpu');
    expect(names).toContain('mount:*:used');
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('alerts in words', () => {
  it('say the value against the threshold with units', () => {
    expect(alertSubject(alert)).toBe('CPU');
    expect(alertReading(alert)).toBe('97 %, above 90 %');
    expect(
      alertReading({ ...alert, metric: 'mem_available_bytes', value: 2 ** 28, threshold: 2 ** 30 }),
    ).toBe('256 MiB, below 1.00 GiB');
  });

  it('say how long an offline machine was silent', () => {
    expect(alertReading({ ...alert, metric: 'offline', value: 34, threshold: 0 })).toBe('not seen for 34 s');
  });

  it('say why they ended, and how long they lasted', () => {
    expect(alertResolution(alert)).toBeUndefined();
    const ended: Alert = { ...alert, state: 'resolved', resolved_at: 61_000, resolution: 'escalated' };
    expect(alertResolution(ended)).toBe('Became critical');
    expect(alertDuration(ended, 999_000)).toBe(60_000);
    expect(alertDuration(alert, 31_000)).toBe(30_000);
  });
});

describe('rules in words', () => {
  it('say when they fire and when they clear', () => {
    expect(
      conditionWords({
        kind: 'threshold',
        metric: 'cpu',
        above: true,
        threshold: 90,
        for_s: 300,
        clear: 80,
        clear_for_s: 0,
      }),
    ).toBe('CPU above 90 % for 5 min; clears below 80 % at once');
    expect(conditionWords({ kind: 'offline', for_s: 0 })).toBe('No push for 3 of its intervals');
    expect(conditionWords({ kind: 'offline', for_s: 60 })).toBe(
      'No push for 3 of its intervals, then for 1 min',
    );
  });

  it('say where they watch', () => {
    const rule = {
      id: 'r',
      name: 'r',
      enabled: true,
      severity: 'warning',
      condition: { kind: 'offline', for_s: 0 },
    } as const;
    const nameOf = (id: string) => (id === 'd' ? 'nas' : id);
    expect(scopeWords({ ...rule, scope: { devices: [], tags: [] } }, nameOf)).toBe('All machines');
    expect(scopeWords({ ...rule, scope: { devices: ['d'], tags: ['db'] } }, nameOf)).toBe('tag db, nas');
  });
});

describe('browsers in words', () => {
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0',
      'Edge on Windows',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
      'Safari on iPhone',
    ],
    ['curl/8.5.0', 'curl'],
    ['', 'Unknown'],
  ])('%s', (agent, name) => {
    expect(browserName(agent)).toBe(name);
  });
});
