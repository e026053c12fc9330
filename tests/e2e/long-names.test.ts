/** [S6] Gives everything that has a name the longest one, and looks at every page at two sizes. */
import type { Browser, Page } from 'playwright';
import { z } from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { boardsOf, everyKind } from './made-up-board.ts';
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

/**
 * A script that lists where the first letter of a text is cut off that is written from right to left: where it is not
 * within the element that cuts it.
 */
const BEGINNING_LOST = `
  [...document.querySelectorAll('body *')].flatMap((element) => {
    const text = [...element.childNodes].find((node) => node.nodeType === 3 && /[\\u0590-\\u05ff]/.test(node.data));
    if (!text || element.checkVisibility?.() === false) return [];
    const range = document.createRange();
    const first = text.data.search(/[\\u0590-\\u05ff]/);
    range.setStart(text, first);
    range.setEnd(text, first + 1);
    const letter = range.getBoundingClientRect();
    let cutter = element;
    while (cutter && getComputedStyle(cutter).overflowX === 'visible') cutter = cutter.parentElement;
    if (!cutter || letter.width === 0) return [];
    const { left, right } = cutter.getBoundingClientRect();
    const shown = letter.left >= left - 1 && letter.right <= right + 1;
    return shown ? [] : [element.tagName + '.' + element.className];
  })`;

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

  it('[S6] a long name that is written from right to left shows its beginning in lists, tiles, boards and walls', async () => {
    const tiles = await everyKind(server, deviceIds[1] ?? '');
    const board = (await boardsOf(server).make('Names', tiles)).id;
    const { page, close } = await visitAsAdmin(browser, server, { viewport: { width: 1280, height: 800 } });
    opened.keep({ close }, closing);
    const found: string[] = [];
    for (const path of ['', '?view=tiles', 'alerts', `boards/${board}`, 'wall/fleet', 'settings/machines']) {
      await page.goto(`${server.url}/ui/${path}`);
      await page.getByText(/עברית/).and(page.locator(':not(option)')).first().waitFor();
      const lost = z.array(z.string()).parse(await page.evaluate(BEGINNING_LOST));
      for (const what of lost) found.push(`${path}: ${what}`);
    }
    expect(found).toEqual([]);
  });
});
