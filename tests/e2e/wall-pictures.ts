/** Pictures of walls of 2 to 2,000 machines at 1080p, in 4K and upright, in each theme, in German, and without a server. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, Page } from 'playwright';
import { playlist } from '#protocol/walls.ts';
import { startMadeUpWall } from './made-up-wall.ts';
import { closing, disposing, Opened } from './opened.ts';
import type { Pictures } from './pictures.ts';
import { startServer, type TestServer } from './product.ts';
import { visitAsAdmin } from './ui.ts';

const COUNTS = [2, 12, 60, 300, 2000];
/** The wall that loses its server. */
const LOST_COUNT = 12;
const LOOKS = [
  { look: 'dark', theme: 'dark', locale: 'en-GB' },
  { look: 'light', theme: 'light', locale: 'en-GB' },
  { look: 'contrast', theme: 'contrast', locale: 'en-GB' },
  { look: 'german', theme: 'dark', locale: 'de-DE' },
] as const;
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

async function makeWall(server: TestServer, theme: (typeof LOOKS)[number]['theme']): Promise<string> {
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
    SCREENS.flatMap(({ name }) => LOOKS.map(({ look }) => `wall-${what}-${name}-${look}`));
  for (const count of COUNTS) {
    const isLost = count === LOST_COUNT && namesOf('lost').some(pictures.wants);
    if (!isLost && !namesOf(`${count}`).some(pictures.wants)) continue;
    const opened = new Opened();
    try {
      const server = opened.keep(await startServer(), disposing);
      opened.keep(await startMadeUpWall(server, count), closing);
      await pause(SETTLED_MS);
      const open = async ({ theme, locale }: (typeof LOOKS)[number]) => {
        const person = opened.keep(await visitAsAdmin(browser, server, { locale }), closing);
        await person.page.goto(await makeWall(server, theme));
        return person;
      };
      const takeAll = async (page: Page, what: string, look: string, waitMs: number) => {
        for (const { name, width, height } of SCREENS) {
          const picture = `wall-${what}-${name}-${look}`;
          if (!pictures.wants(picture)) continue;
          await page.setViewportSize({ width, height });
          await pause(waitMs);
          await pictures.take(page, picture);
        }
      };
      for (const each of LOOKS) {
        const { page, close } = await open(each);
        await takeAll(page, `${count}`, each.look, DRAWN_MS);
        await close();
      }
      if (!isLost) continue;
      for (const each of LOOKS) {
        const { page, close } = await open(each);
        await page.getByRole('listitem').first().waitFor();
        await pause(DRAWN_MS);
        await server.kill();
        await takeAll(page, 'lost', each.look, LOST_MS);
        await server.start();
        await close();
      }
    } finally {
      await opened.close();
    }
  }
}
