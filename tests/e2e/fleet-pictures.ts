/** Pictures of the overview of the fleet: list, tiles and heat map, with few, hundreds and thousands of machines. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser } from 'playwright';
import { startLargeFleet } from './large-fleet.ts';
import { visitAsAdmin, type PersonOptions } from './ui.ts';

const COUNTS = [12, 300, 10_000];
const VIEWS = [
  { name: 'list', path: '' },
  { name: 'list-grouped', path: '?group=tag:env:' },
  { name: 'tiles', path: '?view=tiles' },
  { name: 'tiles-grouped', path: '?view=tiles&group=tag:env:' },
  { name: 'heat', path: '?view=heat' },
  { name: 'heat-state', path: '?view=heat&by=state' },
  { name: 'heat-grouped', path: '?view=heat&group=tag:site:' },
];
/** Until what has come is drawn. */
const DRAWN_MS = 2500;

/** Writes them into the folder, each view in each size. */
export async function takeFleetPictures(
  browser: Browser,
  folder: string,
  sizes: readonly (PersonOptions & { readonly name: string })[],
): Promise<void> {
  for (const count of COUNTS) {
    const fleet = await startLargeFleet(count);
    try {
      const condition = { kind: 'threshold', metric: 'cpu', threshold: 85, clear: 50, for_s: 0 };
      const rule = { name: 'CPU busy', severity: 'critical', condition };
      await fleet.server.admin.ask('POST', '/alert-rules', { body: rule });
      await fleet.pushAll();
      for (const size of sizes) {
        const { page, close } = await visitAsAdmin(browser, fleet.server, size);
        const take = (name: string) =>
          page.screenshot({ path: join(folder, `fleet-${name}-${count}-${size.name}.png`) });
        for (const { name, path } of VIEWS) {
          await page.goto(`${fleet.server.url}/ui/${path}`);
          await page.getByRole('radiogroup', { name: 'View' }).waitFor();
          await pause(DRAWN_MS);
          await take(name);
          if (name !== 'list') continue;
          for (const key of ['j', 'x', 'j', 'j', 'X']) await page.keyboard.press(key);
          await page.getByRole('toolbar', { name: 'Selected machines' }).waitFor();
          await take('selected');
        }
        await close();
      }
    } finally {
      await fleet.dispose();
    }
  }
}
