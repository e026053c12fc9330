import { afterAll, beforeAll, expect, it } from 'vitest';
import { alertsReply } from '#protocol/alerts.ts';
import { alertReading, alertSubject } from '#protocol/alert-words.ts';
import { fieldMeaningsReply } from '#protocol/declarations.ts';
import { pushReply } from '#protocol/sample.ts';
import { openStage, type Device, type Stage } from './stage.ts';

let stage: Stage;
let device: Device;

beforeAll(async () => {
  stage = await openStage();
  device = await stage.device('box-1');
}, 60_000);
afterAll(() => stage.close());

const DECLARATIONS = {
  'backup:*:size': { unit: 'bytes', label: 'Size of the backup', help: 'As of the last run.' },
  'backup:*:lag': { unit: 'parsecs', label: 'Lag' },
};

const push = async (body: object) =>
  (
    await stage.push(device, {
      metrics: { 'backup:nas:size': 5e9, 'backup:nas:lag': 7 },
      timestamp: Date.now(),
      ...body,
    })
  ).as(pushReply);
const meanings = async (query: string) =>
  (await stage.admin.ask('GET', `/field-meanings${query}`)).as(fieldMeaningsReply).meanings;

it('a device that has declarations is asked for them once, and after a restart they are still known', async () => {
  expect(await push({})).not.toHaveProperty('declare');
  expect(await push({ declared: 'a1' })).toHaveProperty('declare', true);
  expect(await push({ declared: 'a1', declarations: DECLARATIONS })).not.toHaveProperty('declare');
  expect(await push({ declared: 'a1' })).not.toHaveProperty('declare');
  await stage.restart();
  expect(await push({ declared: 'a1' })).not.toHaveProperty('declare');
  expect(await meanings('?fields=backup:*:size,cpu')).toEqual({
    'backup:*:size': DECLARATIONS['backup:*:size'],
  });
  expect(await meanings(`?device=${device.id}`)).toEqual(DECLARATIONS);
});

it('[I7] a wrong declaration costs only itself, and is named in the reply', async () => {
  const declarations = { ...DECLARATIONS, cpu: { unit: 'bytes' }, 'a:b': { unit: 'x' } };
  const reply = await push({ declared: 'a2', declarations });
  expect(reply.accepted).toBe(1);
  expect(reply.ignored?.fields).toEqual([
    { field: 'declarations.cpu', reason: 'is a field of Watchfloor’s own' },
    { field: 'declarations.a:b', reason: expect.any(String) },
  ]);
  expect((await push({ declared: 'a3', declarations: 'x' })).ignored?.fields[0]?.field).toBe('declarations');
});

it('an alert about a field of one’s own has the unit and the label that its machine declared', async () => {
  for (const [metric, threshold] of [
    ['backup:*:size', 1e9],
    ['backup:*:lag', 5],
  ] as const) {
    const condition = { kind: 'threshold', metric, threshold, clear: threshold / 2, for_s: 0 };
    const rule = { name: metric, severity: 'warning', condition };
    expect((await stage.admin.ask('POST', '/alert-rules', { body: rule })).status).toBe(201);
  }
  await push({ declared: 'a2' });
  const { alerts } = (await stage.admin.ask('GET', '/alerts')).as(alertsReply);
  const words = alerts.map((alert) => `${alertSubject(alert)}: ${alertReading(alert)}`);
  expect(words).toContain('backup nas, size of the backup: 4.66 GiB, above 954 MiB');
  expect(words).toContain('backup nas, lag: 7 parsecs, above 5 parsecs');
});

it('[I8] what a removed device declared is gone', async () => {
  await stage.admin.ask('DELETE', `/devices/${device.id}`);
  expect(await meanings('')).toEqual({});
});
