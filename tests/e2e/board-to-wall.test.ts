/** From an empty board to a wall in another browser and its end, in a real Chromium, by the keyboard alone. */
import type { Browser, Locator, Page } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { boardsOf } from './made-up-board.ts';
import { startMadeUpFleet } from './made-up-fleet.ts';
import { closing, disposing, Opened } from './opened.ts';
import { PASSWORD, startServer, type TestServer } from './product.ts';
import { signedIn, visit } from './ui.ts';

/** No page of the app has so many places to tab to. */
const MOST_STOPS = 80;

const opened = new Opened();
let server: TestServer;
let browser: Browser;
beforeAll(async () => {
  server = opened.keep(await startServer(), disposing);
  opened.keep(await startMadeUpFleet(server), closing);
  browser = opened.keep(await launchBrowser(), closing);
});
afterAll(() => opened.close());

/** Presses `key` until `wanted` has the focus. */
async function moveTo(page: Page, wanted: Locator, key: 'Tab' | 'ArrowDown' = 'Tab'): Promise<void> {
  await wanted.waitFor();
  const focused = wanted.and(page.locator(':focus'));
  for (let pressed = 0; (await focused.count()) === 0; pressed++) {
    if (pressed === MOST_STOPS) throw new Error(`${key} does not lead to ${String(wanted)}`);
    await page.keyboard.press(key);
  }
}

it('[W1] [L5] by the keyboard alone a board is made and given a display link, which another browser opens without a login, until it is revoked', async () => {
  const { page, errors } = opened.keep(await visit(browser, `${server.url}/ui/`), closing);
  const { keyboard } = page;
  const press = async (wanted: Locator) => {
    await moveTo(page, wanted);
    await keyboard.press('Enter');
  };
  const choose = async (menu: string, item: string) => {
    await press(page.getByRole('button', { name: menu }));
    await moveTo(page, page.getByRole('menuitem', { name: item }), 'ArrowDown');
    await keyboard.press('Enter');
  };

  await moveTo(page, page.getByLabel('User name'));
  await keyboard.type('admin');
  await moveTo(page, page.getByLabel('Password', { exact: true }));
  await keyboard.type(PASSWORD);
  await keyboard.press('Enter');
  await signedIn(page);

  await keyboard.press('g');
  await keyboard.press('b');
  await page.getByRole('button', { name: 'New board' }).first().waitFor();
  await keyboard.press('n');
  await page.getByRole('dialog', { name: 'New board' }).waitFor();
  await keyboard.type('Hall');
  await keyboard.press('Enter');
  for (const [kind, field] of [
    ['Number', 'cpu'],
    ['Gauge', 'disk'],
  ] as const) {
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.getByRole('button', { name: 'Add a tile' }).first().waitFor();
    await keyboard.press('a');
    await press(page.getByRole('dialog', { name: 'Add a tile' }).getByRole('button', { name: kind }));
    const form = page.getByRole('dialog', { name: `Add: ${kind}` });
    await moveTo(page, form.getByLabel('Field'));
    await keyboard.press('Control+a');
    await keyboard.type(field);
    await keyboard.press('Enter');
    await form.waitFor({ state: 'detached' });
  }
  await keyboard.press('Control+s');
  await page.waitForURL(/\/boards\/[^/]+$/);
  const { tiles } = await boardsOf(server).named('Hall');
  expect(tiles).toMatchObject([
    { kind: 'number', field: 'cpu' },
    { kind: 'gauge', field: 'disk' },
  ]);

  await choose('Actions for this board', 'Make a display link');
  const form = page.getByRole('dialog', { name: 'Add a display link' });
  await form
    .getByRole('combobox', { name: 'Page 1' })
    .getByText('Board: Hall')
    .waitFor({ state: 'attached' });
  await press(form.getByRole('button', { name: 'Add link' }));
  const link = page.getByRole('dialog', { name: 'The link of Hall' });
  const address = (await link.getByText('/ui/wall/display#').innerText()).trim();
  await press(link.getByRole('button', { name: 'Done' }));

  const screen = opened.keep(await visit(browser, address), closing);
  const tileOf = (title: string) =>
    screen.page
      .locator('.frame')
      .filter({ has: screen.page.getByRole('heading', { level: 3, name: title }) });
  const number = tileOf('CPU');
  await number.getByText('%').first().waitFor();
  await tileOf('Disk').getByText('%').first().waitFor();
  const first = await number.innerText();
  await expect.poll(() => number.innerText(), { timeout: 15_000 }).not.toBe(first);

  const get = async (path: string) => (await screen.context.request.get(server.url + path)).status();
  const ofPeople = ['/auth/me', '/boards', '/devices', '/display-links', '/users', '/audit'];
  for (const path of ofPeople) {
    expect([path, await get(path)]).toEqual([path, 401]);
    if (path === '/auth/me' || path === '/devices') continue;
    expect([path, await get(`${path}?as=display`)]).toEqual([path, 403]);
  }
  expect(await get('/display?as=display')).toBe(200);

  await choose('Actions for Hall', 'Revoke');
  await press(page.getByRole('dialog').getByRole('button', { name: 'Revoke link' }));
  await screen.page.getByText('This display link was revoked').waitFor({ timeout: 5000 });
  expect(await number.count()).toBe(0);
  expect(await get('/display?as=display')).toBe(401);
  expect([errors, screen.errors]).toEqual([[], []]);
});
