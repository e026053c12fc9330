/** The fleet's list of 10,000 machines, scrolled from end to end while they push: its longest task. */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { launchBrowser } from '../../browser.ts';
import { visitAsAdmin } from '../../e2e/ui.ts';
import type { Row } from '../row.ts';
import { startPushingFleet } from './pushing-fleet.ts';

const MACHINES = 10_000;
const INTERVAL_S = 5;
/** Until every machine has pushed, and the list has settled. */
const FILL_MS = 60_000;
/** Until the page's code is compiled. */
const WARM_MS = 10_000;
/** Pixels of one turn of the wheel, and how many of them. */
const WHEEL = 1200;
const TURNS = 120;

const WATCH = `
  window.longTasks = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasks.push(duration);
  }).observe({ type: 'longtask' });
`;

export async function benchLongList(): Promise<Row[]> {
  const fleet = await startPushingFleet(MACHINES, INTERVAL_S);
  const browser = await launchBrowser();
  try {
    await pause(FILL_MS);
    const { page } = await visitAsAdmin(browser, fleet.server);
    await page.getByRole('row').nth(10).waitFor();
    await pause(WARM_MS);
    await page.evaluate(WATCH);
    await page.mouse.move(640, 500);
    for (let turn = 0; turn < TURNS; turn++) {
      await page.mouse.wheel(0, turn < TURNS / 2 ? WHEEL : -WHEEL);
      await pause(50);
    }
    const tasks = z.array(z.number()).parse(await page.evaluate('longTasks'));
    console.log(`long-list: ${tasks.length} tasks over 50 ms while scrolling`);
    const what = `web: list of ${MACHINES.toLocaleString('en')} scrolled, longest task over 50 ms (0: none)`;
    return [{ what, value: Math.max(0, ...tasks), unit: 'ms', budget: 50 }];
  } finally {
    await browser.close();
    await fleet.close();
  }
}
