/** Checks the pages as a browser draws them. */
import type { Browser, Locator, Page } from 'playwright';
import { z } from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { devicesReply } from '#protocol/api.ts';
import { launchBrowser } from '../browser.ts';
import { wrongWith } from './accessibility.ts';
import { startMadeUpFleet } from './made-up-fleet.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { fleetRow, signedIn, visitAsAdmin, type Person } from './ui.ts';

/** A script that sums up the layout shifts of a page, from before its first paint. */
const COUNT_SHIFTS = `
  globalThis.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shifted += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });`;

const shifted = async (page: Page) => z.number().parse(await page.evaluate('globalThis.shifted'));

function plot(page: Page, title: string): Locator {
  return page
    .getByRole('figure')
    .filter({ has: page.getByRole('heading', { level: 3, name: title, exact: true }) })
    .getByRole('img')
    .first();
}

describe('the pages', () => {
  const opened = new Opened();
  let server: TestServer;
  let browser: Browser;
  let person: Person;
  let page: Page;
  let device: string;

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    opened.keep(await startMadeUpFleet(server), closing);
    const { devices } = (await server.admin.ask('GET', '/devices')).as(devicesReply);
    device = devices.find(({ name }) => name === 'web-1')?.device_id ?? '';
    await server.admin.ask('PATCH', `/devices/${device}`, { body: { tags: ['prod'] } });
    browser = opened.keep(await launchBrowser(), closing);
    person = opened.keep(await visitAsAdmin(browser, server), closing);
    page = person.page;
    await page.addInitScript(COUNT_SHIFTS);
  });
  afterAll(() => opened.close());

  async function open(path: string): Promise<void> {
    await page.goto(`${server.url}/ui/${path}`);
    await signedIn(page);
  }

  it('the pages break no rule of accessibility, in light and in dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await open('');
      await fleetRow(page, 'web-1').getByText('%').first().waitFor();
      expect(await wrongWith(page), `fleet, ${colorScheme}`).toEqual([]);
      await open(`devices/${device}`);
      await plot(page, 'CPU').waitFor();
      expect(await wrongWith(page), `device, ${colorScheme}`).toEqual([]);
      for (const path of [
        'alerts',
        'settings/machines',
        'settings/alert-rules',
        'settings/alert-rules?rule=new',
        'settings/account',
        'settings/channels',
        'settings/alert-routes',
        'settings/notifications',
      ]) {
        await open(path);
        expect(await wrongWith(page), `${path}, ${colorScheme}`).toEqual([]);
      }
      await page.keyboard.press('Control+k');
      await page.getByRole('dialog').getByRole('combobox').waitFor();
      expect(await wrongWith(page), `the palette, ${colorScheme}`).toEqual([]);
    }
  });

  it('the pages do not shift while they load', async () => {
    for (const path of ['', `devices/${device}`, `devices/${device}?range=1h`]) {
      await open(path);
      await (path === '' ? fleetRow(page, 'web-1') : plot(page, 'CPU')).getByText('%').first().waitFor();
      expect(await shifted(page), path).toBeLessThan(0.005);
    }
  });

  it('dragging over a chart zooms to that range, the URL names it, and Back leaves the zoom', async () => {
    await open(`devices/${device}?range=1h`);
    const box = await plot(page, 'CPU').boundingBox();
    if (!box) throw new Error('the CPU chart is not on the page');
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * 0.3, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, y, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/\?from=\d+&to=\d+$/);
    const query = new URL(page.url()).searchParams;
    const width = Number(query.get('to')) - Number(query.get('from'));
    expect(width).toBeGreaterThan(600_000);
    expect(width).toBeLessThan(2_400_000);
    await page.goBack();
    await page.waitForURL(/\?range=1h$/);
  });

  it('the charts zoom by the keyboard as well', async () => {
    await open(`devices/${device}?range=1h`);
    const charts = page.getByRole('group', { name: /^Charts/ });
    await charts.focus();
    for (const key of ['ArrowLeft', 'Shift+ArrowLeft', 'Shift+ArrowLeft', 'Shift+ArrowLeft', 'Enter'])
      await charts.press(key);
    await page.waitForURL(/\?from=\d+&to=\d+$/);
    const zoomed = page.url();
    await charts.press('-');
    await page.waitForURL((url) => url.href !== zoomed);
  });

  it('a click on a tag shows the machines with this tag', async () => {
    await open('');
    await fleetRow(page, 'web-1').getByRole('button', { name: 'prod' }).click();
    await page.waitForURL(/\?q=tag/);
    const names = page.getByRole('table', { name: 'Machines' }).getByRole('link');
    await expect.poll(() => names.allInnerTexts()).toEqual(['web-1']);
  });

  it('an administrator gets a command with which a machine that lost its token joins again', async () => {
    await open('settings/machines');
    await page.getByRole('button', { name: 'Actions for web-2' }).click();
    await page.getByRole('menuitem', { name: 'Let it join again' }).click();
    await page.getByRole('button', { name: 'Make the command' }).click();
    const dialog = page.getByRole('dialog', { name: 'web-2 may join again' });
    await dialog.getByText(/WATCHFLOOR_ENROLL=|--enroll/).waitFor();
    await dialog.getByRole('button', { name: 'I have it' }).click();
    await dialog.waitFor({ state: 'detached' });
  });

  it('the rule editor previews what is typed, asks about 0.9 for a percentage, and saves the rule', async () => {
    await open('settings/alert-rules?rule=new');
    await page.getByLabel('Name', { exact: true }).fill('Any load');
    await page.getByLabel('Threshold, %').fill('0.9');
    await page.getByLabel('Clears at, %').fill('0.8');
    await page.getByText('Did you mean 90 %?').waitFor();
    await page.getByRole('button', { name: 'Use 90 %' }).click();
    await expect.poll(() => page.getByLabel('Threshold, %').inputValue()).toBe('90');
    await page.getByLabel('Threshold, %').fill('1');
    await page.getByLabel('For, minutes').fill('0');
    const preview = page.getByRole('region', { name: 'Preview' });
    await preview
      .getByText(/^Would have fired \d+ times in the last 7 days, on 8 of 8 machines\.$/)
      .waitFor();
    await preview.getByRole('img', { name: /CPU/ }).waitFor();
    for (const kind of ['joint', 'forecast', 'change', 'deviation', 'clock', 'threshold']) {
      await page.getByLabel('Fires when', { exact: true }).selectOption(kind);
      await expect.poll(() => preview.getAttribute('aria-busy')).toBe('false');
      expect(await wrongWith(page), kind).toEqual([]);
    }
    await page.getByLabel('Threshold, %').fill('100');
    await page.getByText('First warning, then critical').click();
    await page.getByLabel('Critical at, %').fill('90');
    await page.getByRole('button', { name: 'Add rule' }).click();
    await page.getByText('must be above the threshold of the warning').waitFor();
    await page.getByLabel('Critical at, %').fill('110');
    await page.getByLabel('A warning again at, %').fill('105');
    await page.getByRole('button', { name: 'Add rule' }).click();
    await page.getByRole('button', { name: 'Actions for Any load' }).waitFor();
  });

  it("an alert shows in the tab's title and icon, and is marked in the chart of its field", async () => {
    const condition = {
      kind: 'threshold',
      metric: 'ram',
      threshold: 20,
      clear: 10,
      for_s: 0,
      clear_for_s: 0,
    };
    const rule = { name: 'Any memory', scope: { devices: [device] }, condition, severity: 'critical' };
    expect((await server.admin.ask('POST', '/alert-rules', { body: rule })).status).toBe(201);
    await open(`devices/${device}`);
    await expect.poll(() => page.title(), { timeout: 15_000 }).toBe('(1) web-1 · Watchfloor');
    const icon = page.locator('link[rel="icon"]');
    await expect.poll(() => icon.getAttribute('href')).toMatch(/critical/);
    const mark = plot(page, 'Memory').getByTitle(/^Memory .* above 20 %, since .* still firing$/);
    await mark.waitFor({ state: 'attached' });
    expect(person.errors).toEqual([]);
  });
});
