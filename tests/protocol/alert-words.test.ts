import { describe, expect, it } from 'vitest';
import { drawnThreshold, type Alert } from '#protocol/alerts.ts';
import {
  alertDuration,
  alertReading,
  alertResolution,
  alertSentence,
  alertStateWords,
  alertSubject,
  muteWords,
  scopeWords,
} from '#protocol/alert-words.ts';
import { conditionWords } from '#protocol/condition-words.ts';
import { firing as alert } from './firing-alert.ts';

describe('alerts in words', () => {
  it("an alert's reading is its value and its threshold, with units", () => {
    expect(alertSubject(alert)).toBe('CPU');
    expect(alertReading(alert)).toBe('97 %, above 90 %');
    expect(
      alertReading({ ...alert, metric: 'mem_available_bytes', value: 2 ** 28, threshold: 2 ** 30 }),
    ).toBe('256 MiB, below 1.00 GiB');
  });

  it('[I8] the subject of an alert that stands for other fields of its rule counts them', () => {
    const mount = { ...alert, metric: 'mount:/var:used' };
    expect(alertSubject({ ...mount, others: 40 })).toBe(`${alertSubject(mount)}, and 40 like it`);
  });

  it('the reading of an offline alert is how long the machine was not seen', () => {
    expect(alertReading({ ...alert, metric: 'offline', value: 34, threshold: 0 })).toBe('not seen for 34 s');
  });

  it('a threshold is drawn in a chart only where it is a value of the field', () => {
    expect(drawnThreshold(alert)).toBe(90);
    expect(drawnThreshold({ ...alert, kind: 'forecast' })).toBeUndefined();
    expect(drawnThreshold({ ...alert, metric: 'offline' })).toBeUndefined();
  });

  it('what a rule read when it fired is the reading of its alert', () => {
    expect(alertReading({ ...alert, kind: 'forecast', reading: 'full in about 18 h' })).toBe(
      'full in about 18 h',
    );
  });

  it('a resolved alert tells why it ended and how long it lasted', () => {
    expect(alertResolution(alert)).toBeUndefined();
    const ended: Alert = { ...alert, state: 'resolved', resolved_at: 61_000, resolution: 'escalated' };
    expect(alertResolution(ended)).toBe('Became critical');
    expect(alertDuration(ended, 999_000)).toBe(60_000);
    expect(alertDuration(alert, 31_000)).toBe(30_000);
  });
});

describe('rules in words', () => {
  it("a rule's condition tells when it fires and when it clears", () => {
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
    expect(
      conditionWords({
        kind: 'forecast',
        metric: 'mount:*:used',
        reaches: 100,
        rising: true,
        threshold: 24,
        clear: 36,
        fit_h: 24,
        for_s: 0,
        clear_for_s: 0,
        critical: { threshold: 4, clear: 8 },
      }),
    ).toBe(
      'Used, any filesystem reaches 100 % within 24 h, by its last 24 h, critical at 4 h; clears at 36 h at once',
    );
    expect(conditionWords({ kind: 'offline', for_s: 0 })).toBe('No push for 3 of its intervals');
    expect(conditionWords({ kind: 'offline', for_s: 60 })).toBe(
      'No push for 3 of its intervals, then for 1 min',
    );
  });

  it('[W1] a display, which is told no names, says that an alert is acknowledged or muted', () => {
    const acknowledged = { at: 1, by: '', comment: '' };
    expect(alertStateWords({ ...alert, state: 'acknowledged', acknowledged })).toBe('Acknowledged');
    const mutes = (['silence', 'maintenance', 'dependency'] as const).map((by) =>
      muteWords({ by, id: '', name: '', until: null }),
    );
    expect(mutes).toEqual(['Silenced', 'Maintenance', 'What it depends on is offline']);
  });

  it("a rule's scope names its tags and machines, or all machines", () => {
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

  it('a reading that is a number follows what it is about, and any other is set off', () => {
    expect(alertSentence('CPU', '97 %, above 90 %')).toBe('CPU 97 %, above 90 %');
    expect(alertSentence('Temperature', '-3.0 °C, below 0 °C')).toBe('Temperature -3.0 °C, below 0 °C');
    expect(alertSentence('Offline', 'not seen for 15 s')).toBe('Offline, not seen for 15 s');
  });
});
