import { afterAll, beforeAll, expect, it } from 'vitest';
import { auditReply, deviceDetail, devicesReply, statusReply, tokenReply } from '#protocol/api.ts';
import { pushReply } from '#protocol/sample.ts';
import { errorOf, openStage, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

const detailOf = async (id: string) => (await stage.admin.ask('GET', `/devices/${id}`)).as(deviceDetail);

/** A device that two machines push as; `turn` sends a push of one of them. */
async function sharedDevice(id: string) {
  const device = await stage.device(id);
  let t = Date.now() - 100_000;
  const turn = async (host: string) => {
    const body = { hostname: host, run_id: `${id} ${host}`, machine: `of ${host}`, timestamp: (t += 1000) };
    return (await stage.push(device, { ...body, metrics: { cpu: 1 } })).as(pushReply);
  };
  await stage.admin.ask('PATCH', `/devices/${id}`, { body: { tags: ['web'] } });
  for (let i = 0; i < 6; i++) await turn(i % 2 === 0 ? 'one' : 'copy');
  const { conflict } = await detailOf(id);
  const copy = conflict?.machines.find(({ hostname }) => hostname === 'copy')?.id ?? '';
  return { device, turn, copy };
}

const separate = (deviceId: string, id: string, client = stage.admin) =>
  client.ask('POST', `/devices/${deviceId}/separate`, { body: { id } });

it('[F4] [S4] one act makes one of two machines a device of its own: with its next push it gets what it needs, and both are told of at once', async () => {
  const { device, turn, copy } = await sharedDevice('web');
  expect((await detailOf('web')).conflict).toMatchObject({
    machines: [
      { hostname: 'one', machine: 'of one', separable: true, asked_at: null },
      { hostname: 'copy', machine: 'of copy', separable: true, asked_at: null },
    ],
  });
  expect((await separate('web', copy)).status).toBe(200);
  expect((await detailOf('web')).conflict?.machines[1]?.asked_at).toBeGreaterThan(0);
  expect(await turn('one')).not.toHaveProperty('separate');
  const key = (await turn('copy')).separate?.enrollment_key ?? '';

  const body = { enrollment_key: key, hostname: 'copy', ip: '10.0.0.2', os: 'Linux', device_id: 'new' };
  const client = stage.client();
  expect(errorOf(await client.ask('POST', '/devices/register', { body })).code).toBe('invalid_token');
  const joined = await client.ask('POST', '/devices/register', { body, token: device.token });
  expect(joined.as(tokenReply).device_id).toBe('new');

  expect((await detailOf('web')).conflict).toBeUndefined();
  expect((await detailOf('new')).tags).toEqual(['web']);
  expect((await stage.admin.ask('GET', '/status')).as(statusReply).notices.join()).not.toContain('push as');
  expect(await turn('one')).not.toHaveProperty('other_agent');
  const { entries } = (await stage.admin.ask('GET', '/audit')).as(auditReply);
  expect(entries.map(({ action, target }) => `${action} ${target}`)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^made copy \(.*\) a machine of its own, separated from one$/),
      'joined as a machine of its own, separated from one: copy',
    ]),
  );
});

it('[F4] the list of machines names those that push as one, and says nothing of the others', async () => {
  await sharedDevice('listed');
  await stage.device('single');
  const { devices } = (await stage.admin.ask('GET', '/devices')).as(devicesReply);
  const conflictOf = (id: string) => devices.find(({ device_id }) => device_id === id)?.conflict;
  expect(conflictOf('listed')?.machines.map(({ hostname }) => hostname)).toEqual(['one', 'copy']);
  expect(conflictOf('single')).toBeUndefined();
});

it('[F4] a machine that is no part of a conflict, or is a script without a run id, cannot be separated', async () => {
  const { copy } = await sharedDevice('some');
  expect(errorOf(await separate('some', 'unknown')).code).toBe('no_conflict');
  expect(errorOf(await separate('nowhere', copy)).code).toBe('unknown_device');
  const device = await stage.device('scripts');
  for (let i = 0; i < 12; i++)
    await stage.push(device, {
      ...{ hostname: `script-${i % 2}`, timestamp: Date.now() - 50_000 + i * 1000, metrics: { cpu: 1 } },
    });
  const { conflict } = await detailOf('scripts');
  expect(conflict?.machines.map(({ separable }) => separable)).toEqual([false, false]);
  expect(errorOf(await separate('scripts', conflict?.machines[0]?.id ?? '')).code).toBe('no_conflict');
});
