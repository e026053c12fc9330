import { describe, expect, it } from 'vitest';
import { alertRuleCreate, type AlertRule } from '#protocol/alerts.ts';
import { draftOf, ruleOf } from '../../../web/src/settings/alert-rules/draft.ts';
import { besideAnother, folderName } from '../../../web/src/settings/machines/enroll-command.ts';

describe('the rule form', () => {
  const rule: AlertRule = {
    id: 'r',
    name: 'Disk nearly full',
    enabled: false,
    severity: 'critical',
    scope: { devices: ['d'], tags: ['db'] },
    condition: {
      kind: 'threshold',
      metric: 'mount:*:used',
      above: true,
      threshold: 95,
      for_s: 90,
      clear: 93,
      clear_for_s: 60,
    },
  };

  it('the rule form sends the rule that it was opened with', () => {
    const { name, severity, scope, condition } = rule;
    const rest = { name, severity, scope, condition };
    expect(ruleOf(draftOf(rule))).toEqual(rest);
    const offline = { ...rest, condition: { kind: 'offline' as const, for_s: 120 } };
    expect(ruleOf(draftOf({ ...rule, ...offline }))).toEqual(offline);
  });

  it('the rule form starts with a new rule that the server accepts', () => {
    expect(alertRuleCreate.safeParse(ruleOf({ ...draftOf(undefined), name: 'CPU high' })).success).toBe(true);
  });

  it("the server refuses a number left empty in the rule form by its field's name", () => {
    const draft = { ...draftOf(undefined), name: 'CPU high', threshold: null };
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
