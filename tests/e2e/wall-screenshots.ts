/** Takes pictures of walls: of 12 to 2,000 machines at 1080p and in 4K, in light, upright, and without a server. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser } from 'playwright';
import { playlist } from '#protocol/walls.ts';
import { startMadeUpWall } from './made-up-wall.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { visitAsAdmin } from './ui.ts';

const COUNTS = [12, 60, 300, 2000];
const SCREENS = [
  { name: '1080p', width: 1920, height: 1080 },
  { name: '4k', width: 3840, height: 2160 },
  { name: 'portrait', width: 1080, height: 1920 },
];
/** By then machines that push nothing are offline, and alerts are raised. */
const SETTLED_MS = 25_000;
/** [W3] By then a wall says that it lost its server. */
const LOST_MS = 5000;

async function makeWall(server: TestServer, theme: 'dark' | 'light'): Promise<string> {
  const body = {
    name: 'Operations',
    pages: [{ kind: 'fleet', scope: {} }],
    settings: { theme, pixel_shift: false },
  };
  const { id } = (await server.admin.ask('POST', '/playlists', { body })).as(playlist);
  return `${server.url}/ui/wall/playlist/${id}`;
}

export async function takeWalls(browser: Browser, folder: string): Promise<void> {
  for (const count of COUNTS) {
    const opened = new Opened();
    try {
      const server = opened.keep(await startServer(), disposing);
      opened.keep(await startMadeUpWall(server, count), closing);
      const { page } = opened.keep(await visitAsAdmin(browser, server), closing);
      await pause(SETTLED_MS);
      for (const theme of ['dark', 'light'] as const) {
        await page.goto(await makeWall(server, theme));
        for (const { name, width, height } of SCREENS) {
          await page.setViewportSize({ width, height });
          await pause(3000);
          await page.screenshot({ path: join(folder, `wall-${count}-${name}-${theme}.png`) });
        }
        if (count !== COUNTS[0]) continue;
        await server.kill();
        for (const { name, width, height } of SCREENS) {
          await page.setViewportSize({ width, height });
          await pause(LOST_MS);
          await page.screenshot({ path: join(folder, `wall-lost-${name}-${theme}.png`) });
        }
        await server.start();
      }
    } finally {
      await opened.close();
    }
  }
}
