/** [S6] Gives everything that has a name the longest one, and looks at every page at two sizes. */
import type { Browser, Page } from 'playwright';
import { z } from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { register } from './pushing-device.ts';
import { signedIn, visitAsAdmin } from './ui.ts';

const SIZES = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
];

/** Names without a place to break: Latin, right-to-left and full-width letters. */
const HOSTS = ['W'.repeat(255), 'עברית'.repeat(51), '漢字'.repeat(127), `${'x'.repeat(60)}.`.repeat(4)];
const INSTANCE = `/srv/${'long-'.repeat(50)}`;

/**
 * A script that lists what is wider than the room it has: the page, and whatever can be scrolled sideways. The tabs
 * of the settings may be, on a phone.
 */
const TOO_WIDE = `
  [...document.querySelectorAll(':not(nav)')]
    .filter((element) => {
      const scrolls = element === document.scrollingElement
        || ['auto', 'scroll'].includes(getComputedStyle(element).overflowX);
      return scrolls && element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1;
    })
    .map((element) => element.tagName + '.' + element.className + ': ' + element.scrollWidth + ' px in ' + element.clientWidth)`;

async function tooWide(page: Page): Promise<string[]> {
  return z.array(z.string()).parse(await page.evaluate(TOO_WIDE));
}

describe('the longest names', () => {
  const opened = new Opened();
  let server: TestServer;
  let browser: Browser;
  const deviceIds: string[] = [];

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    const tags = Array.from({ length: 20 }, (_, i) => `${'t'.repeat(38)}${i % 10}${i < 10 ? 'a' : 'b'}`);
    for (const hostname of HOSTS) {
      const { id, token } = await register(server, hostname);
      deviceIds.push(id);
      await server.admin.ask('PATCH', `/devices/${id}`, { body: { tags } });
      const metrics = {
        ...{ cpu: 99, ram: 50, disk: 99, net_rx: 1e9, net_tx: 1e9 },
        [`mount:${INSTANCE}:used`]: 99,
        [`interface:${INSTANCE}1:rx`]: 1,
        [`interface:${INSTANCE}2:rx`]: 1,
        [`sensor:${INSTANCE}:celsius`]: 50,
        [`${'f'.repeat(63)}`]: 1,
      };
      const body = {
        device_id: id,
        hostname,
        ip: '2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff',
        timestamp: Date.now(),
        metrics,
      };
      const { status, text } = await server.client().ask('POST', '/metrics', { token, body });
      expect(status, text).toBe(200);
    }
    const condition = {
      kind: 'threshold',
      metric: 'mount:*:used',
      threshold: 20,
      clear: 10,
      for_s: 0,
      clear_for_s: 0,
    };
    const rule = {
      name: 'R'.repeat(120),
      condition,
      severity: 'critical',
      scope: { devices: deviceIds, tags: [] },
    };
    expect((await server.admin.ask('POST', '/alert-rules', { body: rule })).status).toBe(201);
    const user = { username: 'u'.repeat(64), password: 'correct horse battery', role: 'viewer' };
    expect((await server.admin.ask('POST', '/users', { body: user })).status).toBe(201);
    await server.admin.ask('POST', '/enrollment-keys', { body: { name: 'K'.repeat(120), tags } });
    browser = opened.keep(await launchBrowser(), closing);
  });
  afterAll(() => opened.close());

  it('[S6] the longest names widen no page, neither on a phone nor on a desk', async () => {
    const paths = [
      ...['', 'alerts', 'settings/machines', 'settings/enrollment', 'settings/alert-rules'],
      ...['settings/users', 'settings/server', 'settings/account', ...deviceIds.map((id) => `devices/${id}`)],
    ];
    const found: string[] = [];
    for (const viewport of SIZES) {
      const person = await visitAsAdmin(browser, server, { viewport });
      opened.keep(person, closing);
      for (const path of paths) {
        await person.page.goto(`${server.url}/ui/${path}`);
        await signedIn(person.page);
        await person.page
          .getByText(/WWWW|%|Built|admin/)
          .first()
          .waitFor();
        for (const what of await tooWide(person.page)) found.push(`${viewport.width} px, ${path}: ${what}`);
      }
      expect(person.errors).toEqual([]);
    }
    expect(found).toEqual([]);
  });
});
