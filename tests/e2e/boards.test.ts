/** Boards as people make and use them, in a real Chromium. */
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { devicesReply } from '#protocol/api.ts';
import { board as boardShape, boardsReply, type Board } from '#protocol/boards.ts';
import { launchBrowser } from '../browser.ts';
import { wrongWith } from './accessibility.ts';
import { startMadeUpFleet } from './made-up-fleet.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { signedIn, visitAsAdmin, type Person } from './ui.ts';

const ALL = { devices: [], tags: [], name: '' };
const at = (x: number, y: number, w: number, h: number) => ({ place: { x, y, w, h } });

describe('boards', () => {
  const opened = new Opened();
  let server: TestServer;
  let browser: Browser;
  let person: Person;
  let page: Page;
  let devices: readonly { readonly device_id: string; readonly name: string }[];

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
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
  async function make(name: string, tiles: readonly object[]): Promise<Board> {
    return (await server.admin.ask('POST', '/boards', { body: { name, tiles } })).as(boardShape);
  }
  async function read(id: string): Promise<Board> {
    return (await server.admin.ask('GET', `/boards/${id}`)).as(boardShape);
  }
  async function named(name: string): Promise<Board> {
    const { boards } = (await server.admin.ask('GET', '/boards')).as(boardsReply);
    return read(boards.find((each) => each.name === name)?.id ?? '');
  }
  const tile = (name: RegExp) => page.getByRole('group', { name });
  const focused = () => page.evaluate('document.activeElement?.getAttribute("aria-label") ?? ""');

  it('a board is made by the keyboard alone, from nothing to saved', async () => {
    await open('boards');
    await page.keyboard.press('n');
    await page.getByRole('dialog', { name: 'New board' }).waitFor();
    await page.keyboard.type('By keys');
    await page.keyboard.press('Enter');
    await page.getByText('Nothing is on this board yet').waitFor();

    await page.keyboard.press('a');
    const gallery = page.getByRole('dialog', { name: 'Add a tile' });
    await gallery.waitFor();
    await gallery.getByRole('button', { name: 'Number' }).press('Enter');
    const form = page.getByRole('dialog', { name: 'Add: Number' });
    await form.waitFor();
    await form.getByLabel('Field').fill('ram');
    await page.keyboard.press('Enter');
    await tile(/^Memory.*Column 1, row 1, 4 wide, 4 tall$/).waitFor();
    await expect.poll(focused).toMatch(/^Memory/);

    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown', 'Shift+ArrowRight', 'Shift+ArrowDown'])
      await page.keyboard.press(key);
    await tile(/Column 3, row 2, 5 wide, 5 tall$/).waitFor();
    await page.keyboard.press('d');
    await expect.poll(focused).toMatch(/Column 8, row 1, 5 wide, 5 tall$/);
    await page.keyboard.press('Delete');
    await expect.poll(focused).toMatch(/Column 3, row 2, 5 wide, 5 tall$/);
    await page.getByRole('status').filter({ hasText: 'was removed' }).waitFor({ state: 'attached' });

    await page.keyboard.press('Control+s');
    await page.waitForURL(/\/boards\/[^/]+$/);
    await page.getByRole('heading', { level: 3, name: /^Memory/ }).waitFor();
    const { tiles } = await named('By keys');
    expect(tiles).toMatchObject([{ kind: 'number', field: 'ram', place: { x: 2, y: 1, w: 5, h: 5 } }]);
  });

  it('what was done is undone and done again, key by key moves as one step', async () => {
    const { id } = await make('Undo', [{ id: 'a', kind: 'clock', ...at(0, 0, 4, 4) }]);
    await open(`boards/${id}/edit`);
    await tile(/^Clock/).focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('ArrowDown');
    await tile(/Column 4, row 2/).waitFor();
    await page.keyboard.press('Control+z');
    await tile(/Column 4, row 1/).waitFor();
    await page.keyboard.press('Control+z');
    await tile(/Column 1, row 1/).waitFor();
    await page.keyboard.press('Control+Shift+z');
    await tile(/Column 4, row 1/).waitFor();
    await page.keyboard.press('Delete');
    await page.getByText('Nothing is on this board yet').waitFor();
    await page.keyboard.press('Control+z');
    await tile(/Column 4, row 1/).waitFor();
  });

  it('a tile is dragged and resized by the mouse, and pushes others down', async () => {
    const { id } = await make('Mouse', [
      { id: 'a', kind: 'clock', title: 'One', ...at(0, 0, 6, 4) },
      { id: 'b', kind: 'clock', title: 'Two', ...at(6, 0, 6, 4) },
    ]);
    await open(`boards/${id}/edit`);
    const box = await tile(/^One/).boundingBox();
    if (!box) throw new Error('the tile is not on the page');
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 1.5 + 4, box.y + box.height / 2, { steps: 5 });
    await page.mouse.up();
    await tile(/^One\. Column 7, row 1/).waitFor();
    await tile(/^Two\. Column 7, row 5/).waitFor();
    const moved = await tile(/^One/).boundingBox();
    if (!moved) throw new Error('the tile is not on the page');
    await page.mouse.move(moved.x + moved.width - 6, moved.y + moved.height - 6);
    await page.mouse.down();
    await page.mouse.move(moved.x + moved.width - 6 + box.width / 3, moved.y + moved.height - 6, {
      steps: 5,
    });
    await page.mouse.up();
    await tile(/^One\. Column 7, row 1, 8 wide, 4 tall/).waitFor();
  });

  it('an unsaved draft is back after a reload, and leaving with it asks', async () => {
    const { id } = await make('Draft', [{ id: 'a', kind: 'clock', ...at(0, 0, 4, 4) }]);
    await open(`boards/${id}/edit`);
    await tile(/^Clock/).press('ArrowRight');
    page.once('dialog', (dialog) => void dialog.accept());
    await page.reload();
    await page.getByText('Changes that were not saved are back.').waitFor();
    await tile(/Column 2, row 1/).waitFor();
    await page.getByRole('link', { name: 'Fleet' }).click();
    const question = page.getByRole('dialog', { name: 'Leave without saving?' });
    await question.getByRole('button', { name: 'Cancel' }).click();
    await tile(/Column 2, row 1/).waitFor();
    await page.getByRole('link', { name: 'Cancel' }).click();
    await question.getByRole('button', { name: 'Leave' }).click();
    await page.waitForURL(new RegExp(`/boards/${id}$`));
    await open(`boards/${id}/edit`);
    await tile(/Column 1, row 1/).waitFor();
  });

  it('a board that somebody else has changed meanwhile is not overwritten; mine is saved as a copy', async () => {
    const mine = await make('Conflict', [{ id: 'a', kind: 'clock', ...at(0, 0, 4, 4) }]);
    await open(`boards/${mine.id}/edit`);
    await tile(/^Clock/).press('ArrowRight');
    const theirs = { version: mine.version, name: 'Theirs' };
    expect((await server.admin.ask('PATCH', `/boards/${mine.id}`, { body: theirs })).status).toBe(200);
    await page.getByRole('button', { name: 'Save' }).click();
    const conflict = page.getByRole('dialog', { name: 'Somebody else has changed this board' });
    await conflict.getByText('admin', { exact: true }).waitFor();
    await conflict.getByRole('button', { name: 'Save mine as a copy' }).click();
    await page.getByRole('heading', { level: 1, name: 'Conflict (copy)' }).waitFor();
    expect((await read(mine.id)).name).toBe('Theirs');
    expect((await named('Conflict (copy)')).tiles).toMatchObject([{ place: { x: 1, y: 0 } }]);
  });

  it('an earlier version is looked at and restored', async () => {
    const { id, version } = await make('Versions', [
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
    await expect.poll(async () => (await read(id)).version).toBe(3);
    await page.getByRole('heading', { level: 3, name: 'Old' }).waitFor();
  });

  it('a board that is exported and imported is the same, with tiles of a later version as they were', async () => {
    const later = { id: 'z', kind: 'hologram', title: '', shine: { much: 3 }, ...at(8, 0, 4, 4) };
    const made = await make('Round trip', [
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
    const copy = await read(new URL(page.url()).pathname.split('/').at(-1) ?? '');
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
    const { id } = await make('States', [
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
    const { id } = await make('Hostile <b>', [{ id: 'a', kind: 'text', markdown, ...at(0, 0, 12, 8) }]);
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
    const { id } = await make('Range', [
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

  it('list, board, gallery, form and editor break no rule of accessibility, in light and in dark', async () => {
    const { id } = await make('Accessible', everyKind(devices[0]?.device_id ?? ''));
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await open('boards');
      await page.getByRole('link', { name: 'Accessible' }).waitFor();
      expect(await wrongWith(page), `list, ${colorScheme}`).toEqual([]);
      await open(`boards/${id}`);
      await page.getByRole('heading', { level: 3, name: /^Summary/ }).waitFor();
      await page.getByRole('table').getByText('%').first().waitFor();
      expect(await wrongWith(page), `board, ${colorScheme}`).toEqual([]);
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
});

/** A tile of each kind but the picture. */
function everyKind(device: string): object[] {
  const one = { ...ALL, devices: [device] };
  return [
    { id: 'a', kind: 'number', scope: one, field: 'cpu', range_ms: 3_600_000, ...at(0, 0, 4, 4) },
    { id: 'b', kind: 'gauge', scope: ALL, field: 'ram', ...at(4, 0, 4, 4) },
    { id: 'c', kind: 'clock', ...at(8, 0, 4, 4) },
    { id: 'd', kind: 'status', scope: ALL, ...at(12, 0, 6, 4) },
    { id: 'e', kind: 'summary', scope: ALL, ...at(18, 0, 6, 4) },
    { id: 'f', kind: 'line', scope: ALL, fields: ['cpu'], ...at(0, 4, 12, 7) },
    { id: 'g', kind: 'heatmap', scope: ALL, field: 'cpu', ...at(12, 4, 12, 7) },
    { id: 'h', kind: 'bar', scope: ALL, field: 'cpu', ...at(0, 11, 6, 7) },
    { id: 'i', kind: 'table', scope: ALL, fields: ['cpu', 'ram'], ...at(6, 11, 8, 7) },
    { id: 'j', kind: 'alerts', scope: ALL, ...at(14, 11, 5, 7) },
    { id: 'k', kind: 'events', scope: ALL, ...at(19, 11, 5, 7) },
    { id: 'l', kind: 'text', markdown: '# Night shift\n\nCall **Ann**.', ...at(0, 18, 6, 4) },
    { id: 'm', kind: 'hologram', ...at(6, 18, 6, 4) },
  ];
}
