/** Opens the page of a machine with thousands of fields in a real browser. */
import type { Browser, Page, Response } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { addMachine, small, wide, type MadeUpMachine } from './made-up-machines.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { visitAsAdmin } from './ui.ts';

/** The live messages with samples that the page receives from now on, as text. */
function samplesIn(page: Page): string[] {
  const messages: string[] = [];
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => {
      const text = String(payload);
      if (text.startsWith('42["change"') && text.includes('"values"')) messages.push(text);
    }),
  );
  return messages;
}

/** A push of 4,000 fields takes a while on a busy machine. */
const PATIENCE = { timeout: 20_000 };
const FIELDS = Object.keys(wide(0)).length;

describe('a machine with thousands of fields', () => {
  const opened = new Opened();
  let server: TestServer;
  let browser: Browser;
  let deviceId: string;
  let machines: readonly MadeUpMachine[];

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    machines = [await addMachine(server, 'small', small), await addMachine(server, 'wide', wide)];
    deviceId = machines[1]?.id ?? '';
    browser = opened.keep(await launchBrowser(), closing);
  });
  afterAll(() => opened.close());

  it('[L6] its page asks for the history of what it draws, and draws it', async () => {
    const person = await visitAsAdmin(browser, server);
    opened.keep(person, closing);
    const { page, errors } = person;
    const answers: Response[] = [];
    page.on('response', (response) => {
      if (response.url().includes(`/devices/${deviceId}/metrics`)) answers.push(response);
    });
    const asked = () =>
      new Set(answers.flatMap((answer) => new URL(answer.url()).searchParams.getAll('field')));

    for (const range of ['', '?range=1h']) {
      answers.length = 0;
      await page.goto(`${server.url}/ui/devices/${deviceId}${range}`);
      const cpu = page
        .getByRole('figure')
        .filter({ has: page.getByRole('heading', { name: 'CPU', exact: true }) });
      await cpu.locator('path').first().waitFor({ state: 'attached' });
      await expect.poll(() => asked().has('load1')).toBe(true);
      expect(asked().size).toBeLessThan(FIELDS / 40);
      expect(answers.map((answer) => answer.status())).toEqual(answers.map(() => 200));
      expect([...asked()].filter((field) => /^(core|disk|interface|queue):/.test(field))).toEqual([]);

      await page.getByRole('button', { name: /^Interfaces 360/ }).click();
      await page.getByRole('heading', { name: 'eth359', exact: true }).scrollIntoViewIfNeeded();
      await expect.poll(() => asked().has('interface:eth359:rx')).toBe(true);
      expect(asked().has('interface:eth0:rx')).toBe(false);
      await page.getByLabel('Search in Interfaces').fill('eth7');
      await page.getByRole('heading', { name: 'eth7', exact: true }).scrollIntoViewIfNeeded();
      await expect.poll(() => asked().has('interface:eth7:rx')).toBe(true);
    }
    expect(errors).toEqual([]);
  });

  it('[L6] a push of a machine with 4,000 fields is as many bytes on its page as one of a machine with thirty', async () => {
    const person = await visitAsAdmin(browser, server);
    opened.keep(person, closing);
    const bytes: number[] = [];
    for (const { id, push } of machines) {
      const messages = samplesIn(person.page);
      await person.page.goto(`${server.url}/ui/devices/${id}`);
      await person.page.locator('figure path').first().waitFor({ state: 'attached' });
      /** The size of the message about one more push; 0 where it does not have yet what the page shows. */
      const size = async () => {
        const before = messages.length;
        await push();
        await expect.poll(() => messages.length, PATIENCE).toBeGreaterThan(before);
        const last = messages.at(-1) ?? '';
        return ['load1', 'mem_total_bytes', 'mount:'].every((field) => last.includes(field))
          ? last.length
          : 0;
      };
      await expect.poll(size, PATIENCE).toBeGreaterThan(0);
      bytes.push(await size());
    }
    const [narrow = 0, broad = 0] = bytes;
    console.log(
      `a push on the page of a machine: ${narrow} bytes of ${Object.keys(small(0)).length} fields, ${broad} of ${FIELDS}`,
    );
    expect(narrow).toBeGreaterThan(300);
    // It shows six of its two hundred filesystems, and six of its sensors in one chart.
    expect(broad).toBeLessThan(2 * narrow);
  });
});
