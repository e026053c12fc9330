/** Boards as people make and use them, in a real Chromium. */
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { devicesReply } from '#protocol/api.ts';
import { launchBrowser } from '../browser.ts';
import { wrongWith } from './accessibility.ts';
import { boardsOf, everyKind } from './made-up-board.ts';
import { startMadeUpFleet } from './made-up-fleet.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { signedIn, signIn, visit, visitAsAdmin, type Person } from './ui.ts';

const ALL = { devices: [], tags: [], name: '' };
const at = (x: number, y: number, w: number, h: number) => ({ place: { x, y, w, h } });

describe('boards', () => {
  const opened = new Opened();
  let server: TestServer;
  let boards: ReturnType<typeof boardsOf>;
  let browser: Browser;
  let person: Person;
  let page: Page;
  let devices: readonly { readonly device_id: string; readonly name: string }[];

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    boards = boardsOf(server);
    opened.keep(await startMadeUpFleet(server), closing);
    ({ devices } = (await server.admin.ask('GET', '/devices')).as(devicesReply));
    browser = opened.keep(await launchBrowser(), closing);
    person = opened.keep(await visitAsAdmin(browser, server), closing);
    page = person.page;
  });
  afterAll(() => opened.close());

  async function open(path: string): Promise<void> {
    await page.goto(`${server.url}/ui/${path}`);
    await signedIn(page);
  }
  const tile = (name: RegExp) => page.getByRole('group', { name });

  it('an earlier version is looked at and restored', async () => {
    const { id, version } = await boards.make('Versions', [
      { id: 'a', kind: 'clock', title: 'Old', ...at(0, 0, 4, 4) },
    ]);
    await server.admin.ask('PATCH', `/boards/${id}`, { body: { version, tiles: [] } });
    await open(`boards/${id}`);
    await page.getByText('This board is empty').waitFor();
    await page.getByRole('button', { name: 'Actions for this board' }).click();
    await page.getByRole('menuitem', { name: 'Earlier versions' }).click();
    await page.getByRole('button', { name: 'Look at version 1' }).click();
    await page.getByRole('heading', { level: 3, name: 'Old' }).waitFor();
    await page.getByRole('button', { name: 'Restore it' }).click();
    await expect.poll(async () => (await boards.read(id)).version).toBe(3);
    await page.getByRole('heading', { level: 3, name: 'Old' }).waitFor();
  });

  it('a board that is exported and imported is the same, with tiles of a later version as they were', async () => {
    const later = { id: 'z', kind: 'hologram', title: '', shine: { much: 3 }, ...at(8, 0, 4, 4) };
    const made = await boards.make('Round trip', [
      { id: 'a', kind: 'line', scope: ALL, fields: ['cpu'], ...at(0, 0, 8, 6) },
      later,
    ]);
    await open(`boards/${made.id}`);
    await page.getByText('A tile of the kind “hologram”').waitFor();
    await page.getByRole('button', { name: 'Actions for this board' }).click();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Export as JSON' }).click(),
    ]);
    expect(file.suggestedFilename()).toBe('board-round-trip.json');
    await open('boards');
    await page.getByRole('button', { name: 'Import' }).click();
    await page.getByLabel('File').setInputFiles(await file.path());
    await page.getByText('1 of them was made by a later version').waitFor();
    await page.getByRole('button', { name: 'Add the board' }).click();
    await page.waitForURL(/\/boards\/[^/]+$/);
    const copy = await boards.read(new URL(page.url()).pathname.split('/').at(-1) ?? '');
    expect(copy.tiles).toEqual(made.tiles);
    expect(copy.id).not.toBe(made.id);
  });

  it('a file that is no board is refused with what is wrong in it', async () => {
    await open('boards');
    await page.getByRole('button', { name: 'Import' }).click();
    await page.getByLabel('Or its text').fill('{"name": "x", "tiles": [{"id": "a", "kind": "number"}]}');
    await page.getByText('tiles.0.place').first().waitFor();
    await page.getByLabel('Or its text').fill('no json');
    await page.getByText('This is no JSON').waitFor();
    expect(await page.getByRole('button', { name: 'Add the board' }).isDisabled()).toBe(true);
  });

  it('a tile says that its machine was removed, that no machine is meant, and that nobody sends its field', async () => {
    const scopeOf = (device: string) => ({ ...ALL, devices: [device] });
    const { id } = await boards.make('States', [
      { id: 'a', kind: 'number', scope: scopeOf('gone'), field: 'cpu', ...at(0, 0, 6, 4) },
      { id: 'b', kind: 'bar', scope: { ...ALL, tags: ['nobody'] }, field: 'cpu', ...at(6, 0, 6, 4) },
      { id: 'c', kind: 'gauge', scope: ALL, field: 'my_own', ...at(12, 0, 6, 4) },
      {
        id: 'd',
        kind: 'number',
        scope: scopeOf(devices[0]?.device_id ?? ''),
        field: 'cpu',
        ...at(18, 0, 6, 4),
      },
    ]);
    await open(`boards/${id}`);
    await page.getByText('Machine removed', { exact: true }).waitFor();
    await page.getByText('No machine has the tag nobody.').waitFor();
    await page.getByText('No machine here sends my_own.').waitFor();
    await page.getByRole('link', { name: 'CPU', exact: true }).click();
    await page.waitForURL(new RegExp(`/devices/${devices[0]?.device_id}$`));
  });

  it('hostile Markdown does nothing and shows what was written', async () => {
    const markdown =
      '<img src=x onerror="document.title=1">\n\n<script>document.title = 2</script>\n\n[a](javascript:document.title=3) [b](https://example.org)\n\n![c](https://evil.example/x.png)';
    const { id } = await boards.make('Hostile <b>', [
      { id: 'a', kind: 'text', markdown, ...at(0, 0, 12, 8) },
    ]);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await open(`boards/${id}`);
    const text = page.getByRole('region', { name: 'Text' });
    await text.getByText('<script>document.title = 2</script>').waitFor();
    await text.getByText('<img src=x onerror="document.title=1">').waitFor();
    const links = await Promise.all(
      (await text.getByRole('link').all()).map(
        async (link) => `${await link.getAttribute('href')} ${await link.getAttribute('rel')}`,
      ),
    );
    expect(links).toEqual([
      'https://example.org/ noopener noreferrer',
      'https://evil.example/x.png noopener noreferrer',
    ]);
    expect(await text.locator('img, script').count()).toBe(0);
    expect(await page.title()).toContain('Hostile <b>');
    expect(asked.filter((url) => !url.startsWith(server.url))).toEqual([]);
  });

  it('a time range of the switch is in the URL, and all charts show it', async () => {
    const { id } = await boards.make('Range', [
      { id: 'a', kind: 'line', scope: ALL, fields: ['cpu'], ...at(0, 0, 24, 8) },
    ]);
    await open(`boards/${id}`);
    const asked = page.waitForRequest((request) => {
      const { pathname, searchParams } = new URL(request.url());
      return (
        pathname === '/series' &&
        Number(searchParams.get('to')) - Number(searchParams.get('from')) === 86_400_000
      );
    });
    await page.getByText('24 h', { exact: true }).click();
    await page.waitForURL(/\?range=24h$/);
    await asked;
  });

  it('a board is begun from a template for the machines with a tag', async () => {
    await open('boards');
    await page.getByRole('button', { name: 'New board' }).first().click();
    await page.getByLabel('Name', { exact: true }).fill('Web');
    await page.getByText('Web servers', { exact: true }).click();
    await page.getByRole('button', { name: 'Make the board' }).click();
    await page.getByText('Say which tag the machines have.').waitFor();
    await page.getByLabel('Tag', { exact: true }).fill('web');
    await page.getByRole('button', { name: 'Make the board' }).click();
    await page.waitForURL(/\/edit$/);
    const { tiles } = await boards.named('Web');
    expect(tiles.length).toBeGreaterThan(5);
    expect(tiles[0]).toMatchObject({ kind: 'number', scope: { tags: ['web'] } });
  });

  it('a viewer sees boards and nothing to change them with', async () => {
    const { id } = await boards.make('For all', [
      { id: 'a', kind: 'clock', title: 'Here', ...at(0, 0, 4, 4) },
    ]);
    const account = { username: 'vera', password: 'a long enough password', role: 'viewer' };
    expect((await server.admin.ask('POST', '/users', { body: account })).status).toBe(201);
    const viewer = await visit(browser, `${server.url}/ui/boards`);
    await signIn(viewer.page, account.username, account.password);
    await viewer.page.getByRole('link', { name: 'For all' }).click();
    await viewer.page.getByRole('heading', { level: 3, name: 'Here' }).waitFor();
    expect(await viewer.page.getByRole('button', { name: /Edit|New board/ }).count()).toBe(0);
    await viewer.page.goto(`${server.url}/ui/boards/${id}/edit`);
    await viewer.page.getByText('You may look at boards, not change them').waitFor();
    await viewer.close();
  });

  it('[L6] a board asks for the fields of the machines that it draws, once for two tiles, and for no fleet', async () => {
    const device = devices[0]?.device_id ?? '';
    const one = { ...ALL, devices: [device] };
    const { id } = await boards.make('Asked', [
      { id: 'a', kind: 'number', scope: one, field: 'cpu', ...at(0, 0, 6, 4) },
      { id: 'b', kind: 'gauge', scope: one, field: 'cpu', ...at(6, 0, 6, 4) },
      { id: 'c', kind: 'clock', ...at(12, 0, 6, 4) },
    ]);
    const sent: string[] = [];
    page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(String(payload))));
    await open(`boards/${id}`);
    await page.getByText('%').first().waitFor();
    const rooms = sent.filter((frame) => frame.includes('"subscribe"'));
    expect(rooms.filter((frame) => frame.includes('fleet'))).toEqual([]);
    const values = rooms.filter((frame) => frame.includes('"values"'));
    expect(values).toHaveLength(1);
    expect(values[0]).toContain(JSON.stringify({ scope: one, fields: ['cpu'] }));
  });

  it('list, board, gallery, form and editor break no rule of accessibility, in light and in dark', async () => {
    const { id } = await boards.make('Accessible', await everyKind(server, devices[0]?.device_id ?? ''));
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await open('boards');
      await page.getByRole('link', { name: 'Accessible' }).waitFor();
      expect(await wrongWith(page), `list, ${colorScheme}`).toEqual([]);
      await open(`boards/${id}`);
      await page.getByRole('heading', { level: 3, name: /^Summary/ }).waitFor();
      await page.getByRole('table').getByText('%').first().waitFor();
      expect(await wrongWith(page, { targets: true }), `board, ${colorScheme}`).toEqual([]);
      await open(`boards/${id}/edit`);
      await tile(/^Summary/).waitFor();
      expect(await wrongWith(page), `editor, ${colorScheme}`).toEqual([]);
      await page.keyboard.press('a');
      const gallery = page.getByRole('dialog', { name: 'Add a tile' });
      await gallery.waitFor();
      expect(await wrongWith(page), `gallery, ${colorScheme}`).toEqual([]);
      await gallery.getByRole('button', { name: 'Gauge' }).click();
      await page.getByRole('dialog', { name: 'Add: Gauge' }).waitFor();
      expect(await wrongWith(page), `form, ${colorScheme}`).toEqual([]);
    }
    expect(person.errors).toEqual([]);
  });

  it('[L4] tiles say that their numbers are not live while the server is away, and go on when it is back', async () => {
    const { id } = await boards.make('Away', [
      { id: 'a', kind: 'number', scope: ALL, field: 'cpu', ...at(0, 0, 8, 5) },
    ]);
    await open(`boards/${id}`);
    await page.getByText('%').first().waitFor();
    await server.kill();
    await page.getByText('Not live').waitFor();
    await server.start();
    await page.getByText('Not live').waitFor({ state: 'detached' });
    await page.getByText('%').first().waitFor();
  });
});
