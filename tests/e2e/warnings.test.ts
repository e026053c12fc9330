/** Opens the page of a machine whose pushes are not as they should be. */
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { register } from './pushing-device.ts';
import { visitAsAdmin, type Person } from './ui.ts';

describe('the page of a machine whose pushes are not as they should be', () => {
  const opened = new Opened();
  let server: TestServer;
  let browser: Browser;
  let person: Person;

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    browser = opened.keep(await launchBrowser(), closing);
    person = opened.keep(await visitAsAdmin(browser, server), closing);
  });
  afterAll(() => opened.close());

  /** Registers a machine; returns its id, and what sends a push of it. */
  async function machine(name: string) {
    const { id, token } = await register(server, name);
    const client = server.client();
    const push = async (parts: object) => {
      const plain = { hostname: name, ip: '10.0.0.9', metrics: { cpu: 1 }, timestamp: Date.now() };
      const body = { device_id: id, ...plain, ...parts };
      const { status, text } = await client.ask('POST', '/metrics', { token, body });
      expect(status, text).toBe(200);
    };
    return { id, push };
  }

  /** Sends the pushes of a new machine in turn, and opens its page. */
  async function openPageOf(
    name: string,
    pushes: readonly object[],
  ): Promise<(parts: object) => Promise<void>> {
    const { id, push } = await machine(name);
    for (const parts of pushes) await push(parts);
    await person.page.goto(`${server.url}/ui/devices/${id}`);
    await person.page.getByRole('group', { name: /^Charts/ }).waitFor();
    return push;
  }

  it('[I7] the page says which part of its data was left out, and why', async () => {
    await openPageOf('odd', [{ metrics: { cpu: 1, [`<b>${'g'.repeat(300)}`]: 1 } }]);
    await person.page.getByText(/^One part of its data is invalid and left out/).click();
    await person.page
      .getByRole('listitem')
      .filter({ hasText: /^<b>ggg.* a field name is/ })
      .waitFor();
  });

  it('[F4] the page names two machines that push as one, and the act that separates them', async () => {
    const [one, other] = [
      { hostname: 'web-1', ip: '10.0.0.1', run_id: 'first' },
      { hostname: 'web-1-copy', ip: '10.0.0.2', run_id: 'second' },
    ];
    const turns = Array.from({ length: 8 }, (_, i) => ({
      ...(i % 2 === 0 ? one : other),
      timestamp: Date.now() - 8000 + i * 1000,
    }));
    await openPageOf('web-1', turns);
    const notice = person.page.getByRole('region', { name: /^Machines that push as web-1/ });
    await expect.poll(() => notice.innerText()).toMatch(/web-1\s+10\.0\.0\.1/);
    const text = await notice.innerText();
    expect(text).toMatch(/2 machines push as this one/);
    expect(text).toMatch(/web-1-copy\s+10\.0\.0\.2/);
    expect(text).toContain('Make web-1-copy a machine of its own');
  });

  it.each([
    ['behind', -3600_000],
    ['ahead', 3600_000],
  ])('[I5] the page says that a clock is %s', async (word, offMs) => {
    const sent_at = Date.now() + offMs;
    await openPageOf(`clock-${word}`, [{ sent_at, timestamp: sent_at }]);
    await person.page.getByText(new RegExp(`^Its clock is (59 min|1 h) ${word}`)).waitFor();
  });

  it('[L4] the numbers of a machine that pushes every second are old after five seconds of silence', async () => {
    const push = await openPageOf('silent', [{}]);
    // Its page is open now, so it pushes every second.
    await push({ interval_s: 1 });
    const silence = person.page.getByText(/^No data for \d+ s\. The numbers are its last\.$/);
    await silence.waitFor();
    expect(await silence.innerText()).toMatch(/^No data for [5-9] s/);
    expect(person.errors).toEqual([]);
  });
});
