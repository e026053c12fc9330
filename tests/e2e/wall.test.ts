/** Checks walls in a real browser: display links, the truth of what is shown, and upgrades under an open wall. */
import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { displayLinkCreated, displayLinksReply } from '#protocol/walls.ts';
import { launchBrowser } from '../browser.ts';
import { wrongWith } from './accessibility.ts';
import { eventually } from './eventually.ts';
import { startMadeUpWall, type MadeUpWall } from './made-up-wall.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startProcess } from './process.ts';
import { startServer, temporaryFolder, type TestServer } from './product.ts';
import { linkLost, visitAsAdmin, type Person } from './ui.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SCREEN = { viewport: { width: 1920, height: 1080 } };
/** [W3] Within this time a wall says what it lost. */
const TOLD = { timeout: 5000 };

/** A source tree of its own, whose web app can be replaced under a running server. */
function copyTree(): string {
  const root = temporaryFolder();
  for (const name of ['server', 'package.json', 'tsconfig.json', 'web'])
    cpSync(join(ROOT, name), join(root, name), {
      recursive: true,
      filter: (path) => !/\/web\/(\.svelte-kit|node_modules)/.test(path),
    });
  mkdirSync(join(root, 'influx'));
  cpSync(join(ROOT, 'influx'), join(root, 'influx'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  return root;
}

/** Builds the web app anew, in the place of the one that is there: another version, as after an upgrade. */
async function rebuild(root: string): Promise<void> {
  const built = await startProcess({
    file: process.execPath,
    args: [join(root, 'node_modules', 'vite', 'bin', 'vite.js'), 'build'],
    cwd: join(root, 'web'),
  });
  const { code } = await built.exited;
  if (code !== 0) throw new Error(`the web app could not be built:\n${built.output()}`);
}

const tile = (page: Page, name: string) => page.getByRole('listitem').filter({ hasText: name });
const notLive = (page: Page) => page.getByText('Not live');
/** Marks the page that is open: a reload would lose it. */
const mark = (page: Page) => page.evaluate('window.isStillThis = true');
const isMarked = async (page: Page) => (await page.evaluate('window.isStillThis === true')) === true;

describe('walls', () => {
  const opened = new Opened();
  let root: string;
  let server: TestServer;
  let fleet: MadeUpWall;
  let browser: Browser;
  let admin: Person;

  beforeAll(async () => {
    root = opened.keep(copyTree(), (path) => rmSync(path, { recursive: true, force: true }));
    server = opened.keep(await startServer({ root }), disposing);
    fleet = opened.keep(await startMadeUpWall(server, 12, { calm: true }), closing);
    browser = opened.keep(await launchBrowser(), closing);
    admin = opened.keep(await visitAsAdmin(browser, server, SCREEN), closing);
  });
  afterAll(() => opened.close());

  async function makeLink(
    name: string,
    scope: object = {},
  ): Promise<{ id: string; url: string; secret: string }> {
    const body = { name, shows: { kind: 'pages', pages: [{ kind: 'fleet', scope }] } };
    const { id, path } = (await server.admin.ask('POST', '/display-links', { body })).as(displayLinkCreated);
    return { id, url: server.url + path, secret: path.split('#')[1] ?? '' };
  }

  /** Opens a wall on a screen of its own, with a script that runs before the page. */
  async function openScreen(url: string, script = ''): Promise<Person> {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, ...SCREEN });
    opened.keep(context, closing);
    await context.addInitScript(script);
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(url);
    return { page, context, errors, close: () => context.close() };
  }

  it('[W1] a display link opens a wall without a login, and its secret is in no URL, history entry or referrer', async () => {
    const { url, secret } = await makeLink('Hall', { name: 'web-*' });
    const context = await browser.newContext({ ignoreHTTPSErrors: true, ...SCREEN });
    opened.keep(context, closing);
    const page = await context.newPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(`${request.url()} ${JSON.stringify(request.headers())}`));
    await page.goto(url);
    await tile(page, 'web-01').waitFor();
    expect(await tile(page, 'db-01').count()).toBe(0);
    expect(page.url()).toBe(`${server.url}/ui/wall/display`);
    expect(await page.evaluate('history.length + JSON.stringify(history.state)')).not.toContain(secret);
    expect(await page.evaluate('document.referrer')).not.toContain(secret);
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.filter((text) => text.includes(secret))).toEqual([]);
    expect(server.process().output()).not.toContain(secret);
    // The cookie is enough from then on.
    await page.reload();
    await tile(page, 'web-01').waitFor();
  });

  it('[W1] a display link that is revoked goes dark within 5 s, and never asks for a login', async () => {
    const { id, url } = await makeLink('To be revoked');
    const { page } = await openScreen(url);
    await tile(page, 'web-01').waitFor();
    const { display_links: links } = (await server.admin.ask('GET', '/display-links')).as(displayLinksReply);
    expect(links.find((link) => link.id === id)?.open).toBe(1);
    await server.admin.ask('DELETE', `/display-links/${id}`);
    await page.getByText('This display link was revoked').waitFor(TOLD);
    expect(await tile(page, 'web-01').count()).toBe(0);
    expect(page.url()).toBe(`${server.url}/ui/wall/display`);
    await page.reload();
    await page.getByText('This screen has no display link').waitFor();
  });

  it('an expired display link says so, and shows the wall again by itself once it may', async () => {
    const { id, url } = await makeLink('To expire');
    const { page } = await openScreen(url);
    await tile(page, 'web-01').waitFor();
    const change = (expires_at: number | null) =>
      server.admin.ask('PATCH', `/display-links/${id}`, { body: { expires_at } });
    await change(Date.now() - 1000);
    await page.getByText('This display link has expired').waitFor(TOLD);
    await change(null);
    await tile(page, 'web-01').waitFor({ timeout: 60_000 });
  });

  it('[W3] [L4] a wall whose server is killed says so within 5 s, and goes on by itself without a reload', async () => {
    const { url } = await makeLink('Killed');
    const { page } = await openScreen(url);
    await tile(page, 'web-01').waitFor();
    await mark(page);
    await server.kill();
    await notLive(page).waitFor(TOLD);
    await page.getByText(/^Last data at .* ago\.$/).waitFor();
    await server.start();
    await notLive(page).waitFor({ state: 'detached', timeout: 30_000 });
    await tile(page, 'web-01').getByText('%').first().waitFor();
    expect(await isMarked(page)).toBe(true);
  });

  it('[W3] a browser whose clock is two hours off shows the same wall', async () => {
    const { url } = await makeLink('Wrong clock');
    const { page } = await openScreen(url, 'const now = Date.now; Date.now = () => now() - 7_200_000;');
    await tile(page, 'web-01').waitFor();
    await page.getByText(/^Data \d s old$/).waitFor();
    expect(await notLive(page).count()).toBe(0);
    expect(await tile(page, 'web-01').getByText('Stale').count()).toBe(0);
  });

  it('a browser without WebSocket is told that it can show no live data', async () => {
    const { url } = await makeLink('Old browser');
    const { page } = await openScreen(url, 'delete window.WebSocket');
    await page.getByText('No live data').waitFor();
  });

  it('a machine that becomes critical is framed, counted, and read out', async () => {
    const { page } = admin;
    await page.goto(`${server.url}/ui/wall/fleet`);
    await tile(page, 'db-01').waitFor();
    fleet.trouble('db-01', true);
    await page.locator('.pulse').waitFor({ timeout: 60_000 });
    await page.getByText('Critical: db-01').waitFor({ state: 'attached' });
    await tile(page, 'db-01').getByText('Critical').first().waitFor();
    fleet.trouble('db-01', false);
  });

  it('walls and their settings break no rule of accessibility', async () => {
    const { page } = admin;
    await page.goto(`${server.url}/ui/wall/fleet`);
    await tile(page, 'web-01').getByText('%').first().waitFor();
    expect(await wrongWith(page), 'wall').toEqual([]);
    const { url } = await makeLink('Light');
    const light = await openScreen(url);
    await tile(light.page, 'web-01').waitFor();
    expect(await wrongWith(light.page), 'display').toEqual([]);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const [path, act] of [
        ['display-links', 'Add a display link'],
        ['playlists', 'Add a playlist'],
      ] as const) {
        await page.goto(`${server.url}/ui/settings/${path}`);
        await page.getByRole('button', { name: act }).waitFor();
        expect(await wrongWith(page), `${path}, ${colorScheme}`).toEqual([]);
        await page.getByRole('button', { name: act }).click();
        await page.getByRole('dialog').waitFor();
        expect(await wrongWith(page), `the form of ${path}, ${colorScheme}`).toEqual([]);
      }
    }
  });

  it('[W1] a display link is made, shown once and revoked in the settings', async () => {
    const { page } = admin;
    await page.goto(`${server.url}/ui/settings/display-links`);
    await page.getByRole('button', { name: 'Add a display link' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Made by hand');
    await page.getByRole('button', { name: 'Add link' }).click();
    const shown = page.getByText(/\/ui\/wall\/display#/);
    const url = (await shown.textContent()) ?? '';
    await page.getByRole('button', { name: 'Done' }).click();
    const screen = await openScreen(url);
    await tile(screen.page, 'web-01').waitFor();
    const row = page.getByRole('row').filter({ hasText: 'Made by hand' });
    await row.getByText('1 open').waitFor();
    await row.getByRole('button', { name: 'Actions for Made by hand' }).click();
    await page.getByRole('menuitem', { name: 'Revoke' }).click();
    await page.getByRole('button', { name: 'Revoke link' }).click();
    await screen.page.getByText('This display link was revoked').waitFor(TOLD);
    expect(await page.getByText(/\/ui\/wall\/display#/).count()).toBe(0);
  });

  it('[W2] a server killed for a minute comes back with a new web app: its wall reloads itself within 30 s, and a page offers to', async () => {
    const { url } = await makeLink('Upgraded');
    const { page } = await openScreen(url);
    await tile(page, 'web-01').waitFor();
    await admin.page.goto(`${server.url}/ui/settings/account`);
    await admin.page.getByTitle('Numbers arrive as they are measured').waitFor();
    await Promise.all([mark(page), mark(admin.page)]);
    await server.kill();
    await Promise.all([notLive(page).waitFor(TOLD), linkLost(admin.page).waitFor(TOLD)]);
    await rebuild(root);
    await page.getByText(/^Last data at .*, 1 min.* ago\.$/).waitFor({ timeout: 90_000 });
    await server.start();
    await eventually('the wall reloaded itself', async () => !(await isMarked(page)), 30_000);
    await tile(page, 'web-01').getByText('%').first().waitFor();
    await admin.page.getByText('A new version is here.').waitFor({ timeout: 30_000 });
    // [L4] Nor does the offer hide that the link is lost once more.
    await server.kill();
    await linkLost(admin.page).waitFor(TOLD);
    await admin.page.getByText('A new version is here.').waitFor();
    await server.start();
    expect(await isMarked(admin.page)).toBe(true);
    await admin.page.getByRole('button', { name: 'Reload' }).click();
    await eventually('the page was reloaded', async () => !(await isMarked(admin.page)));
  }, 240_000);
});
