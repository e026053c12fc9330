/** 24 live charts of 300 points and two fields at 1 Hz, beside the same charts drawn by uPlot. */
import { setTimeout as pause } from 'node:timers/promises';
import { launchBrowser } from '../../browser.ts';
import { median, type Row } from '../row.ts';
import { buildPage } from './built-page.ts';
import { measureUse, type Use } from './main-thread.ts';

const ROUNDS = 3;
const SECONDS = 15;
/** By then the page has drawn itself, and its code is compiled. */
const WARM_MS = 4000;

async function useOf(html: string): Promise<Use> {
  const browser = await launchBrowser();
  const page = await browser.newPage({ viewport: { width: 1760, height: 1200 } });
  page.on('pageerror', (error) => console.error(error));
  await page.setContent(html);
  await pause(WARM_MS);
  const used = await measureUse(browser, SECONDS);
  await browser.close();
  return used;
}

function row(what: string, ours: readonly number[], uPlot: readonly number[]) {
  const [value, control] = [median(ours), median(uPlot)];
  return { what, value, unit: 'ms', control: { what: 'uPlot', value: control }, ratio: value / control };
}

export async function benchLiveCharts(): Promise<Row[]> {
  const pages = { ours: await buildPage('ours.ts'), uPlot: await buildPage('uplot.ts') };
  const [ours, uPlot]: [Use[], Use[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await useOf(pages.ours));
    uPlot.push(await useOf(pages.uPlot));
  }
  const of = (key: keyof Use) => [ours.map((use) => use[key]), uPlot.map((use) => use[key])] as const;
  return [
    { ...row('web: 24 live charts, main thread per second', ...of('mainThread')), budget: 1.2 },
    row('web: 24 live charts, all threads per second', ...of('all')),
  ];
}
