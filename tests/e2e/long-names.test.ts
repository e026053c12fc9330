/** [S6] Gives everything that has a name the longest one, and looks at every page at two sizes. */
import type { Browser, Page } from 'playwright';
import { z } from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { addLongNames } from './made-up-names.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { signedIn, visitAsAdmin } from './ui.ts';

const SIZES = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
];

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
    deviceIds.push(...(await addLongNames(server)));
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
