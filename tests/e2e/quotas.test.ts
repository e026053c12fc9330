/** A traffic quota: set on a machine's page, seen there and in the settings, in an alert, and after kill -9. */
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { alertsReply } from '#protocol/alerts.ts';
import { HOUR, MINUTE, SECOND } from '#protocol/span.ts';
import { quotasReply } from '#protocol/traffic.ts';
import { launchBrowser } from '../browser.ts';
import { createMeter } from '../traffic/metered.ts';
import { asPush } from '../traffic/pushed.ts';
import { wrongWith } from './accessibility.ts';
import { eventually } from './eventually.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { register, type Identity } from './pushing-device.ts';
import { visitAsAdmin, type Person } from './ui.ts';

const opened = new Opened();
const meter = createMeter('eth0', 5);
let server: TestServer;
let browser: Browser;
let device: Identity;
let person: Person;
let end = Math.floor(Date.now() / SECOND) * SECOND - 3 * HOUR;
let sent = 0;

async function pushUntil(to: number): Promise<void> {
  const { samples, grown } = meter.run(end, to);
  end = to;
  sent += grown.out;
  const client = server.client();
  for (let i = 0; i < samples.length; i += 500) {
    const body = {
      device_id: device.id,
      hostname: 'vps-1',
      ip: '10.0.0.9',
      ...asPush(samples.slice(i, i + 500)),
    };
    const push = async () =>
      (await client.ask('POST', '/metrics', { token: device.token, body })).status === 200;
    await eventually('the push was taken', push);
  }
  client.close();
}
const standing = async () =>
  (await server.admin.ask('GET', '/quotas')).as(quotasReply).machines[0]?.standing ?? undefined;
const alerts = async () =>
  (await server.admin.ask('GET', '/alerts?state=all'))
    .as(alertsReply)
    .alerts.filter(({ metric }) => metric.startsWith('quota:'));
const section = (page: Page) => page.locator('#section-traffic-body');

beforeAll(async () => {
  server = opened.keep(await startServer(), disposing);
  browser = opened.keep(await launchBrowser(), closing);
  device = await register(server, 'vps-1');
  await pushUntil(Date.now() - MINUTE);
  person = await visitAsAdmin(browser, server);
}, 60_000);
afterAll(() => opened.close());

it('a traffic quota is set on the machine’s page, which then says how much is used, and until when it has to last', async () => {
  const { page } = person;
  await page.goto(`${server.url}/ui/devices/${device.id}?open=..traffic`);
  const traffic = section(page);
  await traffic.getByRole('table', { name: 'Traffic by billing period' }).waitFor();
  await traffic.getByRole('button', { name: 'Set a quota' }).click();
  const dialog = page.getByRole('dialog');
  // Of this, nine tenths are used.
  await dialog.getByLabel('Bytes in a period').fill((sent / 0.9 / 1e9).toFixed(3));
  await dialog.getByLabel('Unit of bytes').selectOption('GB');
  await dialog.getByLabel('Billing day').fill(String(new Date(Date.now() - 24 * HOUR).getUTCDate()));
  await dialog.getByLabel('Time zone').fill('UTC');
  await dialog.getByRole('button', { name: 'Set the quota' }).click();
  await dialog.waitFor({ state: 'detached' });
  await traffic.getByText('nearly used').waitFor();
  await traffic.getByText(/^(89|9\d) %$/).waitFor();
  await traffic.getByText(/^until /).waitFor();
  // It has begun to be measured three hours ago.
  await traffic.getByText(/of this period are not known, and not counted/).waitFor();
  expect(await wrongWith(page)).toEqual([]);
});

it('a traffic quota raises an alert that says how much is used, and is on the page of its machine', async () => {
  await pushUntil(Date.now() - 30 * SECOND);
  const [alert] = await eventually('an alert was raised', async () => {
    const all = await alerts();
    return all.length > 0 && all;
  });
  expect(alert).toMatchObject({ metric: 'quota:total:level', severity: 'warning', state: 'firing' });
  expect(alert?.reading).toMatch(/^(89|9\d) % used$/);
  await person.page.goto(`${server.url}/ui/alerts`);
  await person.page
    .getByText(/Traffic quota/)
    .first()
    .waitFor();
});

it('[A3] a traffic quota stands as it did after kill -9, and raises nothing twice', async () => {
  const before = await standing();
  await server.kill();
  await server.start();
  const after = await eventually('it was worked out again', standing);
  expect(after.out_bytes / (before?.out_bytes ?? 0)).toBeCloseTo(1, 1);
  expect(after.from).toBe(before?.from);
  await pushUntil(Date.now() - 5 * SECOND);
  expect((await alerts()).map(({ metric, state }) => [metric, state])).toEqual([
    ['quota:total:level', 'firing'],
  ]);
});

it('a traffic quota is in the settings, where the machines with the most used come first, and can be removed', async () => {
  const { page, errors } = person;
  await page.goto(`${server.url}/ui/settings/quotas`);
  const machines = page.getByRole('table', { name: 'Machines by how much of their quota is used' });
  await machines.getByRole('link', { name: 'vps-1' }).waitFor();
  expect(await wrongWith(page)).toEqual([]);
  await page.getByRole('button', { name: /^Actions for/ }).click();
  await page.getByRole('menuitem', { name: 'Remove' }).click();
  await page.getByRole('button', { name: 'Remove quota' }).click();
  await page.getByText('No traffic quota').waitFor();
  expect(await standing()).toBeUndefined();
  expect(errors).toEqual([]);
});
