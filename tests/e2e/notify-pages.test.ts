/** Sets up a channel in the web app and takes care of an alert that it told of, as an administrator would. */
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertRulesReply } from '#protocol/alerts.ts';
import { launchBrowser } from '../browser.ts';
import { wrongWith } from './accessibility.ts';
import { eventually } from './eventually.ts';
import { SECRET, startReceiver, type Receiver } from './notify-receiver.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { register, type Identity } from './pushing-device.ts';
import { signedIn, visitAsAdmin } from './ui.ts';

describe('alerts that reach people', () => {
  const opened = new Opened();
  let server: TestServer;
  let receiver: Receiver;
  let browser: Browser;
  let page: Page;
  let errors: readonly string[];
  let device: Identity;

  async function open(path: string): Promise<void> {
    await page.goto(`${server.url}/ui/${path}`);
    await signedIn(page);
  }

  async function push(cpu: number): Promise<void> {
    const now = Date.now();
    const body = { device_id: device.id, hostname: 'burner', ip: '', metrics: { cpu }, timestamp: now };
    const { status, text } = await server.admin.ask('POST', '/metrics', { token: device.token, body });
    if (status !== 200) throw new Error(`a push was answered ${status}: ${text}`);
  }

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    receiver = opened.keep(await startReceiver(), disposing);
    const { alert_rules } = (await server.admin.ask('GET', '/alert-rules')).as(alertRulesReply);
    for (const { id } of alert_rules) await server.admin.ask('DELETE', `/alert-rules/${id}`);
    const condition = {
      kind: 'threshold',
      metric: 'cpu',
      threshold: 90,
      clear: 80,
      for_s: 0,
      clear_for_s: 0,
    };
    const rule = { name: 'CPU burns', severity: 'critical', condition };
    await server.admin.ask('POST', '/alert-rules', { body: rule });
    device = await register(server, 'burner');
    browser = opened.keep(await launchBrowser(), closing);
    const person = opened.keep(await visitAsAdmin(browser, server), closing);
    ({ page, errors } = person);
  });
  afterAll(() => opened.close());

  it('the first channel is added by its form, tested at once, and gets every alert', async () => {
    await open('alerts');
    await page.getByText('Alerts reach only whoever has this page open').waitFor();
    await page.getByRole('link', { name: 'Add a channel' }).click();
    await page.getByText('Alerts reach nobody yet').waitFor();
    await page.getByRole('button', { name: 'Add a channel' }).click();
    await page.getByLabel('Service', { exact: true }).selectOption('webhook');
    await page.getByLabel('Name').fill('Operations');
    await page.getByLabel('Address').fill(receiver.url);
    await page.getByLabel('Signing secret').fill(SECRET);
    await page.getByLabel('May reach private networks').check();
    await page.getByRole('button', { name: 'Add and test' }).click();
    const dialog = page.getByRole('dialog', { name: 'Test of Operations' });
    await dialog.getByText('The far side has taken it').waitFor();
    await dialog.getByText('200 OK').waitFor();
    expect(receiver.events()).toEqual(['test']);
    expect(receiver.received[0]?.isSigned).toBe(true);
    await dialog.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('row').filter({ hasText: 'Operations' }).getByText('Delivers').waitFor();
    await open('settings/alert-routes');
    await page.getByRole('listitem').filter({ hasText: 'Every alert' }).getByText('Operations').waitFor();
  });

  it('Must show 3: an alert is told of, acknowledged with one key, and its end is told of', async () => {
    await push(99);
    await eventually('the alert was told of', async () => receiver.events().length === 2, 30_000);
    expect(receiver.received.at(-1)?.body).toMatchObject({
      event: 'firing',
      title: 'Critical: burner, CPU 99 %, above 90 %',
      alerts: [{ machine: 'burner', severity: 'critical' }],
    });
    await open('alerts');
    await page.getByRole('row').filter({ hasText: 'burner' }).getByText('Firing').waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('a');
    await eventually('the acknowledgement was told of', async () => receiver.events().length === 3, 30_000);
    await push(5);
    await eventually('the end was told of', async () => receiver.events().length === 4, 30_000);
    expect(receiver.events()).toEqual(['test', 'firing', 'acknowledged', 'resolved']);
  });

  it('[A5] the page of an alert says who was told of it', async () => {
    await open('alerts?view=history');
    await page
      .getByRole('row')
      .filter({ hasText: 'burner' })
      .getByRole('link', { name: /CPU/ })
      .first()
      .click();
    await page.getByRole('heading', { name: 'Who is told' }).waitFor();
    const told = page.getByRole('listitem').filter({ hasText: 'Operations' });
    for (const event of ['Firing', 'Acknowledged', 'Resolved'])
      await told.filter({ hasText: event }).getByText('Delivered').waitFor();
    expect(await wrongWith(page)).toEqual([]);
  });

  it('[A4] a channel that does not deliver is seen on its page and in the rail', async () => {
    receiver.answerWith(() => 503);
    await push(99);
    await eventually('it was tried', async () => receiver.events().length >= 5, 30_000);
    await open('settings/channels');
    const row = page.getByRole('row').filter({ hasText: 'Operations' });
    await row.getByText('Does not deliver').waitFor();
    await row.getByText(/503/).waitFor();
    await page.reload();
    const inRail = page.getByRole('link', { name: /Settings.*a channel does not deliver/ });
    await inRail.waitFor();
    receiver.answerWith(() => 200);
    await row.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText('The far side has taken it').waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    await row.getByText('Delivers').waitFor();
    await inRail.waitFor({ state: 'detached' });
  });

  it('the pages and forms of notifying break no rule of accessibility, in light and in dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await open('settings/channels');
      await page.getByRole('row').filter({ hasText: 'Operations' }).waitFor();
      expect(await wrongWith(page), `channels, ${colorScheme}`).toEqual([]);
      await page.getByRole('button', { name: 'Add a channel' }).click();
      await page.getByText('Own text').click();
      expect(await wrongWith(page), `the form of a channel, ${colorScheme}`).toEqual([]);
      await open('settings/alert-routes');
      await page.getByRole('listitem').filter({ hasText: 'Every alert' }).waitFor();
      expect(await wrongWith(page), `routes, ${colorScheme}`).toEqual([]);
      await page.getByRole('button', { name: 'Add a route' }).click();
      await page.getByLabel('Only alerts of some hours').check();
      await page.getByLabel('Tell other channels').check();
      expect(await wrongWith(page), `the form of a route, ${colorScheme}`).toEqual([]);
      await open('settings/notifications');
      await page.getByRole('button', { name: 'Show the tries' }).first().click();
      expect(await wrongWith(page), `notifications, ${colorScheme}`).toEqual([]);
    }
    expect(errors).toEqual([]);
  });

  it('a route that takes nothing says so while it is edited, and routes change places by their buttons', async () => {
    await open('settings/alert-routes');
    await page.getByRole('button', { name: 'Add a route' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Databases');
    await page.getByLabel('Machines named').fill('db-*');
    await page.getByText(/This route takes nothing: it matches 0 machines/).waitFor();
    await page.getByLabel('Machines named').fill('b*');
    await page.getByText('Takes one rule on one machine').waitFor();
    await page.getByRole('checkbox', { name: 'Operations' }).check();
    await page.getByRole('button', { name: 'Add route' }).click();
    const first = page
      .getByRole('listitem')
      .filter({ has: page.getByRole('heading', { level: 2 }) })
      .first();
    await first.getByText('Every alert').first().waitFor();
    await page.getByRole('button', { name: 'Move Databases up' }).click();
    await first.getByText('Databases').waitFor();
  });
});
