import { afterAll, beforeAll, expect, it } from 'vitest';
import { deviceFieldsReply, SCALAR_KIND, type DeviceFieldsReply } from '#protocol/device-fields.ts';
import { errorOf, openStage, type Device, type Stage } from './stage.ts';

let stage: Stage;
let device: Device;
/** A whole minute, ten minutes ago. */
const T = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;

beforeAll(async () => {
  stage = await openStage();
  device = await stage.device('wide');
  const gone = { interface: { veth9: { rx: 5, tx: 6 } } };
  await stage.push(device, { metrics: { cpu: 1, ...gone }, timestamp: T });
  const interfaces = Object.fromEntries(
    [3, 20, 100].map((rx) => [`eth${rx}`, { rx, tx: 1, ...(rx === 20 && { queued: 2 }) }]),
  );
  const metrics = { cpu: 2, ram: 40, requests: 7, interface: interfaces, mount: { '/var': { used: 60 } } };
  await stage.push(device, { metrics, timestamp: T + 1000 });
});
afterAll(() => stage.close());

const ask = async (query: string): Promise<DeviceFieldsReply> =>
  (await stage.admin.ask('GET', `/devices/wide/fields?${query}`)).as(deviceFieldsReply);
const names = ({ instances }: DeviceFieldsReply) => instances.map(({ instance }) => instance);

it('[L6] the fields of a machine are counted by kind, also where one instance is listed', async () => {
  const reply = await ask('top=1');
  expect(reply).toMatchObject({ device_id: 'wide', sampled_at: T + 1000, total: 7 });
  expect(reply.kinds).toEqual([
    { kind: SCALAR_KIND, instances: 3, fields: [], more: 0, custom: 1 },
    { kind: 'interface', instances: 3, fields: ['rx', 'tx', 'queued'], more: 0, custom: 1 },
    { kind: 'mount', instances: 1, fields: ['used'], more: 0, custom: 0 },
  ]);
  expect(names(reply)).toEqual(['cpu']);
});

it('[L6] instances are listed by name or by their value, as many as are asked for', async () => {
  expect(names(await ask('kind=interface'))).toEqual(['eth3', 'eth20', 'eth100']);
  const busiest = await ask('kind=interface&by=rx&top=2');
  expect(busiest.total).toBe(3);
  expect(busiest.instances).toEqual([
    {
      kind: 'interface',
      instance: 'eth100',
      fields: ['interface:eth100:rx', 'interface:eth100:tx'],
      more: 0,
      values: [100, 1],
      current: true,
    },
    {
      kind: 'interface',
      instance: 'eth20',
      fields: ['interface:eth20:queued', 'interface:eth20:rx', 'interface:eth20:tx'],
      more: 0,
      values: [2, 20, 1],
      current: true,
    },
  ]);
  expect(names(await ask('by=queued&kind=interface'))).toEqual(['eth20', 'eth3', 'eth100']);
});

it('a search finds an instance by its fields, too, and lists those alone', async () => {
  const { instances, total } = await ask('kind=interface&search=QUEUE');
  expect(total).toBe(1);
  expect(instances.map(({ fields }) => fields)).toEqual([['interface:eth20:queued']]);
  expect(names(await ask('kind=interface&search=eth20'))).toEqual(['eth20']);
});

it('the fields of a machine are found by a part of their instance’s name', async () => {
  expect(names(await ask('search=ETH10'))).toEqual(['eth100']);
  expect(names(await ask('search=nothing'))).toEqual([]);
});

it('fields that the agent of Watchfloor does not have can be listed alone', async () => {
  const { instances } = await ask('custom=true');
  expect(instances.flatMap(({ fields }) => fields)).toEqual(['requests', 'interface:eth20:queued']);
  expect(names(await ask(`kind=${SCALAR_KIND}&by=x`))).toEqual(['ram', 'requests', 'cpu']);
});

it('what a machine no longer sends is listed where the past is asked for, and said to be past', async () => {
  const { kinds, instances } = await ask('kind=interface&past=true&search=veth');
  expect(kinds.find(({ kind }) => kind === 'interface')?.instances).toBe(4);
  expect(instances).toEqual([
    {
      kind: 'interface',
      instance: 'veth9',
      fields: ['interface:veth9:rx', 'interface:veth9:tx'],
      more: 0,
      values: [null, null],
      current: false,
    },
  ]);
});

it('an unknown machine has no fields to list, and a wrong count is named', async () => {
  const unknown = await stage.admin.ask('GET', '/devices/nobody/fields');
  expect(errorOf(unknown)).toMatchObject({ status: 404, code: 'unknown_device' });
  const wrong = await stage.admin.ask('GET', '/devices/wide/fields?top=0');
  expect(errorOf(wrong)).toMatchObject({ code: 'invalid_query', details: [{ path: 'top' }] });
});
