import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { alertRuleCreate } from '#protocol/alerts.ts';
import {
  canBeBoth,
  draftOf,
  ruleOf,
  withKind,
  withSeverity,
  withSuggestion,
} from '../../../web/src/settings/alert-rules/draft.ts';
import { besideAnother, folderName } from '../../../web/src/settings/machines/enroll-command.ts';

describe('the rule form', () => {
  const RULES: readonly z.input<typeof alertRuleCreate>['condition'][] = [
    { kind: 'threshold', metric: 'mount:*:used', threshold: 95, for_s: 90, clear: 93, clear_for_s: 60 },
    {
      kind: 'threshold',
      metric: 'load1',
      above: false,
      threshold: 5,
      clear: 6,
      of_last: { count: 3, last: 5, unit: 'seconds' },
      critical: { threshold: 1, clear: 2, for_s: 30 },
      unless_field: 'load5',
    },
    { kind: 'equal', metric: 'state', value: 3, tolerance: 0.5, not: true },
    { kind: 'change', metric: 'ram', above: false, threshold: -20, clear: -5, over_s: 600, per: 'second' },
    {
      kind: 'change',
      metric: 'ram',
      above: false,
      threshold: -20,
      clear: -5,
      over_s: 600,
      critical: { threshold: -40, clear: -20 },
    },
    { kind: 'deviation', metric: 'cpu', threshold: 4, clear: 2, side: 'above', weeks: 3, least: 5 },
    {
      kind: 'forecast',
      metric: 'mount:*:used',
      reaches: 0,
      rising: false,
      threshold: 24,
      clear: 36,
      fit_h: 48,
      critical: { threshold: 4, clear: 6 },
    },
    { kind: 'no_data', metric: 'cpu', for_s: 120, clear_for_s: 60 },
    { kind: 'offline', for_s: 120 },
    { kind: 'rebooted', hold_s: 900 },
    { kind: 'clock', threshold: 30, clear: 10 },
    {
      kind: 'joint',
      join: 'or',
      first: { kind: 'change', metric: 'cpu', over_s: 60, threshold: 5, clear: 1 },
      second: { kind: 'equal', metric: 'state', value: 3 },
    },
  ];

  it('the rule form sends the rule that it was opened with, of every kind', () => {
    for (const condition of RULES) {
      const made = alertRuleCreate.parse({
        name: 'Disk nearly full',
        severity: 'warning',
        scope: { devices: ['d'], tags: ['db'], names: ['web-*'] },
        condition,
        overrides: [{ device_id: 'x', muted: true }],
        runbook: 'Call us.',
        why: 'Because.',
      });
      const { enabled: _, ...sent } = made;
      expect(ruleOf(draftOf({ ...made, id: 'r' }))).toEqual(sent);
    }
  });

  it('another kind of condition begins with numbers that the server accepts', () => {
    const KINDS = new Set(RULES.map(({ kind }) => kind));
    for (const kind of KINDS)
      for (const severity of ['warning', 'both'] as const) {
        const draft = withSeverity(withKind({ ...draftOf(undefined), name: 'New' }, kind), severity);
        const chosen = canBeBoth(kind) ? draft : withSeverity(draft, 'critical');
        expect(alertRuleCreate.safeParse(ruleOf(chosen)).error, `${kind} ${severity}`).toBeUndefined();
      }
  });

  it('what a question suggests is put into its input', () => {
    const draft = draftOf(undefined);
    expect(withSuggestion(draft, 'condition.threshold', 90).first.threshold).toBe(90);
    expect(withSuggestion(draft, 'condition.second.metric', 'ram').second.metric).toBe('ram');
    expect(withSuggestion({ ...draft, tags: ['prd'] }, 'scope.tags.0', 'prod').tags).toEqual(['prod']);
    expect(withSuggestion(draft, 'condition.critical.clear', 5).criticalClear).toBe(5);
  });

  it('the rule form starts with a new rule that the server accepts', () => {
    expect(alertRuleCreate.safeParse(ruleOf({ ...draftOf(undefined), name: 'CPU high' })).success).toBe(true);
  });

  it("the server refuses a number left empty in the rule form by its field's name", () => {
    const blank = draftOf(undefined);
    const draft = { ...blank, name: 'CPU high', first: { ...blank.first, threshold: null } };
    const sent: unknown = JSON.parse(JSON.stringify(ruleOf(draft)));
    const { error } = alertRuleCreate.safeParse(sent);
    expect(error?.issues[0]?.path).toEqual(['condition', 'threshold']);
  });
});

describe('the command for a further agent on one machine', () => {
  it('the command for a further agent on one machine names a data folder and a name of its own', () => {
    expect(besideAnother('npm run agent', 'web-2')).toBe(
      'WATCHFLOOR_AGENT_DATA=./agent-web-2 WATCHFLOOR_NAME=web-2 npm run agent',
    );
    expect(besideAnother('npm run agent', '  ')).toContain('WATCHFLOOR_NAME=second ');
  });

  it('the command for a further agent is safe to paste, whatever its name', () => {
    expect(besideAnother('npm run agent', "Tom's; rm -rf ~")).toBe(
      "WATCHFLOOR_AGENT_DATA=./agent-tom-s-rm-rf WATCHFLOOR_NAME='Tom'\\''s; rm -rf ~' npm run agent",
    );
    expect(folderName('../../etc')).toBe('etc');
    expect(folderName('日本')).toBe('2');
  });
});
