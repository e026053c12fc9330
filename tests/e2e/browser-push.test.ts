/**
 * The service worker that shows pushed alerts, in a real browser. The push service between server and browser is another
 * company's and is not there: the browser is given the message by its developer tools, and the encryption has a test of
 * its own (tests/alerts/notify/channels/browser.test.ts).
 */
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { pushPayload } from '../../server/alerts/notify/channels/browser.ts';
import { message } from '../alerts/notify/channel-stage.ts';
import { launchBrowser } from '../browser.ts';
import { eventually } from './eventually.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { visitAsAdmin } from './ui.ts';

const opened = new Opened();
let server: TestServer;
let browser: Browser;

beforeAll(async () => {
  // A browser registers no service worker under a certificate that it does not trust; localhost needs none.
  server = opened.keep(await startServer({ env: { WATCHFLOOR_TLS: 'off' } }), disposing);
  browser = opened.keep(await launchBrowser(), closing);
});
afterAll(() => opened.close());

const shown = z.array(z.object({ title: z.string(), body: z.string(), tag: z.string(), url: z.string() }));

it('a pushed alert is shown by the browser with its words, and leads to the page of the alert', async () => {
  const { page, context } = opened.keep(await visitAsAdmin(browser, server), closing);
  await context.grantPermissions(['notifications'], { origin: server.url });
  await page.evaluate(`navigator.serviceWorker.register('/ui/service-worker.js', { type: 'module' })
    .then(() => navigator.serviceWorker.ready)`);
  const tools = await context.newCDPSession(page);
  let registrationId: string | undefined;
  tools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    registrationId = registrations.find(({ scopeURL }) => scopeURL.endsWith('/ui/'))?.registrationId;
  });
  await tools.send('ServiceWorker.enable');
  const id = await eventually('the browser knows the service worker', async () => registrationId);
  const data = pushPayload(message());
  const list = await eventually('it was shown', async () => {
    // Chromium drops one that comes while it starts the worker. Another one with the same tag takes its place.
    await tools.send('ServiceWorker.deliverPushMessage', { origin: server.url, registrationId: id, data });
    const found = await page.evaluate(`navigator.serviceWorker.ready
      .then((registration) => registration.getNotifications())
      .then((list) => list.map(({ title, body, tag, data }) => ({ title, body, tag, url: data.url })))`);
    return shown.parse(found).length > 0 && shown.parse(found);
  });
  expect(list).toMatchObject([{ title: 'Critical: web-1, CPU 97 %, above 90 %', tag: 'thread-1' }]);
  expect(list[0]?.body).toContain('CPU high');
  expect(list[0]?.url).toMatch(/\/ui\/alerts\/alert-1$/);
});

it('the account page says whether this browser is notified, and offers to', async () => {
  const { page } = opened.keep(await visitAsAdmin(browser, server), closing);
  await page.goto(`${server.url}/ui/settings/account`);
  await page.getByText(/This browser is not notified|Notifications of this site are forbidden/).waitFor();
});
