/** Pictures of walls of 2 to 2,000 machines at 1080p, in 4K and upright, in each theme, and without a server. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser } from 'playwright';
import { playlist } from '#protocol/walls.ts';
import { startMadeUpWall } from './made-up-wall.ts';
import { closing, disposing, Opened } from './opened.ts';
import type { Pictures } from './pictures.ts';
import { startServer, type TestServer } from './product.ts';
import { visitAsAdmin } from './ui.ts';

const COUNTS = [2, 12, 60, 300, 2000];
/** The wall that loses its server. */
const LOST_COUNT = 12;
const THEMES = ['dark', 'light', 'contrast'] as const;
const SCREENS = [
  { name: '1080p', width: 1920, height: 1080 },
  { name: '4k', width: 3840, height: 2160 },
  { name: 'portrait', width: 1080, height: 1920 },
];
/** By then machines that push nothing are offline, and alerts are raised. */
const SETTLED_MS = 25_000;
/** Until what has come is drawn. */
const DRAWN_MS = 3000;
/** [W3] By then a wall says that it lost its server. */
const LOST_MS = 5000;

async function makeWall(server: TestServer, theme: (typeof THEMES)[number]): Promise<string> {
  const body = {
    name: 'Operations',
    pages: [{ kind: 'fleet', scope: {} }],
    settings: { theme, pixel_shift: false },
  };
  const { id } = (await server.admin.ask('POST', '/playlists', { body })).as(playlist);
  return `${server.url}/ui/wall/playlist/${id}`;
}

/** Takes each wall on each screen in each theme, and the smallest one without its server. */
export async function takeWallPictures(browser: Browser, pictures: Pictures): Promise<void> {
  const namesOf = (what: string) =>
    SCREENS.flatMap(({ name }) => THEMES.map((theme) => `wall-${what}-${name}-${theme}`));
  for (const count of COUNTS) {
    const isLost = count === LOST_COUNT && namesOf('lost').some(pictures.wants);
    if (!isLost && !namesOf(`${count}`).some(pictures.wants)) continue;
    const opened = new Opened();
    try {
      const server = opened.keep(await startServer(), disposing);
      opened.keep(await startMadeUpWall(server, count), closing);
      const { page } = opened.keep(await visitAsAdmin(browser, server), closing);
      await pause(SETTLED_MS);
      const takeAll = async (what: string, theme: string, waitMs: number) => {
        for (const { name, width, height } of SCREENS) {
          const picture = `wall-${what}-${name}-${theme}`;
          if (!pictures.wants(picture)) continue;
          await page.setViewportSize({ width, height });
          await pause(waitMs);
          await pictures.take(page, picture);
        }
      };
      for (const theme of THEMES) {
        await page.goto(await makeWall(server, theme));
        await takeAll(`${count}`, theme, DRAWN_MS);
      }
      if (!isLost) continue;
      for (const theme of THEMES) {
        await page.goto(await makeWall(server, theme));
        await page.getByText(/^Data .* old$/).waitFor();
        await server.kill();
        await takeAll('lost', theme, LOST_MS);
        await server.start();
      }
    } finally {
      await opened.close();
    }
  }
}
