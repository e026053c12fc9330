import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventsReply } from '#protocol/events.ts';
import { errorOf, openStage, type Device, type Stage } from './stage.ts';

let stage: Stage;
let device: Device;

const metrics = (uptimeS: number, heat = 0) => ({ uptime_s: uptimeS, heat });
const read = async (query = '') => (await stage.admin.ask('GET', `/events?${query}`)).as(eventsReply).events;
const kinds = async (query: string) => (await read(query)).map(({ kind }) => kind);

beforeAll(async () => {
  stage = await openStage();
  device = await stage.device('eventful');
  await stage.device('quiet');
  const condition = { kind: 'threshold', metric: 'heat', threshold: 90, clear: 80, for_s: 0 };
  await stage.admin.ask('POST', '/alert-rules', { body: { name: 'Hot', severity: 'warning', condition } });
  const inventory = { agent_version: '1.0.2' };
  await stage.push(device, { timestamp: Date.now(), metrics: metrics(5000), inventory });
  await stage.push(device, {
    timestamp: Date.now() + 1,
    metrics: metrics(30, 95),
    ip: '10.0.0.2',
    inventory: { agent_version: '1.1.0' },
  });
});
afterAll(() => stage.close());

it('what happened to a machine is listed, with the alerts, newest first', async () => {
  const events = await read('device=eventful');
  expect(events.map(({ kind }) => kind).sort()).toEqual(
    // The second alert is that of the default rule about restarts.
    ['address', 'agent', 'alert_raised', 'alert_raised', 'joined', 'online', 'rebooted'],
  );
  expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).toSorted((a, b) => b - a));
  expect(events.find(({ kind }) => kind === 'agent')).toMatchObject({
    device_id: 'eventful',
    device_name: 'eventful',
    before: '1.0.2',
    now: '1.1.0',
    alert: null,
  });
  expect(events.map(({ alert }) => alert)).toContainEqual(
    expect.objectContaining({ rule_name: 'Hot', severity: 'warning' }),
  );
});

it('events are found by kind, by time, by machine, and as many as are asked for', async () => {
  expect(await kinds('device=eventful&kind=agent&kind=address')).toHaveLength(2);
  expect(await kinds('name=qui*')).toEqual(['joined']);
  expect(await kinds('limit=1')).toHaveLength(1);
  expect(await kinds('device=eventful&to=1000')).toEqual([]);
});

it('[F2] a restart of the server adds no events, and keeps those that were there', async () => {
  const before = await read('device=eventful&kind=online&kind=offline&kind=joined&kind=rebooted');
  await stage.restart();
  await stage.push(device, { timestamp: Date.now() + 5, metrics: metrics(60) });
  expect(await read('device=eventful&kind=online&kind=offline&kind=joined&kind=rebooted')).toEqual(before);
});

it('a restart of the machine while the server was down is noticed with its first push', async () => {
  await stage.restart();
  await stage.push(device, { timestamp: Date.now() + 10, metrics: metrics(5) });
  expect(await kinds('device=eventful&kind=rebooted')).toHaveLength(2);
});

it('a revoked token is an event, and a removed machine leaves none', async () => {
  await stage.admin.ask('DELETE', '/devices/quiet/token');
  expect(await kinds('device=quiet')).toEqual(['token_revoked', 'joined']);
  await stage.admin.ask('DELETE', '/devices/quiet');
  expect(await read('device=quiet')).toEqual([]);
});

it.each([
  ['kind=explosion', 'kind'],
  ['limit=0', 'limit'],
  ['limit=1001', 'limit'],
  ['from=yesterday', 'from'],
  [`tag=${'x'.repeat(50)}`, 'tag'],
])('events with %s are refused with 400 that names the parameter', async (query, path) => {
  const error = errorOf(await stage.admin.ask('GET', `/events?${query}`));
  expect(error).toMatchObject({ status: 400, code: 'invalid_query' });
  expect(error.details?.[0]?.path).toBe(path);
});
