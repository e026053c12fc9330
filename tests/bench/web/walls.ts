/**
 * Walls at 1 Hz: 300 tiles with sparklines beside the same tiles as text only, and 2,000 cells. Each machine pushes every
 * second what the real agent measures.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { launchBrowser } from '../../browser.ts';
import { visitAsAdmin } from '../../e2e/ui.ts';
import type { Row } from '../row.ts';
import { measureUse, type Use } from './main-thread.ts';
import { startPushingFleet } from './pushing-fleet.ts';

const SECONDS = 30;
/** Until the sparklines, which reach back five minutes, have all their points. */
const FILL_MS = 310_000;
/** Until the page has drawn itself, and its code is compiled. */
const WARM_MS = 15_000;
/** Without a context, a canvas draws nothing: what is left are the same tiles as text. */
const NO_CANVAS = 'HTMLCanvasElement.prototype.getContext = () => null';

interface OpenWall {
  use(): Promise<Use>;
  close(): Promise<void>;
}

async function openWall(url: string, script: string): Promise<OpenWall> {
  const browser = await launchBrowser();
  const { page, context } = await visitAsAdmin(browser, { url }, { viewport: { width: 1920, height: 1080 } });
  await context.addInitScript(script);
  await page.goto(`${url}/ui/wall/fleet`);
  return { use: () => measureUse(browser, SECONDS), close: () => browser.close() };
}

async function benchTiles(): Promise<Row[]> {
  const fleet = await startPushingFleet(300);
  const tiles = await openWall(fleet.server.url, '');
  const text = await openWall(fleet.server.url, NO_CANVAS);
  try {
    await pause(FILL_MS);
    const [value, control] = [await tiles.use(), await text.use()];
    const row = (what: string, key: keyof Use): Row => ({
      what: `web: wall of 300 tiles with sparklines, ${what} per second`,
      value: value[key],
      unit: 'ms',
      control: { what: 'as text only', value: control[key] },
      ratio: value[key] / control[key],
    });
    return [{ ...row('main thread', 'mainThread'), budget: 2 }, row('all threads', 'all')];
  } finally {
    await tiles.close();
    await text.close();
    await fleet.close();
  }
}

async function benchCells(): Promise<Row[]> {
  const fleet = await startPushingFleet(2000);
  const wall = await openWall(fleet.server.url, '');
  try {
    await pause(WARM_MS);
    const { mainThread, all } = await wall.use();
    const row = (what: string, value: number): Row => ({
      what: `web: wall of 2,000 cells, ${what} per second`,
      value,
      unit: 'ms',
    });
    return [{ ...row('main thread', mainThread), budget: 150 }, row('all threads', all)];
  } finally {
    await wall.close();
    await fleet.close();
  }
}

export async function benchWalls(): Promise<Row[]> {
  return [...(await benchTiles()), ...(await benchCells())];
}
