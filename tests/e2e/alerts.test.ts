/** Takes care of alerts in the web app, as a person on call would. */
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alert as alertShape, alertRulesReply, alertsReply } from '#protocol/alerts.ts';
import { silencesReply } from '#protocol/silences.ts';
import { launchBrowser } from '../browser.ts';
import { wrongWith } from './accessibility.ts';
import { closing, disposing, Opened } from './opened.ts';
import { PASSWORD, startServer, type TestServer } from './product.ts';
import { register } from './pushing-device.ts';
import { signedIn, signIn, visit, visitAsAdmin, type Person } from './ui.ts';

describe('taking care of alerts', () => {
  const opened = new Opened();
  let server: TestServer;
  let browser: Browser;
  let person: Person;
  let page: Page;
  let push: (heat: number, name: string) => Promise<void>;

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    // Only what this test raises is to be seen.
    const { alert_rules } = (await server.admin.ask('GET', '/alert-rules')).as(alertRulesReply);
    for (const { id } of alert_rules) await server.admin.ask('DELETE', `/alert-rules/${id}`);
    const condition = { kind: 'threshold', metric: 'heat', threshold: 50, clear: 40, for_s: 0 };
    const rule = { name: 'Too hot', severity: 'critical', condition: { ...condition, clear_for_s: 0 } };
    await server.admin.ask('POST', '/alert-rules', { body: rule });
    const client = server.client();
    const machines = new Map<string, Awaited<ReturnType<typeof register>>>();
    for (const name of ['oven', 'stove', 'kiln']) machines.set(name, await register(server, name));
    push = async (heat, name) => {
      const { id = '', token = '' } = machines.get(name) ?? {};
      const body = {
        device_id: id,
        hostname: name,
        ip: '10.0.0.9',
        metrics: { heat },
        timestamp: Date.now(),
      };
      expect((await client.ask('POST', '/metrics', { token, body })).status).toBe(200);
    };
    for (const name of machines.keys()) await push(95, name);
    browser = opened.keep(await launchBrowser(), closing);
    person = opened.keep(await visitAsAdmin(browser, server), closing);
    page = person.page;
  });
  afterAll(() => opened.close());

  async function open(path: string): Promise<void> {
    await page.goto(`${server.url}/ui/${path}`);
    await signedIn(page);
  }
  const row = (name: string) =>
    page.getByRole('table', { name: 'Alerts' }).getByRole('row').filter({ hasText: name });
  const alertOf = async (name: string) => {
    const { alerts } = (await server.admin.ask('GET', '/alerts?state=all')).as(alertsReply);
    return alerts.find(({ device_name }) => device_name === name);
  };

  it('[A6] one key acknowledges the alert of the selected row, which stays in the list, calmly', async () => {
    await open('alerts');
    await expect.poll(() => page.title()).toBe('(3) Alerts · Watchfloor');
    const first = page.locator('tr[aria-current="true"]');
    const name = await first.getByRole('link').first().innerText();
    await page.keyboard.press('a');
    await row(name).getByText('Acknowledged by admin').waitFor();
    await expect.poll(() => page.title()).toBe('(2) Alerts · Watchfloor');
    expect(await alertOf(name)).toMatchObject({ state: 'acknowledged', acknowledged: { by: 'admin' } });
    expect(await first.getByRole('link').first().innerText()).not.toBe(name);
    await page.getByText('Open', { exact: true }).click();
    await expect.poll(() => row('').count()).toBe(3);
  });

  it('j and k move the selected row, x selects more, and s silences them all', async () => {
    await open('alerts?show=unattended');
    const selected = page.locator('tr[aria-current="true"]').getByRole('link').first();
    const name = await selected.innerText();
    await page.keyboard.press('j');
    await expect.poll(() => selected.innerText()).not.toBe(name);
    await page.keyboard.press('k');
    await expect.poll(() => selected.innerText()).toBe(name);
    for (const key of ['x', 'j', 'x', 's']) await page.keyboard.press(key);
    const form = page.getByRole('dialog', { name: 'Silence' });
    await form.getByText('It covers 2 machines and 2 active alerts now.').waitFor();
    expect(await wrongWith(page)).toEqual([]);
    await form.getByLabel('What for').fill('Cooling is repaired');
    await form.getByRole('button', { name: 'Silence', exact: true }).click();
    await page.getByText('No alerts match').waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await row('Cooling is repaired').first().waitFor();
    expect(await row('Cooling is repaired').count()).toBe(2);
    await expect.poll(() => page.title()).toBe('Alerts · Watchfloor');
  });

  it('a key that goes to a page does nothing to alerts on the way', async () => {
    const { id } = (await alertOf('oven')) ?? {};
    await server.admin.ask('DELETE', `/alerts/${id ?? ''}/acknowledge`);
    await open('alerts');
    await row('oven').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await page.keyboard.press('Shift+?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await page.keyboard.press('Escape');
    const { alerts } = (await server.admin.ask('GET', '/alerts?state=firing')).as(alertsReply);
    expect(alerts.map(({ device_name }) => device_name)).toContain('oven');
  });

  it('the page of an alert has its chart, takes comments, and tells all that happened', async () => {
    const { id = '' } = (await alertOf('kiln')) ?? {};
    await open(`alerts/${id}`);
    await page.getByRole('img', { name: /^heat/i }).waitFor();
    await page.getByText('Nobody is told. There is no channel yet').waitFor();
    await page.getByLabel('Comment').fill('The fan broke');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('listitem').filter({ hasText: 'The fan broke' }).waitFor();
    await page.getByRole('listitem').filter({ hasText: 'oven' }).first().waitFor();
    await push(10, 'kiln');
    await page.getByRole('listitem').filter({ hasText: 'Cleared' }).waitFor();
    expect((await server.admin.ask('GET', `/alerts/${id}`)).as(alertShape)).toMatchObject({
      state: 'resolved',
      comments: [{ by: 'admin', text: 'The fan broke' }],
    });
    await open('alerts?view=history&q=fan+broke');
    await row('kiln').waitFor();
    expect(await row('stove').count()).toBe(0);
  });

  it('the calendar shows when silences are; one is opened by the keyboard, and ended in the list', async () => {
    await open('alerts/silences');
    const block = page.getByRole('button', { name: /^Cooling is repaired, \d\d:\d\d to \d\d:\d\d$/ });
    await block.first().focus();
    await page.keyboard.press('Enter');
    const form = page.getByRole('dialog', { name: 'Edit the silence' });
    await form.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Actions for Cooling is repaired' }).click();
    await page.getByRole('menuitem', { name: 'End now' }).click();
    await page.getByRole('table', { name: 'Past silences' }).getByText('Cooling is repaired').waitFor();
    const { silences } = (await server.admin.ask('GET', '/silences')).as(silencesReply);
    expect(silences.map(({ state }) => state)).toEqual(['past']);
  });

  it('a silence of each week is entered in the form, and the browser is asked to call by sound', async () => {
    await open('alerts/silences');
    await page.getByRole('button', { name: 'Add a silence' }).click();
    const form = page.getByRole('dialog', { name: 'Silence' });
    await form.getByText('Each week', { exact: true }).click();
    await form.getByLabel('Saturday').check({ force: true });
    await form.getByLabel('What for').fill('Nightly backup');
    await form.getByLabel('Name', { exact: true }).fill('ki*');
    await form.getByText('It covers 1 machine').waitFor();
    expect(await wrongWith(page)).toEqual([]);
    await form.getByRole('button', { name: 'Silence', exact: true }).click();
    const entered = page.getByRole('row').filter({ hasText: 'Nightly backup' });
    await entered.getByText(/^Mo Tu We Th Fr Sa 22:00–06:00, /).waitFor();
    await open('alerts');
    await page.getByRole('button', { name: 'How this browser calls for attention' }).click();
    const sound = page.getByRole('switch', { name: 'A sound' });
    await sound.check();
    expect(await wrongWith(page)).toEqual([]);
    await page.reload();
    await page.getByRole('button', { name: 'How this browser calls for attention' }).click();
    expect(await sound.isChecked()).toBe(true);
    await sound.uncheck();
  });

  it('the pages about alerts break no rule of accessibility, in light, in dark and on a phone', async () => {
    const scope = { name: 'o*' };
    const hours = { days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '23:00', time_zone: 'UTC' };
    const body = { kind: 'maintenance', comment: 'Backup', scope, time: { kind: 'weekly', hours } };
    await server.admin.ask('POST', '/silences', { body });
    const { id = '' } = (await alertOf('stove')) ?? {};
    const paths = ['alerts', 'alerts?view=pending', 'alerts?view=history', 'alerts?view=statistics'];
    for (const look of ['light', 'dark', 'phone'] as const) {
      await page.emulateMedia({ colorScheme: look === 'dark' ? 'dark' : 'light' });
      await page.setViewportSize(
        look === 'phone' ? { width: 390, height: 844 } : { width: 1280, height: 800 },
      );
      for (const path of [...paths, `alerts/${id}`, 'alerts/silences']) {
        await open(path);
        await page.waitForLoadState('networkidle');
        expect(await wrongWith(page), `${path}, ${look}`).toEqual([]);
      }
    }
    expect(person.errors).toEqual([]);
  });

  it('[S3] a viewer sees alerts and silences, and finds nothing to change in them', async () => {
    const account = { username: 'watcher', password: PASSWORD, role: 'viewer' };
    await server.admin.ask('POST', '/users', { body: account });
    const viewer = opened.keep(await visit(browser, `${server.url}/ui/`), closing);
    await signIn(viewer.page, 'watcher', PASSWORD);
    await signedIn(viewer.page);
    await viewer.page.goto(`${server.url}/ui/alerts`);
    await viewer.page.getByRole('row').filter({ hasText: 'stove' }).waitFor();
    expect(await viewer.page.getByRole('button', { name: 'Acknowledge' }).count()).toBe(0);
    expect(await viewer.page.getByRole('checkbox').count()).toBe(0);
    await viewer.page.keyboard.press('a');
    await viewer.page.goto(`${server.url}/ui/alerts/silences`);
    await viewer.page.getByRole('table', { name: 'Past silences' }).waitFor();
    expect(await viewer.page.getByRole('button', { name: 'Add a silence' }).count()).toBe(0);
    expect((await alertOf('stove'))?.state).toBe('firing');
  });
});
