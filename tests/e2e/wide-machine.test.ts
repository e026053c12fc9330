/** Opens the page of a machine with thousands of fields in a real browser. */
import type { Browser, Response } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { addMachine, wide } from './made-up-machines.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { visitAsAdmin } from './ui.ts';

const FIELDS = Object.keys(wide(0)).length;

describe('a machine with thousands of fields', () => {
  const opened = new Opened();
  let server: TestServer;
  let browser: Browser;
  let deviceId: string;

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    deviceId = (await addMachine(server, 'wide', wide)).id;
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
});
