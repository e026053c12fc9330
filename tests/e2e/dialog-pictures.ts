/** Pictures of what opens over a page, or stands before all: dialogs, menus, the palette and signing in. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, Page } from 'playwright';
import { devicesReply } from '#protocol/api.ts';
import { boardsOf, everyKind } from './made-up-board.ts';
import { startMadeUpFleet } from './made-up-fleet.ts';
import { closing, disposing, Opened } from './opened.ts';
import { LOOKS, type Pictures } from './pictures.ts';
import { startServer } from './product.ts';
import { visit, visitAsAdmin } from './ui.ts';

/** Until what has opened is drawn. */
const DRAWN_MS = 1500;
/** What is pressed is there by then. */
const FOUND_MS = 5000;

interface Opening {
  readonly name: string;
  readonly path: string;
  /** Opens it, in any language. */
  readonly open: (page: Page) => Promise<void>;
}

const press =
  (...keys: readonly string[]) =>
  async (page: Page) => {
    for (const key of keys) await page.keyboard.press(key);
  };
const click =
  (...selectors: readonly string[]) =>
  async (page: Page) => {
    for (const selector of selectors) await page.locator(selector).first().click({ timeout: FOUND_MS });
  };

const ADD = '#content header .primary';
const MENU_OF_ROW = '#content [aria-haspopup="menu"]:not(header *)';
const LAST_ITEM = '[role="menuitem"]:last-child';

const openings = (board: string): readonly Opening[] => [
  { name: 'palette', path: '', open: press('Control+k') },
  {
    name: 'palette-found',
    path: '',
    open: async (page) => {
      await page.keyboard.press('Control+k');
      await page.keyboard.type('web');
    },
  },
  { name: 'palette-nothing', path: '', open: press('Control+k', 'q', 'q', 'q') },
  { name: 'keys', path: '', open: press('?') },
  { name: 'user-menu', path: '', open: click('nav button.trigger >> visible=true') },
  { name: 'search-help', path: '', open: click('#content header .quiet:not([aria-haspopup])') },
  { name: 'add-machine', path: 'settings/machines', open: click(ADD) },
  { name: 'machine-menu', path: 'settings/machines', open: click(MENU_OF_ROW) },
  { name: 'remove-machine', path: 'settings/machines', open: click(MENU_OF_ROW, LAST_ITEM) },
  { name: 'add-key', path: 'settings/enrollment', open: click(ADD) },
  { name: 'add-channel', path: 'settings/channels', open: click(`${ADD}, #content .primary`) },
  { name: 'add-route', path: 'settings/alert-routes', open: click(`${ADD}, #content .primary`) },
  { name: 'add-link', path: 'settings/display-links', open: click(`${ADD}, #content .primary`) },
  { name: 'add-playlist', path: 'settings/playlists', open: click(`${ADD}, #content .primary`) },
  { name: 'add-user', path: 'settings/users', open: click(ADD) },
  { name: 'add-silence', path: 'alerts/silences', open: click(ADD) },
  { name: 'new-board', path: 'boards', open: click(ADD) },
  { name: 'board-menu', path: `boards/${board}`, open: click('#content header [aria-haspopup="menu"]') },
  { name: 'tile-gallery', path: `boards/${board}/edit`, open: press('a') },
  {
    name: 'tile-form',
    path: `boards/${board}/edit`,
    open: (page) => page.locator('[data-tile]').first().press('Enter'),
  },
];

export async function takeDialogPictures(browser: Browser, pictures: Pictures): Promise<void> {
  const opened = new Opened();
  try {
    const server = opened.keep(await startServer(), disposing);
    opened.keep(await startMadeUpFleet(server), closing);
    // Alert routes can be added where there is a channel.
    const settings = { url: 'https://hooks.example/operations' };
    await server.admin.ask('POST', '/channels', { body: { name: 'Operations', kind: 'webhook', settings } });
    const { devices } = (await server.admin.ask('GET', '/devices')).as(devicesReply);
    const tiles = await everyKind(server, devices[0]?.device_id ?? '');
    const board = (await boardsOf(server).make('Operations room', tiles)).id;
    for (const look of LOOKS) {
      const wanted = openings(board).filter(({ name }) => pictures.wants(`dialog-${name}-${look.name}`));
      const guest = opened.keep(await visit(browser, `${server.url}/ui/`, look), closing);
      await guest.page.locator('input[autocomplete="username"]').waitFor();
      await pause(DRAWN_MS);
      await pictures.take(guest.page, `dialog-sign-in-${look.name}`);
      if (wanted.length === 0) continue;
      const { page, close } = opened.keep(await visitAsAdmin(browser, server, look), closing);
      for (const { name, path, open } of wanted) {
        await page.goto(`${server.url}/ui/${path}`);
        await page.locator('#content').getByRole('heading', { level: 1 }).waitFor();
        await pause(DRAWN_MS);
        await open(page);
        await pause(DRAWN_MS);
        await pictures.take(page, `dialog-${name}-${look.name}`);
      }
      await close();
    }
  } finally {
    await opened.close();
  }
}
