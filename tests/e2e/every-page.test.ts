/** Every page that there is, in every theme and both languages. A page that is added is found in `web/src/routes`. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { z } from 'zod';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { devicesReply } from '#protocol/api.ts';
import { alertsReply } from '#protocol/alerts.ts';
import { launchBrowser } from '../browser.ts';
import { wrongWith } from './accessibility.ts';
import { eventually } from './eventually.ts';
import { startMadeUpFleet } from './made-up-fleet.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { visitAsAdmin } from './ui.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'web', 'src', 'routes');
const ROUTES = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('+page.svelte'))
  .map((file) => file.replace(/\/?\+page\.svelte$/, ''))
  .sort();

const opened = new Opened();
const made = z.object({ id: z.string() });
let server: TestServer;
let browser: Browser;
/** An existing item for each route with a parameter, by the part of the path before it. */
const ids = new Map<string, string>();

function pathOf(route: string): string {
  return route.replace(/^(.*)\/\[id\]/, (_, parent: string) => {
    const id = ids.get(parent);
    if (id === undefined)
      throw new Error(`every-page.test.ts knows no item for ${parent}/[id]: add one to ids`);
    return `${parent}/${id}`;
  });
}

beforeAll(async () => {
  server = opened.keep(await startServer(), disposing);
  const rule = { kind: 'threshold', metric: 'cpu', threshold: 1, clear: 0.5, for_s: 0, clear_for_s: 0 };
  const body = { name: 'Any load', severity: 'warning', condition: rule };
  await server.admin.ask('POST', '/alert-rules', { body });
  opened.keep(await startMadeUpFleet(server), closing);
  const add = async (path: string, what: unknown) =>
    (await server.admin.ask('POST', path, { body: what })).as(made).id;
  const board = await add('/boards', { name: 'All of it' });
  const pages = [{ kind: 'fleet', seconds: 30, scope: {} }];
  const { devices } = (await server.admin.ask('GET', '/devices')).as(devicesReply);
  ids.set('devices', devices[0]?.device_id ?? '');
  ids.set('boards', board).set('wall/board', board);
  ids.set('wall/playlist', await add('/playlists', { name: 'Lobby', pages }));
  const raised = async () => (await server.admin.ask('GET', '/alerts')).as(alertsReply).alerts[0]?.id;
  ids.set('alerts', await eventually('an alert is raised', raised));
  browser = opened.keep(await launchBrowser(), closing);
}, 120_000);
afterAll(() => opened.close());

/** Opens a page and waits until it draws no more that is being loaded. */
async function open(page: Page, route: string): Promise<void> {
  await page.goto(`${server.url}/ui/${pathOf(route)}`);
  await page.locator('h1, [role="status"], [role="region"], main').first().waitFor();
  await expect.poll(() => page.locator('[aria-busy="true"]').count(), { timeout: 10_000 }).toBe(0);
}

it.each(['light', 'dark', 'contrast'])(
  'no page breaks a rule of accessibility in the theme %s',
  async (theme) => {
    const { page, errors, close } = await visitAsAdmin(browser, server);
    await page.evaluate(`localStorage.setItem('watchfloor-theme', '${theme}')`);
    const wrong: string[] = [];
    for (const route of ROUTES) {
      await open(page, route);
      wrong.push(...(await wrongWith(page)).map((rule) => `${route}: ${rule}`));
    }
    expect(wrong).toEqual([]);
    expect(errors).toEqual([]);
    await close();
  },
  400_000,
);

it('every page has a title of its own that says what it is, in German too', async () => {
  const { page, close } = await visitAsAdmin(browser, server);
  const titles = async () => {
    const found = new Map<string, string>();
    for (const route of ROUTES.filter((each) => each !== 'login')) {
      await open(page, route);
      found.set(route, (await page.title()).replace(/^\(\d+\) /, ''));
    }
    return found;
  };
  const english = await titles();
  for (const [route, title] of english)
    expect(title, route).toMatch(route === 'wall/display' ? /^Watchfloor$/ : /^.+ · Watchfloor$/);
  await page.evaluate("localStorage.setItem('watchfloor-language', 'de')");
  const german = await titles();
  expect(german.get('alerts')).toBe('Alarme · Watchfloor');
  expect(german.get('settings/machines')).toBe('Maschinen · Watchfloor');
  await close();
}, 300_000);
