import { afterAll, beforeAll, expect, it } from 'vitest';
import { alertRoutesReply, notificationsReply } from '#protocol/notify.ts';
import { eventually } from '../e2e/eventually.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

it('a notification about many alerts is listed with 20 of them, and says how many there are', async () => {
  // Nothing listens there.
  const settings = { url: 'http://127.0.0.1:1/hook' };
  const channel = { name: 'Away', kind: 'webhook', settings, private_network: true };
  await stage.admin.ask('POST', '/channels', { body: channel });
  const [route] = (await stage.admin.ask('GET', '/alert-routes')).as(alertRoutesReply).alert_routes;
  await stage.admin.ask('PATCH', `/alert-routes/${route?.id ?? ''}`, {
    body: { group_by: 'all', wait_s: 0 },
  });
  for (const metric of ['part:*:heat', 'part:*:noise']) {
    const condition = { kind: 'threshold', metric, threshold: 90, clear: 80, for_s: 0 };
    await stage.admin.ask('POST', '/alert-rules', {
      body: { name: metric, severity: 'critical', condition },
    });
  }
  const device = await stage.device('one');
  const part = Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`p${i}`, { heat: 99, noise: 99 }]));
  await stage.push(device, { metrics: { part }, timestamp: Date.now() });
  const list = async () =>
    (await stage.admin.ask('GET', '/notifications')).as(notificationsReply).notifications[0];
  const listed = await eventually('there was a notification', list);
  expect(listed.count).toBe(30);
  expect(listed.alerts).toHaveLength(20);
});
