import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertsReply } from '#protocol/alerts.ts';
import { auditReply, deviceDetail, devicesReply } from '#protocol/api.ts';
import {
  silence as silenceShape,
  silenceMatches,
  silencesReply,
  silenceWindowsReply,
} from '#protocol/silences.ts';
import type { Client } from '../e2e/client.ts';
import { errorOf, openStage, PASSWORD, type Stage } from './stage.ts';

const HOUR = 3_600_000;
let stage: Stage;
let operator: Client;

beforeAll(async () => {
  stage = await openStage();
  const condition = { kind: 'threshold', metric: 'heat', threshold: 90, clear: 80, for_s: 0, clear_for_s: 0 };
  await stage.admin.ask('POST', '/alert-rules', { body: { name: 'Hot', severity: 'critical', condition } });
  const account = { username: 'op', password: PASSWORD, role: 'operator' };
  await stage.admin.ask('POST', '/users', { body: account });
  operator = stage.client('127.0.6.2');
  await operator.login('op', PASSWORD);
  for (const id of ['one', 'two']) {
    const device = await stage.device(id);
    await stage.push(device, { metrics: { heat: 95 }, timestamp: Date.now() });
  }
});
afterAll(() => stage.close());

const once = (fromMs: number, toMs: number) => ({
  kind: 'once',
  from: Date.now() + fromMs,
  to: Date.now() + toMs,
});
const add = async (body: object) => (await operator.ask('POST', '/silences', { body })).as(silenceShape);
const list = async () => (await operator.ask('GET', '/silences')).as(silencesReply).silences;
const alerts = async () => (await operator.ask('GET', '/alerts')).as(alertsReply).alerts;
const mutedBy = async () =>
  Object.fromEntries((await alerts()).map(({ device_id, muted }) => [device_id, muted?.name ?? null]));

describe('a silence', () => {
  it('[A6] covers its alerts at once, says how many, and ends when it is deleted; the past one stays listed', async () => {
    const body = { comment: 'Rack move', scope: { devices: ['one'] }, time: { ...once(0, HOUR) } };
    const added = await add(body);
    expect(added).toMatchObject({
      kind: 'silence',
      created_by: 'op',
      state: 'active',
      matches: { machines: 1, alerts: 1 },
    });
    expect(await mutedBy()).toEqual({ one: 'Rack move', two: null });
    expect((await operator.ask('DELETE', `/silences/${added.id}`)).status).toBe(204);
    expect(await mutedBy()).toEqual({ one: null, two: null });
    expect(await list()).toMatchObject([{ id: added.id, state: 'past' }]);
    await operator.ask('DELETE', `/silences/${added.id}`);
    expect(await list()).toEqual([]);
    const { entries } = (await stage.admin.ask('GET', '/audit')).as(auditReply);
    expect(entries.slice(0, 3).map(({ action, target }) => `${action} ${target}`)).toEqual([
      'removed the silence Rack move',
      'ended the silence Rack move',
      'added the silence Rack move',
    ]);
  });

  it('says at once where it covers nothing now', async () => {
    const scope = { devices: ['thr33'] };
    const asked = await operator.ask('POST', '/silences/matches', { body: { scope } });
    expect(asked.as(silenceMatches)).toEqual({ machines: 0, alerts: 0 });
    const added = await add({ scope, time: once(0, HOUR) });
    expect(added.matches).toEqual({ machines: 0, alerts: 0 });
    const body = { scope: { tags: [], name: 't*' } };
    const changed = await operator.ask('PATCH', `/silences/${added.id}`, { body });
    expect(changed.as(silenceShape).matches).toEqual({ machines: 1, alerts: 1 });
    expect(await mutedBy()).toEqual({ one: null, two: 'Silence' });
    await operator.ask('DELETE', `/silences/${added.id}`);
  });

  it('[A6] silences one alert for some minutes: its rule on its machine', async () => {
    const alert = (await alerts()).find(({ device_id }) => device_id === 'two');
    const body = { minutes: 30 };
    const answer = await operator.ask('POST', `/alerts/${alert?.id ?? ''}/silence`, { body });
    expect(answer.as(silenceShape)).toMatchObject({
      comment: 'Hot on two',
      scope: { devices: ['two'], rules: [alert?.rule_id] },
      matches: { machines: 1, alerts: 1 },
    });
    expect(await mutedBy()).toEqual({ one: null, two: 'Hot on two' });
    const unknown = await operator.ask('POST', '/alerts/unknown/silence', { body });
    expect(errorOf(unknown).code).toBe('unknown_item');
    await operator.ask('DELETE', `/silences/${answer.as(silenceShape).id}`);
  });

  it.each([
    ['that ended before now', { time: { kind: 'once', from: 1000, to: 2000 } }, 'silence_ended'],
    ['that ends before it begins', { time: once(2 * HOUR, HOUR) }, 'silence_ended'],
    ['in an unknown time zone', { time: weekly('Mars/Olympus') }, 'invalid_body'],
    [
      'on no day',
      { time: { ...weekly('UTC'), hours: { ...weekly('UTC').hours, days: [] } } },
      'invalid_body',
    ],
    [
      'at 25 hours',
      { time: { ...weekly('UTC'), hours: { ...weekly('UTC').hours, to: '25:00' } } },
      'invalid_body',
    ],
  ])('a silence %s is refused', async (_, change, code) => {
    const body = { scope: {}, ...change };
    expect(errorOf(await operator.ask('POST', '/silences', { body })).code).toBe(code);
  });
});

