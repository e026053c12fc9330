/** The budgets of a first view, in bytes. `npm run bench -- first-view` prints what the bytes are spent on. */
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { measureFirstViews } from '../bench/web/first-view.ts';
import { launchBrowser } from '../browser.ts';
import { startMadeUpFleet } from './made-up-fleet.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';

const opened = new Opened();
let server: TestServer;
let browser: Browser;

beforeAll(async () => {
  server = opened.keep(await startServer(), disposing);
  opened.keep(await startMadeUpFleet(server), closing);
  browser = opened.keep(await launchBrowser(), closing);
});
afterAll(() => opened.close());

it('a first visit transfers at most 150 KiB for the page to sign in and 250 KiB for the fleet', async () => {
  for (const { name, bytes, budget, transfers } of await measureFirstViews(browser, server)) {
    const largest = transfers.toSorted((a, b) => b.bytes - a.bytes).slice(0, 5);
    expect(bytes, `${name}: ${JSON.stringify(largest)}`).toBeLessThan(budget);
    // A page that transfers next to nothing was not measured.
    expect(bytes, name).toBeGreaterThan(50_000);
  }
});
