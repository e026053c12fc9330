/** A display link in a real Chromium: opened without a login, and gone dark when it is revoked. */
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { displayLinkCreated } from '#protocol/walls.ts';
import { launchBrowser } from '../browser.ts';
import { startMadeUpFleet } from './made-up-fleet.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { visit } from './ui.ts';

const opened = new Opened();
let server: TestServer;
let browser: Browser;
beforeAll(async () => {
  server = opened.keep(await startServer(), disposing);
  opened.keep(await startMadeUpFleet(server), closing);
  browser = opened.keep(await launchBrowser(), closing);
});
afterAll(() => opened.close());

it('[W1] [L5] a display link opens its wall without a login, leaves its secret nowhere, and ends when it is revoked', async () => {
  const pages = [{ kind: 'fleet', scope: { name: 'db-*' } }];
  const body = { name: 'Lobby', shows: { kind: 'pages', pages } };
  const made = await server.admin.ask('POST', '/display-links', { body });
  const { id, path } = made.as(displayLinkCreated);
  const secret = path.slice(path.indexOf('#') + 1);

  const { page, errors } = opened.keep(await visit(browser, 'about:blank'), closing);
  const asked: string[] = [];
  page.on('request', (request) => {
    if (!request.url().includes('/display-links/open'))
      asked.push(request.url() + JSON.stringify(request.headers()) + (request.postData() ?? ''));
  });
  const machine = page.getByText('db-primary', { exact: true }).first();
  await page.goto(server.url + path);
  await machine.waitFor();
  expect(await page.getByText('web-1', { exact: true }).count()).toBe(0);
  expect(page.url()).toBe(`${server.url}/ui/wall/display`);
  expect(asked.filter((text) => text.includes(secret))).toEqual([]);

  await page.reload();
  await machine.waitFor();
  await server.admin.ask('DELETE', `/display-links/${id}`);
  await machine.waitFor({ state: 'detached', timeout: 5000 });
  await page
    .getByText(/revoked/)
    .first()
    .waitFor();
  expect(server.process().output()).not.toContain(secret);
  expect(errors).toEqual([]);
});

it.each(['%', '%ff', 'x'.repeat(300), 'wrong'])(
  '[W1] the wall of a display link with the wrong secret %s says that it shows nothing any more',
  async (secret) => {
    const { page, errors } = opened.keep(await visit(browser, 'about:blank'), closing);
    await page.goto(`${server.url}/ui/wall/display#${secret}`);
    await page.getByText('This display link was revoked').waitFor();
    expect(page.url()).toBe(`${server.url}/ui/wall/display`);
    expect(errors).toEqual([]);
  },
);
