/** Numbers of one's own, from a real agent to the page: a file that is dropped in, an endpoint, a line of StatsD. */
import { createSocket } from 'node:dgram';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertReading, alertSubject } from '#protocol/alert-words.ts';
import { alertsReply } from '#protocol/alerts.ts';
import { devicesReply } from '#protocol/api.ts';
import { launchBrowser } from '../browser.ts';
import { eventually } from './eventually.ts';
import { closing, disposing, Opened } from './opened.ts';
import { freePort, startAgent, startServer, temporaryFolder, type TestServer } from './product.ts';
import { visitAsAdmin, type Person } from './ui.ts';

const opened = new Opened();
let server: TestServer;
let browser: Browser;
let person: Person;
let folder: string;
let statsd: number;
let device: string;

/** Writes a file as exporters do: beside its place, then into it. */
function drop(name: string, text: string): void {
  writeFileSync(join(folder, `.${name}.new`), text);
  renameSync(join(folder, `.${name}.new`), join(folder, name));
}
const backup = (bytes: number) =>
  '# HELP backup_bytes Size of the last backup. Without the <b>logs</b>.\n# TYPE backup_bytes gauge\n' +
  `backup_bytes{target="nas"} ${bytes}\nbackup_last_success_timestamp_seconds ${Math.round(Date.now() / 1000) - 7200}\n`;

const plot = (page: Page, title: string) =>
  page.getByRole('figure').filter({ has: page.getByRole('heading', { name: title, exact: true }) });

/** What a chart says, which draws its lines only while it is on the screen. */
async function drawn(page: Page, title: string): Promise<string> {
  const chart = plot(page, title);
  await chart.scrollIntoViewIfNeeded();
  return (await chart.textContent()) ?? '';
}

beforeAll(async () => {
  server = opened.keep(await startServer(), disposing);
  browser = opened.keep(await launchBrowser(), closing);
  folder = opened.keep(temporaryFolder(), (path) => rmSync(path, { recursive: true }));
  let done = 0;
  const exporter = createServer((_, response) =>
    response.end(`# TYPE requests_total counter\nrequests_total{code="200"} ${(done += 50)}\n`),
  );
  const port = await freePort();
  await new Promise<void>((resolve) => exporter.listen(port, '127.0.0.1', resolve));
  opened.keep(exporter, (one) => one.close());
  statsd = await freePort();
  opened.keep(
    await startAgent({
      enrollment: await server.enrollment(),
      name: 'box',
      env: {
        WATCHFLOOR_METRICS_FOLDERS: folder,
        WATCHFLOOR_SCRAPE: `shop=http://127.0.0.1:${port}/metrics`,
        WATCHFLOOR_SCRAPE_EVERY: '1',
        WATCHFLOOR_STATSD: String(statsd),
      },
    }),
    disposing,
  );
  const joined = async () =>
    (await server.admin.ask('GET', '/devices')).as(devicesReply).devices[0]?.device_id;
  device = (await eventually('the agent joined', joined, 30_000)) ?? '';
  person = await visitAsAdmin(browser, server);
}, 90_000);
afterAll(() => opened.close());

describe('numbers of one’s own', () => {
  it('a file that is dropped in is a section with its name, and a chart with its label, unit and description', async () => {
    drop('backup.prom', backup(3 * 2 ** 30));
    const { page } = person;
    await page.goto(`${server.url}/ui/devices/${device}?open=backup`);
    const chart = plot(page, 'nas, Size of the last backup');
    await expect.poll(() => drawn(page, 'nas, Size of the last backup'), { timeout: 30_000 }).toMatch(/GiB/);
    const help = await chart.getByRole('heading').getAttribute('title');
    expect(help).toContain('Without the <b>logs</b>.');
    expect(help).toContain('backup:nas:backup_bytes');
    // The moment of the last success is shown as its age.
    await expect
      .poll(() => drawn(page, 'backup_last_success_age_seconds'), { timeout: 30_000 })
      .toMatch(/2\.0\d* ?h|120 ?min/);
  });

  it('a scraped counter and lines of StatsD are sections of their own, as rates', async () => {
    const socket = createSocket('udp4');
    const sending = setInterval(() => socket.send('jobs:3|c|#queue:mail', statsd, '127.0.0.1'), 200);
    try {
      const { page } = person;
      await page.goto(`${server.url}/ui/devices/${device}?open=shop&open=statsd`);
      await expect.poll(() => drawn(page, '200, requests_total'), { timeout: 30_000 }).toMatch(/\d ?\/s/);
      await expect.poll(() => drawn(page, 'mail, jobs'), { timeout: 30_000 }).toMatch(/\d ?\/s/);
    } finally {
      clearInterval(sending);
      socket.close();
    }
  });

  it('an alert on such a number has its unit in its words, and is gone when the file says so', async () => {
    const condition = {
      kind: 'threshold',
      metric: 'backup:*:backup_bytes',
      above: false,
      threshold: 2 ** 30,
      clear: 2 ** 30,
      for_s: 0,
      clear_for_s: 0,
    };
    const rule = { name: 'Backup too small', severity: 'warning', condition };
    expect((await server.admin.ask('POST', '/alert-rules', { body: rule })).status).toBe(201);
    drop('backup.prom', backup(500 * 2 ** 20));
    const words = async () => {
      const { alerts } = (await server.admin.ask('GET', '/alerts')).as(alertsReply);
      return alerts.map((alert) => `${alertSubject(alert)} ${alertReading(alert)}`);
    };
    await expect
      .poll(words, { timeout: 30_000 })
      .toContain('backup nas, size of the last backup 500 MiB, below 1.00 GiB');
    const { page } = person;
    await page.goto(`${server.url}/ui/alerts`);
    await page.getByText('500 MiB, below 1.00 GiB').first().waitFor();
    drop('backup.prom', backup(4 * 2 ** 30));
    await expect.poll(words, { timeout: 30_000 }).not.toContainEqual(expect.stringContaining('backup nas'));
  });

  it('the form of a rule offers such a field by its label, and asks for its threshold in its unit', async () => {
    const { page } = person;
    await page.goto(`${server.url}/ui/settings/alert-rules`);
    await page.getByRole('button', { name: 'Actions for Backup too small' }).click();
    await page.getByRole('menuitem', { name: 'Edit' }).click();
    await page.getByText('Size of the last backup, any backup.').first().waitFor();
    await page
      .getByLabel(/, bytes/)
      .first()
      .waitFor();
    expect(await page.locator('datalist option[value="backup:*:backup_bytes"]').count()).toBeGreaterThan(0);
  });
});
