/** The main ways through the app without a mouse: from signing in to an alert that is dealt with, and to a board. */
import type { Browser, Locator, Page } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { alertsReply } from '#protocol/alerts.ts';
import { silencesReply } from '#protocol/silences.ts';
import { launchBrowser } from '../browser.ts';
import { eventually } from './eventually.ts';
import { startMadeUpFleet } from './made-up-fleet.ts';
import { closing, disposing, Opened } from './opened.ts';
import { PASSWORD, startServer, type TestServer } from './product.ts';
import { signedIn, visit, type Person } from './ui.ts';

const opened = new Opened();
let server: TestServer;
let browser: Browser;
let person: Person;
let page: Page;

beforeAll(async () => {
  server = opened.keep(await startServer(), disposing);
  const condition = { kind: 'threshold', metric: 'cpu', threshold: 1, clear: 0.5, for_s: 0, clear_for_s: 0 };
  await server.admin.ask('POST', '/alert-rules', {
    body: { name: 'Any load', severity: 'critical', condition },
  });
  opened.keep(await startMadeUpFleet(server), closing);
  await eventually('an alert is raised', async () => (await alerts()).length > 0);
  browser = opened.keep(await launchBrowser(), closing);
  person = opened.keep(await visit(browser, `${server.url}/ui/`), closing);
  page = person.page;
});
afterAll(() => opened.close());

const alerts = async () => (await server.admin.ask('GET', '/alerts')).as(alertsReply).alerts;
const press = async (...keys: string[]) => {
  for (const key of keys) await page.keyboard.press(key);
};
const heading = (name: string | RegExp) => page.locator('#content').getByRole('heading', { level: 1, name });

/** Presses Tab until this has the focus, as somebody would who sees where it is. */
async function tabTo(target: Locator): Promise<void> {
  await target.waitFor();
  for (let i = 0; i < 80; i++) {
    if (await target.evaluate((element) => element === element.ownerDocument.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach ${target}`);
}

it('somebody signs in, finds a machine, acknowledges and silences its alert, and makes a board, by keys alone', async () => {
  await tabTo(page.getByLabel('User name'));
  await page.keyboard.type('admin');
  await press('Tab');
  await page.keyboard.type(PASSWORD);
  await press('Enter');
  await signedIn(page);

  // A machine, by the palette.
  await press('Control+k');
  await page.getByRole('dialog').getByRole('combobox').waitFor();
  await page.keyboard.type('web-1');
  await page.getByRole('option', { name: /web-1/ }).first().waitFor();
  await press('Enter');
  await heading(/web-1/).waitFor();

  // Its alert.
  await press('g', 'a');
  await heading('Alerts').waitFor();
  await page
    .getByRole('row', { name: /Any load/ })
    .first()
    .waitFor();
  await press('j', 'a');
  const acknowledged = async () => (await alerts()).some((alert) => alert.acknowledged !== null);
  await eventually('the alert is acknowledged', acknowledged);
  await press('j', 's');
  const dialog = page.getByRole('dialog');
  await tabTo(dialog.getByRole('button', { name: /^(Silence|Add|Save)/ }).last());
  await press('Enter');
  await dialog.waitFor({ state: 'detached' });
  expect((await server.admin.ask('GET', '/silences')).as(silencesReply).silences).toHaveLength(1);

  // A board.
  await press('g', 'b');
  await heading('Boards').waitFor();
  await press('n');
  await tabTo(dialog.getByLabel('Name'));
  await page.keyboard.type('Operations room');
  await press('Enter');
  await page.waitForURL(/\/boards\/[^/]+(\/edit)?$/);
  expect(person.errors).toEqual([]);
});

it('the skip link leads past the rail, and the focus is seen', async () => {
  await page.goto(`${server.url}/ui/alerts`);
  await page
    .getByRole('row', { name: /Any load/ })
    .first()
    .waitFor();
  await press('Tab');
  const focused = () => page.evaluate('document.activeElement.outerHTML.slice(0, 90)');
  expect(await focused()).toContain('class="skip');
  await press('Enter');
  expect(await page.evaluate('document.activeElement.id')).toBe('content');
});

it('what is typed right after Ctrl-K is looked for, also while the palette is on its way, and is no shortcut', async () => {
  let letGo: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  await page.goto(`${server.url}/ui/`);
  await heading(/^Fleet/).waitFor();
  await page.route('**/_app/immutable/**', async (route) => {
    await gate;
    await route.continue();
  });
  await press('Control+k');
  // `g` and `s` would lead to the settings.
  await page.keyboard.type('gs web-1');
  letGo();
  await expect.poll(() => page.getByRole('dialog').getByRole('combobox').inputValue()).toBe('gs web-1');
  expect(new URL(page.url()).pathname).toBe('/ui/');
  await page.unroute('**/_app/immutable/**');
  await press('Escape');
});

it('the palette leads to every page of the settings, and changes the language', async () => {
  await press('Control+k');
  await page.getByRole('dialog').getByRole('combobox').waitFor();
  await page.keyboard.type('playlists');
  await press('Enter');
  await heading('Playlists').waitFor();
  await press('Control+k');
  await page.getByRole('dialog').getByRole('combobox').waitFor();
  await page.keyboard.type('deutsch');
  await page.getByRole('option', { name: 'Sprache: Deutsch' }).waitFor();
  await press('Enter');
  await heading('Abfolgen').waitFor();
});
