import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alert as alertShape, alertStatistics, alertsReply } from '#protocol/alerts.ts';
import { auditReply } from '#protocol/api.ts';
import type { Client } from '../e2e/client.ts';
import { errorOf, openStage, PASSWORD, type Device, type Stage } from './stage.ts';

let stage: Stage;
let devices: Device[];
let operator: Client;

beforeAll(async () => {
  stage = await openStage();
  const condition = { kind: 'threshold', metric: 'temperature', threshold: 90, clear: 80 };
  const at = { for_s: 0, clear_for_s: 0 };
  const rule = { name: 'Hot', severity: 'critical', condition: { ...condition, ...at } };
  await stage.admin.ask('POST', '/alert-rules', { body: rule });
  const slow = { ...rule, name: 'Cold', condition: { ...rule.condition, metric: 'cold', for_s: 600 } };
  await stage.admin.ask('POST', '/alert-rules', { body: slow });
  devices = [await stage.device('one'), await stage.device('two')];
  const account = { username: 'op', password: PASSWORD, role: 'operator' };
  await stage.admin.ask('POST', '/users', { body: account });
  operator = stage.client('127.0.6.1');
  await operator.login('op', PASSWORD);
  for (const device of devices) await pushNow(device, { temperature: 95 });
});
afterAll(() => stage.close());

const pushNow = (device: Device, metrics: Record<string, number>) =>
  stage.push(device, { metrics, timestamp: Date.now() });
const list = async (query = '') => (await operator.ask('GET', `/alerts${query}`)).as(alertsReply);
/** The alert of the device. */
async function alertOf(deviceId: string) {
  const { alerts } = await list(`?state=all&device=${deviceId}`);
  if (alerts[0] === undefined) throw new Error(`${deviceId} has no alert`);
  return alerts[0];
}

describe('an alert', () => {
  it('[A6] is acknowledged by an operator, with a comment, and the acknowledgement can be taken back', async () => {
    const { id } = await alertOf('one');
    const body = { comment: 'on it' };
    const answer = await operator.ask('POST', `/alerts/${id}/acknowledge`, { body });
    expect(answer.as(alertShape)).toMatchObject({
      state: 'acknowledged',
      acknowledged: { by: 'op', comment: 'on it' },
    });
    expect((await list('?state=acknowledged')).alerts.map(({ device_id }) => device_id)).toEqual(['one']);
    const back = await operator.ask('DELETE', `/alerts/${id}/acknowledge`);
    expect(back.as(alertShape)).toMatchObject({ state: 'firing', acknowledged: null });
    const { entries } = (await stage.admin.ask('GET', '/audit')).as(auditReply);
    expect(entries.slice(0, 2)).toMatchObject([
      { by: 'user', actor: 'op', action: 'took back the acknowledgement of', target: 'Hot on one' },
      { by: 'user', actor: 'op', action: 'acknowledged', target: 'Hot on one' },
    ]);
  });

  it('has comments, is read by its id, and an unknown one is refused', async () => {
    const { id } = await alertOf('one');
    const said = await operator.ask('POST', `/alerts/${id}/comments`, { body: { text: 'a fan broke' } });
    expect(said.status).toBe(201);
    const read = (await operator.ask('GET', `/alerts/${id}`)).as(alertShape);
    expect(read.comments).toMatchObject([{ by: 'op', text: 'a fan broke' }]);
    expect((await list('?state=all&q=FAN+broke')).alerts).toHaveLength(1);
    for (const [method, path] of [
      ['GET', '/alerts/unknown'],
      ['POST', '/alerts/unknown/acknowledge'],
      ['DELETE', '/alerts/unknown/acknowledge'],
    ] as const)
      expect(errorOf(await operator.ask(method, path, method === 'POST' ? { body: {} } : {})).code).toBe(
        'unknown_item',
      );
    const empty = await operator.ask('POST', `/alerts/${id}/comments`, { body: { text: '\u200b' } });
    expect(errorOf(empty).code).toBe('invalid_body');
  });

  it('[A3] has its acknowledgement after a restart of the server', async () => {
    const { id } = await alertOf('two');
    await operator.ask('POST', '/alerts/acknowledge', { body: { ids: [id, 'unknown'] } });
    await stage.restart();
    expect(await alertOf('two')).toMatchObject({ id, state: 'acknowledged' });
  });
});

describe('the list of alerts', () => {
  it('has conditions that hold, but not yet for long enough, where they are asked for', async () => {
    for (const device of devices) await pushNow(device, { temperature: 95, cold: 95 });
    const { alerts, pending = [] } = await list('?state=pending');
    expect(alerts).toEqual([]);
    expect(pending.map(({ device_id, rule_name }) => `${device_id} ${rule_name}`).sort()).toEqual([
      'one Cold',
      'two Cold',
    ]);
    for (const { since, fires_at } of pending) expect(fires_at - since).toBe(600_000);
  });

  it('comes in pages and as CSV, by query or by the Accept header', async () => {
    const first = await list('?state=all&limit=1');
    const second = await list(`?state=all&limit=1&cursor=${first.next ?? ''}`);
    expect([...first.alerts, ...second.alerts].map(({ device_id }) => device_id).sort()).toEqual([
      'one',
      'two',
    ]);
    expect(second.next).toBeNull();
    const byQuery = await operator.ask('GET', '/alerts?format=csv');
    const byHeader = await operator.ask('GET', '/alerts', { headers: { accept: 'text/csv' } });
    for (const { headers, text } of [byQuery, byHeader]) {
      expect(headers['content-type']).toBe('text/csv; charset=utf-8');
      expect(text.split('\r\n')).toHaveLength(4);
    }
  });

  it.each(['state=odd', 'limit=0', 'limit=x', 'from=yesterday', 'cursor=x', 'severity=bad', 'format=xml'])(
    'the query %s is refused with the name of its parameter',
    async (query) => {
      const { code, details = [] } = errorOf(await operator.ask('GET', `/alerts?${query}`));
      expect([code, details[0]?.path]).toEqual(['invalid_query', query.split('=')[0]]);
    },
  );

  it('says how often each rule and each machine had an alert, and how soon it was acknowledged', async () => {
    const answer = (await operator.ask('GET', '/alerts/statistics')).as(alertStatistics);
    expect(answer.count).toBe(2);
    expect(answer.rules).toMatchObject([{ name: 'Hot', count: 2, acknowledge: { count: 2 }, resolve: null }]);
    expect(answer.devices.map(({ id }) => id).sort()).toEqual(['one', 'two']);
  });
});
