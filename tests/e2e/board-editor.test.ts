/** A board is edited in a real Chromium, by the keyboard and by the mouse. */
import { crc32, deflateSync } from 'node:zlib';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PICTURE_BYTES } from '#protocol/boards.ts';
import { launchBrowser } from '../browser.ts';
import { boardsOf } from './made-up-board.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { signedIn, visitAsAdmin, type Person } from './ui.ts';

const at = (x: number, y: number, w: number, h: number) => ({ place: { x, y, w, h } });

describe('the editor of boards', () => {
  const opened = new Opened();
  let server: TestServer;
  let boards: ReturnType<typeof boardsOf>;
  let browser: Browser;
  let person: Person;
  let page: Page;

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    boards = boardsOf(server);
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
    const { tiles } = await boards.named('By keys');
    expect(tiles).toMatchObject([{ kind: 'number', field: 'ram', place: { x: 2, y: 1, w: 5, h: 5 } }]);
  });

  it('what was done is undone and done again, key by key moves as one step', async () => {
    const { id } = await boards.make('Undo', [{ id: 'a', kind: 'clock', ...at(0, 0, 4, 4) }]);
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
    const { id } = await boards.make('Mouse', [
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
    const { id } = await boards.make('Draft', [{ id: 'a', kind: 'clock', ...at(0, 0, 4, 4) }]);
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
    const mine = await boards.make('Conflict', [{ id: 'a', kind: 'clock', ...at(0, 0, 4, 4) }]);
    await open(`boards/${mine.id}/edit`);
    await tile(/^Clock/).press('ArrowRight');
    const theirs = { version: mine.version, name: 'Theirs' };
    expect((await server.admin.ask('PATCH', `/boards/${mine.id}`, { body: theirs })).status).toBe(200);
    await page.getByRole('button', { name: 'Save' }).click();
    const conflict = page.getByRole('dialog', { name: 'Somebody else has changed this board' });
    await conflict.getByText('admin', { exact: true }).waitFor();
    await conflict.getByRole('button', { name: 'Save mine as a copy' }).click();
    await page.getByRole('heading', { level: 1, name: 'Conflict (copy)' }).waitFor();
    expect((await boards.read(mine.id)).name).toBe('Theirs');
    expect((await boards.named('Conflict (copy)')).tiles).toMatchObject([{ place: { x: 1, y: 0 } }]);
  });

  it('a picture that is too large is made smaller before it is sent', async () => {
    const { id } = await boards.make('Picture', []);
    await open(`boards/${id}/edit`);
    await page.getByText('Nothing is on this board yet').waitFor();
    await page.keyboard.press('a');
    await page.getByRole('button', { name: /^Picture/ }).click();
    const form = page.getByRole('dialog', { name: 'Add: Picture' });
    await form.getByRole('button', { name: 'Add the tile' }).click();
    await form.getByText('Choose a picture.').waitFor();
    const file = { name: 'rack.svg', mimeType: 'image/svg+xml', buffer: Buffer.from('<svg/>') };
    await form.getByLabel('Picture').setInputFiles(file);
    await form.getByText('Choose a PNG, JPEG, WebP or GIF.').waitFor();
    const large = plainPng(700, 700);
    expect(large.length).toBeGreaterThan(PICTURE_BYTES);
    await form.getByLabel('Picture').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: large });
    await form.getByRole('img', { name: 'As it is now' }).waitFor();
    await form.getByLabel('What it shows').fill('The rack');
    await form.getByRole('button', { name: 'Add the tile' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('img', { name: 'The rack' }).waitFor();
    const shown = 'document.querySelector("img[alt=\'The rack\']").naturalWidth';
    await expect.poll(() => page.evaluate(shown)).toBe(700);
  });
});

/** A picture whose file is as large as its pixels. */
function plainPng(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits for each of red, green and blue.
  header.set([8, 2], 8);
  const rows = Buffer.alloc((width * 3 + 1) * height, 0);
  const pixels = deflateSync(rows, { level: 0 });
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
