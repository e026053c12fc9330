/**
 * [L6] How long the page of a machine takes to show every chart on the screen: a machine with 4,000 fields, and one with
 * 360 interfaces that come and go, beside one with thirty fields.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { launchBrowser } from '../../browser.ts';
import { addMachine, keepPushing, restless, small, wide } from '../../e2e/made-up-machines.ts';
import { startServer } from '../../e2e/product.ts';
import { visitAsAdmin } from '../../e2e/ui.ts';
import { median, type Row } from '../row.ts';

const ROUNDS = 9;
const POLL_MS = 10;

/** Whether every chart in the window has a line, and the sections below them are there. */
const SHOWN = `(() => {
  const plots = [...document.querySelectorAll('figure [role="img"]')];
  const seen = plots.filter((plot) => plot.getBoundingClientRect().top < innerHeight);
  const drawn = seen.filter((plot) => plot.querySelector('.lc-path[d], path[d*="L"]') !== null);
  return seen.length > 3 && drawn.length === seen.length;
})()`;

export async function benchMachineOpening(): Promise<Row[]> {
  const server = await startServer();
  const machines = [
    { what: 'thirty fields', machine: await addMachine(server, 'small', small) },
    { what: '4,000 fields', machine: await addMachine(server, 'wide', wide) },
    { what: '360 interfaces that come and go', machine: await addMachine(server, 'restless', restless) },
  ];
  const pushing = keepPushing(machines.map(({ machine }) => machine));
  const browser = await launchBrowser();
  try {
    const { page } = await visitAsAdmin(browser, server, { viewport: { width: 1440, height: 900 } });
    const times = machines.map((): number[] => []);
    for (let round = 0; round <= ROUNDS; round++)
      for (const [i, { machine }] of machines.entries()) {
        await page.goto('about:blank');
        const began = performance.now();
        await page.goto(`${server.url}/ui/devices/${machine.id}`);
        while ((await page.evaluate(SHOWN)) !== true) await pause(POLL_MS);
        // The first round fills the browser's cache.
        if (round > 0) times[i]?.push(performance.now() - began);
      }
    const control = median(times[0] ?? []);
    return machines.slice(1).map(({ what }, i) => {
      const value = median(times[i + 1] ?? []);
      return {
        what: `web: page of a machine with ${what}, until its charts are there`,
        value,
        unit: 'ms',
        control: { what: 'thirty fields', value: control },
        ratio: value / control,
        budget: 2,
      };
    });
  } finally {
    pushing.close();
    await browser.close();
    await server.dispose();
  }
}
