/**
 * The fleet's list of 10,000 machines, scrolled from end to end while they push: the longest task of its page, in
 * processor time of the main thread, since a busy machine lets every task wait.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { launchBrowser } from '../../browser.ts';
import { visitAsAdmin } from '../../e2e/ui.ts';
import type { Row } from '../row.ts';
import { startPushingFleet } from './pushing-fleet.ts';

const MACHINES = 10_000;
const INTERVAL_S = 5;
/** Until every machine has pushed. */
const FILL_MS = 60_000;
/** Until the page's code is compiled. */
const WARM_MS = 20_000;
/** Pixels of one turn of the wheel, and how many of them. */
const WHEEL = 1200;
const TURNS = 200;
const TURN_MS = 50;

const trace = z.object({
  traceEvents: z.array(
    z.object({
      name: z.string(),
      pid: z.number(),
      tid: z.number(),
      /** Of the thread's processor time, microseconds. */
      tdur: z.number().optional(),
      args: z.looseObject({ name: z.string().optional() }).optional(),
    }),
  ),
});

/** Milliseconds of processor time of each task of pages' main threads, the longest first. */
function tasksIn(json: string): number[] {
  const { traceEvents } = trace.parse(JSON.parse(json));
  const main = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  return traceEvents
    .filter(({ name, pid, tid }) => /RunTask$/.test(name) && main.has(`${pid} ${tid}`))
    .map(({ tdur = 0 }) => tdur / 1000)
    .sort((a, b) => b - a);
}

export async function benchLongList(): Promise<Row[]> {
  const fleet = await startPushingFleet(MACHINES, INTERVAL_S);
  const browser = await launchBrowser();
  try {
    await pause(FILL_MS);
    const { page } = await visitAsAdmin(browser, fleet.server);
    await page.getByRole('row').nth(10).waitFor();
    await pause(WARM_MS);
    await page.mouse.move(640, 500);
    await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline'] });
    for (let turn = 0; turn < TURNS; turn++) {
      await page.mouse.wheel(0, turn < TURNS / 2 ? WHEEL : -WHEEL);
      await pause(TURN_MS);
    }
    const tasks = tasksIn((await browser.stopTracing()).toString());
    const over = tasks.filter((ms) => ms > 50).length;
    console.log(`long-list: ${over} of ${tasks.length} tasks took over 50 ms`);
    const what = `web: list of ${MACHINES.toLocaleString('en')} scrolled, longest task of the main thread`;
    return [{ what, value: tasks[0] ?? Number.NaN, unit: 'ms', budget: 50 }];
  } finally {
    await browser.close();
    await fleet.close();
  }
}
