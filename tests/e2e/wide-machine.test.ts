/** Opens the page of a machine with thousands of fields in a real browser. */
import type { Browser, Response } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { register } from './pushing-device.ts';
import { visitAsAdmin } from './ui.ts';

const named = (count: number, name: (i: number) => readonly string[]) =>
  Array.from({ length: count }, (_, i) => name(i)).flat();

const FIELDS = [
  ...['cpu', 'ram', 'disk', 'net_rx', 'net_tx', 'disk_read', 'disk_write', 'load1'],
  ...named(384, (i) => [`core:${i}:cpu`]),
  ...named(60, (i) => [`disk:sd${i}:read`, `disk:sd${i}:write`, `disk:sd${i}:busy`]),
  ...named(60, (i) => [`mount:/srv/${i}:used`, `mount:/srv/${i}:used_bytes`, `mount:/srv/${i}:total_bytes`]),
  ...named(70, (i) => [`interface:eth${i}:rx`, `interface:eth${i}:tx`]),
  ...named(900, (i) => [`queue:${i}:length`]),
];

describe('a machine with thousands of fields', () => {
  const opened = new Opened();
  let server: TestServer;
  let browser: Browser;
  let deviceId: string;

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    const { id, token } = await register(server, 'wide');
    deviceId = id;
    const now = Date.now();
    const rows = Array.from({ length: 60 }, (_, s) => [
      now - (60 - s) * 1000,
      ...FIELDS.map((_field, i) => (i + s) % 100),
    ]);
    // Pushes of 1 MiB at most.
    for (let from = 0; from < rows.length; from += 20) {
      const part = rows.slice(from, from + 20);
      const body = { device_id: id, hostname: 'wide', ip: '10.0.0.9', fields: FIELDS, rows: part };
      const { status, text } = await server.client().ask('POST', '/metrics', { token, body });
      expect(status, text).toBe(200);
    }
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
      await expect.poll(() => asked().size).toBeGreaterThan(FIELDS.length / 10);
      expect(answers.map((answer) => answer.status())).toEqual(answers.map(() => 200));
      expect([...asked()].filter((field) => /^(interface|queue):/.test(field))).toEqual([]);

      const more = page.getByRole('button', { name: 'Show 48 more of 70' });
      await more.scrollIntoViewIfNeeded();
      await more.press('Enter');
      await page.getByRole('heading', { name: 'eth30', exact: true }).scrollIntoViewIfNeeded();
      await expect.poll(() => asked().has('interface:eth30:rx')).toBe(true);
      expect(asked().has('interface:eth69:rx')).toBe(false);
    }
    expect(errors).toEqual([]);
  });
});
