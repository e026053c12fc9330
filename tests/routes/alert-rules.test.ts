import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertRulesReply } from '#protocol/alerts.ts';
import { alertRuleSaved, importReply, previewReply } from '#protocol/rule-preview.ts';
import { errorOf, openStage, type Device, type Stage } from './stage.ts';

let stage: Stage;
let device: Device;
beforeAll(async () => {
  stage = await openStage();
  device = await stage.device('nas');
  const now = Date.now();
  const samples = Array.from({ length: 300 }, (_, i) => ({
    timestamp: now - (300 - i) * 1000,
    metrics: { cpu: i >= 100 && i < 200 ? 95 : 20, 'mount:/:used': 40 },
  }));
  expect((await stage.push(device, { samples })).status).toBe(200);
});
afterAll(() => stage.close());

const ask = (path: string, body: object) => stage.admin.ask('POST', path, { body });
const cpu = { kind: 'threshold', metric: 'cpu', threshold: 90, clear: 80, for_s: 10, clear_for_s: 10 };
const rule = (condition: object = cpu, rest: object = {}) => ({
  name: 'CPU',
  severity: 'warning',
  condition,
  ...rest,
});

describe('the preview of a rule over HTTP', () => {
  it('a preview says how often, when and where the rule would have fired, with a chart', async () => {
    const answer = await ask('/alert-rules/preview', { rule: rule(), days: 1 });
    const reply = answer.as(previewReply);
    expect(reply).toMatchObject({ count: 1, covered: 1, looked_at: 1, tier: 'samples', warnings: [] });
    const [firing] = reply.firings;
    expect(firing).toMatchObject({ device_id: 'nas', metric: 'cpu', severity: 'warning', value: 95 });
    expect((firing?.to ?? 0) - (firing?.from ?? 0)).toBe(100_000);
    expect(reply.chart).toMatchObject({ device_id: 'nas', field: 'cpu' });
    expect(reply.chart?.points.some(([, , , max]) => max === 95)).toBe(true);
  });

  it('a preview asks about what may not be meant, and looks at what was asked', async () => {
    const odd = rule({ ...cpu, threshold: 0.9, clear: 0.8 });
    const reply = (await ask('/alert-rules/preview', { rule: odd, devices: ['nas'] })).as(previewReply);
    expect(reply.warnings.map(({ path }) => path)).toEqual(['condition.threshold', 'condition.clear']);
    const unknown = await ask('/alert-rules/preview', { rule: rule(), devices: ['nobody'] });
    expect(errorOf(unknown)).toMatchObject({ status: 404, code: 'unknown_device' });
    const wrong = await ask('/alert-rules/preview', { rule: rule({ ...cpu, clear: 95 }) });
    expect(errorOf(wrong)).toMatchObject({ status: 422 });
  });

  it('a viewer may look at a preview', async () => {
    const account = { username: 'viewer', password: 'a long enough password', role: 'viewer' };
    await stage.admin.ask('POST', '/users', { body: account });
    const viewer = stage.client('127.0.0.31');
    await viewer.login(account.username, account.password);
    expect((await viewer.ask('POST', '/alert-rules/preview', { body: { rule: rule() } })).status).toBe(200);
    expect((await viewer.ask('POST', '/alert-rules/import', { body: { yaml: '' } })).status).toBe(403);
    expect((await viewer.ask('GET', '/alert-rules/export')).text).toContain('alert_rules:');
  });
});

describe('saving rules', () => {
  it('a rule that was saved comes with what may not be meant in it', async () => {
    const created = (await ask('/alert-rules', rule({ ...cpu, metric: 'cpuu' }))).as(alertRuleSaved);
    expect(created.warnings[0]).toMatchObject({
      path: 'condition.metric',
      suggestions: [{ value: 'cpu', label: 'cpu' }],
    });
    const path = `/alert-rules/${created.id}`;
    const changed = await stage.admin.ask('PATCH', path, {
      body: { condition: cpu, runbook: 'Look at top.' },
    });
    expect(changed.as(alertRuleSaved)).toMatchObject({ warnings: [], runbook: 'Look at top.' });
    const critical = { ...cpu, critical: { threshold: 97, clear: 90 } };
    const wrong = await stage.admin.ask('PATCH', path, {
      body: { condition: critical, severity: 'critical' },
    });
    expect(errorOf(wrong)).toMatchObject({ status: 422 });
    await stage.admin.ask('DELETE', path);
  });
});

describe('rules as a file', () => {
  const rules = async () => (await stage.admin.ask('GET', '/alert-rules')).as(alertRulesReply).alert_rules;

  it('an export is imported again: first as a dry run, then with what is different', async () => {
    const before = await rules();
    const { text } = await stage.admin.ask('GET', '/alert-rules/export');
    const yaml = `${text.replace('name: CPU busy', 'name: CPU very busy')}
  - name: Jobs
    severity: critical
    condition: {kind: threshold, metric: jobs, threshold: 5, clear: 1}
`;
    const dry = (await ask('/alert-rules/import', { yaml, dry_run: true })).as(importReply);
    expect(dry).toMatchObject({
      applied: false,
      added: ['Jobs'],
      changed: [{ name: 'CPU very busy', parts: ['name'] }],
      warnings: [{ path: 'condition.metric' }],
    });
    expect(await rules()).toEqual(before);
    expect((await ask('/alert-rules/import', { yaml })).as(importReply).applied).toBe(true);
    const after = await rules();
    expect(after).toHaveLength(before.length + 1);
    expect(after.find(({ id }) => id === 'default-cpu')?.name).toBe('CPU very busy');
  });

  it('a file with a mistake changes nothing, and every mistake is named by its line', async () => {
    const before = await rules();
    const yaml = `alert_rules:
  - {name: Good, severity: warning, condition: {kind: rebooted}}
  - {name: Bad, severity: warning, condition: {kind: threshold, metric: cpu, threshold: 90, clear: 95}}
  - {name: Worse, severity: none, condition: {kind: rebooted}}
`;
    const answer = await ask('/alert-rules/import', { yaml });
    const { status, details } = errorOf(answer);
    expect(status).toBe(422);
    expect(details?.map(({ path }) => path)).toEqual([
      'line 3: alert_rules.1.condition.clear',
      'line 4: alert_rules.2.severity',
    ]);
    expect(await rules()).toEqual(before);
  });
});
