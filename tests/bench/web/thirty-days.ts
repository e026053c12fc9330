/** [W4] What thirty days of updates, fast-forwarded, with a hundred lost connections, leave in the page of a wall. */
import { devicesReply } from '#protocol/api.ts';
import type { CDPSession, Page } from 'playwright';
import { z } from 'zod';
import { launchBrowser } from '../../browser.ts';
import { startMadeUpFleet } from '../../e2e/made-up-fleet.ts';
import { startServer } from '../../e2e/product.ts';
import { visitAsAdmin } from '../../e2e/ui.ts';
import type { Row } from '../row.ts';
import { buildScript } from './built-page.ts';

const HOUR_MS = 3_600_000;
/** Between them the page's worker, whose time is real, is heard. */
const STEP_MS = 600_000;
const DAYS = 30;
/** Days between two lines about how it goes. */
const TOLD_EVERY = 3;
const DROPS = 100;
const PAGE = 'wall/fleet';

const counts = z.object({ connections: z.number(), changes: z.number() });

interface Held {
  /** Bytes of the heap after a garbage collection. */
  readonly heap: number;
  readonly nodes: number;
  readonly listeners: number;
}

async function held(session: CDPSession): Promise<Held> {
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const of = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN;
  return { heap: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') };
}

async function fastForward(page: Page, hours: number): Promise<void> {
  for (let step = 0; step < hours * 6; step++) await page.evaluate(`fastForwarded.pass(${STEP_MS})`);
}

export async function benchThirtyDays(): Promise<Row[]> {
  const { script } = await buildScript('fast-forward.ts');
  const server = await startServer();
  (await startMadeUpFleet(server)).close();
  const browser = await launchBrowser();
  try {
    const { devices } = (await server.admin.ask('GET', '/devices')).as(devicesReply);
    const { page, context } = await visitAsAdmin(browser, server, {
      viewport: { width: 1920, height: 1080 },
    });
    const given = { devices, dropEveryMs: (DAYS * 24 * HOUR_MS) / DROPS };
    await context.addInitScript(`window.fastForward = ${JSON.stringify(given)};\n${script}`);
    await page.goto(`${server.url}/ui/${PAGE}`);
    // Before the wall is drawn, its requests would seem to take hours.
    await page.getByText('online').first().waitFor();
    const session = await context.newCDPSession(page);
    await session.send('Performance.enable');
    await fastForward(page, 24);
    const first = await held(session);
    for (let day = 2; day <= DAYS; day++) {
      await fastForward(page, 24);
      if (day % TOLD_EVERY > 0) continue;
      const { heap, nodes, listeners } = await held(session);
      const MiB = (heap / 1_048_576).toFixed(2);
      console.log(`thirty-days: day ${day}: heap ${MiB} MiB, ${nodes} nodes, ${listeners} listeners`);
    }
    const last = await held(session);
    const counted = counts.parse(await page.evaluate('fastForwarded'));
    console.log(`${DAYS} days: ${counted.changes} updates over ${counted.connections} connections`);
    const row = (what: string, key: keyof Held, unit: string, scale = 1): Row => ({
      what: `web: wall after ${DAYS} days, ${what}`,
      value: last[key] / scale,
      unit,
      control: { what: 'after a day', value: first[key] / scale },
      ratio: last[key] / first[key],
      budget: 1.05,
    });
    return [
      row('heap', 'heap', 'MiB', 1_048_576),
      row('nodes', 'nodes', ''),
      row('listeners', 'listeners', ''),
    ];
  } finally {
    await browser.close();
    await server.dispose();
  }
}
