/** Pictures of the overview of the fleet: list, tiles and heat map, with few, hundreds and thousands of machines. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser } from 'playwright';
import { startLargeFleet } from './large-fleet.ts';
import { LOOKS, type Pictures } from './pictures.ts';
import { visitAsAdmin } from './ui.ts';

const COUNTS = [12, 300, 10_000];
const VIEWS: readonly { readonly name: string; readonly path: string; readonly keys?: readonly string[] }[] =
  [
    { name: 'list', path: '' },
    // Selects four machines.
    { name: 'selected', path: '', keys: ['j', 'x', 'j', 'j', 'X'] },
    { name: 'list-grouped', path: '?group=tag:env:' },
    { name: 'tiles', path: '?view=tiles' },
    { name: 'tiles-grouped', path: '?view=tiles&group=tag:env:' },
    { name: 'heat', path: '?view=heat' },
    { name: 'heat-state', path: '?view=heat&by=state' },
    { name: 'heat-grouped', path: '?view=heat&group=tag:site:' },
  ];
/** Until what has come is drawn. */
const DRAWN_MS = 2500;

const named = (view: string, count: number, look: string) => `fleet-${view}-${count}-${look}`;

/** Takes each view in each look, and the list with selected machines. */
export async function takeFleetPictures(browser: Browser, pictures: Pictures): Promise<void> {
  for (const count of COUNTS) {
    const looks = LOOKS.map((look) => ({
      look,
      views: VIEWS.filter(({ name }) => pictures.wants(named(name, count, look.name))),
    })).filter(({ views }) => views.length > 0);
    if (looks.length === 0) continue;
    const fleet = await startLargeFleet(count);
    try {
      const condition = { kind: 'threshold', metric: 'cpu', threshold: 85, clear: 50, for_s: 0 };
      const rule = { name: 'CPU busy', severity: 'critical', condition };
      await fleet.server.admin.ask('POST', '/alert-rules', { body: rule });
      for (const { look, views } of looks) {
        // What was pushed for the look before is old by now.
        await fleet.pushAll();
        const { page, close } = await visitAsAdmin(browser, fleet.server, look);
        for (const { name, path, keys } of views) {
          await page.goto(`${fleet.server.url}/ui/${path}`);
          await page.getByRole('radiogroup').first().waitFor();
          await pause(DRAWN_MS);
          for (const key of keys ?? []) await page.keyboard.press(key);
          await pictures.take(page, named(name, count, look.name));
        }
        await close();
      }
    } finally {
      await fleet.dispose();
    }
  }
}