function weekly(time_zone: string) {
  const hours = { days: [1, 2, 3, 4, 5, 6, 7], from: '22:00', to: '06:00', time_zone };
  return { kind: 'weekly', hours };
}

describe('maintenance', () => {
  it('[A3] is shown on its machines, also after a restart of the server', async () => {
    const { id } = await add({
      kind: 'maintenance',
      comment: 'Kernel',
      scope: { devices: ['one'] },
      time: once(0, HOUR),
    });
    const shown = async () =>
      (await operator.ask('GET', '/devices'))
        .as(devicesReply)
        .devices.map(({ maintenance }) => maintenance?.name ?? null);
    expect(await shown()).toEqual(['Kernel', null]);
    await stage.restart();
    expect(await shown()).toEqual(['Kernel', null]);
    expect(await mutedBy()).toEqual({ one: 'Kernel', two: null });
    await operator.ask('DELETE', `/silences/${id}`);
    expect(await shown()).toEqual([null, null]);
  });
});

describe('the calendar', () => {
  it('has every window of weekly hours in the asked time, and is bounded', async () => {
    const { id } = await add({ scope: { tags: ['night'] }, time: weekly('Europe/Berlin') });
    const [from, to] = [Date.now() + HOUR, Date.now() + 7 * 24 * HOUR + HOUR];
    const { windows } = (await operator.ask('GET', `/silences/windows?from=${from}&to=${to}`)).as(
      silenceWindowsReply,
    );
    const nights = windows.filter(({ silence_id }) => silence_id === id);
    expect(nights.length).toBeGreaterThanOrEqual(7);
    expect(nights.length).toBeLessThanOrEqual(8);
    const long = await operator.ask('GET', `/silences/windows?from=0&to=${90 * 24 * HOUR}`);
    expect(errorOf(long)).toMatchObject({ code: 'invalid_query', details: [{ path: 'to' }] });
    await operator.ask('DELETE', `/silences/${id}`);
  });
});

describe('what a machine depends on', () => {
  const patch = (id: string, body: object) => stage.admin.ask('PATCH', `/devices/${id}`, { body });

  it('is set and taken away again, and a circle is refused in words', async () => {
    expect((await patch('one', { parent: 'two' })).as(deviceDetail)).toMatchObject({ parent: 'two' });
    const { code, message } = errorOf(await patch('two', { parent: 'one' }));
    expect([code, message]).toEqual([
      'invalid_parent',
      'Machines cannot depend on one another in a circle: two → one → two.',
    ]);
    expect(errorOf(await patch('two', { parent: 'gone' })).code).toBe('invalid_parent');
    expect((await patch('one', { parent: null })).as(deviceDetail).parent).toBeNull();
    const tagged = (await patch('two', { parent_of_tag: 'rack' })).as(deviceDetail);
    expect(tagged.parent_of_tag).toBe('rack');
    await patch('two', { parent_of_tag: null });
  });
});
