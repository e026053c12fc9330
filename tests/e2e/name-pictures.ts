/** [S6] Pictures of the pages that show names, where every name is the longest. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser } from 'playwright';
import { boardsOf, everyKind } from './made-up-board.ts';
import { addLongNames } from './made-up-names.ts';
import { closing, disposing, Opened } from './opened.ts';
import { LOOKS, type Pictures } from './pictures.ts';
import { startServer } from './product.ts';
import { visitAsAdmin } from './ui.ts';

/** Until what has come is drawn. */
const DRAWN_MS = 3000;

export async function takeNamePictures(browser: Browser, pictures: Pictures): Promise<void> {
  const opened = new Opened();
  try {
    const server = opened.keep(await startServer(), disposing);
    const ids = await addLongNames(server);
    const tiles = await everyKind(server, ids[0] ?? '');
    const board = (await boardsOf(server).make('B'.repeat(120), tiles)).id;
    const pages = {
      list: '',
      tiles: '?view=tiles',
      heat: '?view=heat',
      'device-latin': `devices/${ids[0]}`,
      'device-hebrew': `devices/${ids[1]}`,
      'device-markup': `devices/${ids[4]}`,
      compare: 'compare?field=cpu&top=6',
      alerts: 'alerts',
      boards: 'boards',
      board: `boards/${board}`,
      wall: 'wall/fleet',
      'wall-board': `wall/board/${board}`,
    };
    for (const look of LOOKS) {
      const { page, close } = opened.keep(await visitAsAdmin(browser, server, look), closing);
      for (const [name, path] of Object.entries(pages)) {
        const picture = `name-${name}-${look.name}`;
        if (!pictures.wants(picture)) continue;
        await page.goto(`${server.url}/ui/${path}`);
        await pause(DRAWN_MS);
        await pictures.take(page, picture);
      }
      await close();
    }
  } finally {
    await opened.close();
  }
}
