/** The page of a machine in a real browser: from a problem to its cause, thousands of fields, events, comparisons. */
import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertsReply } from '#protocol/alerts.ts';
import { launchBrowser } from '../browser.ts';
import { wrongWith } from './accessibility.ts';
import {
  addMachine,
  keepPushing,
  restless,
  small,
  troubled,
  wide,
  type MadeUpMachine,
} from './made-up-machines.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { fleetRow, visitAsAdmin, type Person } from './ui.ts';

/** The chart of this title. */
const plot = (page: Page, title: string) =>
  page.getByRole('figure').filter({ has: page.getByRole('heading', { name: title, exact: true }) });
const section = (page: Page, title: string) =>
  page.getByRole('button', { name: new RegExp(`^${title} \\d`), expanded: false });

describe('the page of a machine', () => {
  const opened = new Opened();
  let server: TestServer;
  let browser: Browser;
  let person: Person;
  let page: Page;
  let machines: Record<'troubled' | 'small' | 'wide' | 'restless', MadeUpMachine>;

  const open = (path: string) => page.goto(`${server.url}/ui/${path}`);

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    const condition = { kind: 'threshold', metric: 'mount:*:used', threshold: 98, clear: 97, for_s: 0 };
    const body = { name: 'Full', severity: 'critical', condition };
    await server.admin.ask('POST', '/alert-rules', { body });
    machines = {
      troubled: await addMachine(server, 'troubled', troubled),
      small: await addMachine(server, 'small', small),
      wide: await addMachine(server, 'wide', wide),
      restless: await addMachine(server, 'restless', restless),
    };
    opened.keep(keepPushing(Object.values(machines)), closing);
    browser = opened.keep(await launchBrowser(), closing);
    person = opened.keep(await visitAsAdmin(browser, server), closing);
    page = person.page;
  });
  afterAll(() => opened.close());

  it('from the red row of the fleet, one click shows which of forty filesystems is full', async () => {
    await open('');
    await fleetRow(page, 'troubled').getByRole('link', { name: 'troubled' }).click();
    const filesystems = page.getByRole('button', { name: /^Filesystems \d/ });
    await filesystems.filter({ hasText: 'fullest: /srv/data-27 at 99 %' }).waitFor();
    await page.getByRole('list', { name: 'Active alerts' }).getByText('/srv/data-27').waitFor();
  });

  it('a closed section names the core that is busy and the interface that is saturated; opened, it shows its chart', async () => {
    await open(`devices/${machines.troubled.id}`);
    await section(page, 'Interfaces').filter({ hasText: 'receives most: eth11 at 936 Mbit/s' }).waitFor();
    await section(page, 'Cores').filter({ hasText: 'busiest: 19 at 100 %' }).click();
    await plot(page, '19').locator('path').first().waitFor({ state: 'attached' });
    // What is open stands in the address.
    expect(new URL(page.url()).searchParams.getAll('open')).toEqual(['core']);
    await page.reload();
    await plot(page, '19').waitFor();
  });

  it('the address of an alert shows the time around it, and its chart first', async () => {
    const answer = await server.admin.ask('GET', `/alerts?device=${machines.troubled.id}`);
    const [alert] = answer.as(alertsReply).alerts.filter(({ metric }) => metric.includes('data-27'));
    const id = alert?.id ?? '';
    await open(`devices/${machines.troubled.id}?alert=${id}`);
    await page.getByText('Around the alert').waitFor();
    await expect.poll(() => plot(page, '/srv/data-27').isVisible()).toBe(true);
    await open(`devices/${machines.small.id}?alert=${id}`);
    await page.getByText('The alert of this address is not known any more').waitFor();
  });

  it('[L6] a machine with 4,000 fields and one whose interfaces come and go ask for no more than a small one', async () => {
    const asked = async (id: string) => {
      let bytes = 0;
      let count = 0;
      const listen = (response: { url(): string; body(): Promise<Buffer> }) => {
        if (!/\/devices\/.*\/(metrics|fields)/.test(response.url())) return;
        count++;
        void response.body().then(
          (body) => (bytes += body.length),
          () => undefined,
        );
      };
      page.on('response', listen);
      await open(`devices/${id}`);
      await plot(page, 'CPU').locator('path').first().waitFor({ state: 'attached' });
      await section(page, 'Interfaces').waitFor();
      await expect.poll(() => count).toBeGreaterThan(2);
      page.off('response', listen);
      return bytes;
    };
    const usual = await asked(machines.small.id);
    expect(await asked(machines.wide.id)).toBeLessThan(usual * 3 + 20_000);
    expect(await asked(machines.restless.id)).toBeLessThan(usual * 3 + 20_000);
  });

  it('every chart of a machine with 4,000 fields can be reached: by name, and by showing more', async () => {
    await open(`devices/${machines.wide.id}?open=queue`);
    await page.getByLabel('Search in queue').fill('777');
    await plot(page, '777, length').scrollIntoViewIfNeeded();
    await plot(page, '777, length').locator('path').first().waitFor({ state: 'attached' });
    await page.getByLabel('Search in queue').fill('14');
    const more = page.getByRole('button', { name: /^Show \d+ more of/ });
    const reached = async () => {
      if ((await more.count()) > 0) await more.press('Enter');
      return plot(page, '140, length').count();
    };
    await expect.poll(reached, { timeout: 30_000 }).toBe(1);
    await section(page, 'Other values').click();
    await plot(page, 'orders_7').waitFor();
  });

  it('an interface that is gone has its chart in the past, and is marked as no longer sent', async () => {
    await open(`devices/${machines.restless.id}?range=1h&open=interface`);
    const gone = `veth${Math.floor((Date.now() - 180_000) / 60_000) % 1000}x7`;
    await page.getByLabel('Search in Interfaces').fill(gone);
    await plot(page, gone).getByText('no longer sent').waitFor();
    await plot(page, gone).scrollIntoViewIfNeeded();
    await plot(page, gone).locator('path').first().waitFor({ state: 'attached' });
  });

  it('a restart and another version of the agent are listed as events, and marked in the charts', async () => {
    const { id, token } = machines.small;
    const client = server.client();
    const push = (version: string, uptime: number) =>
      client.ask('POST', '/metrics', {
        token,
        body: {
          ...{ device_id: id, hostname: 'small', ip: '10.0.0.9', sent_at: Date.now() },
          inventory: { agent_version: version },
          ...{ timestamp: Date.now(), metrics: { uptime_s: uptime } },
        },
      });
    await push('1.0.2', 1e6);
    await push('1.1.0', 20);
    await open(`devices/${id}?open=..events`);
    await page.getByText('1.0.2 → 1.1.0', { exact: true }).waitFor();
    await page.getByText('Restarted', { exact: true }).first().waitFor();
    await plot(page, 'CPU')
      .getByTitle(/Restarted/)
      .first()
      .waitFor({ state: 'attached' });
    await page.getByText('Alerts', { exact: true }).last().click();
    await expect.poll(() => page.getByText('1.0.2 → 1.1.0', { exact: true }).count()).toBe(0);
  });

  it('two times that a person enters are shown, and an error says what is wrong with one', async () => {
    await open(`devices/${machines.small.id}`);
    await page.getByRole('button', { name: 'From … to' }).click();
    await page.getByLabel('From', { exact: true }).fill('2030-01-01T10:00:00');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.getByText('This lies in the future').waitFor();
    const at = new Date(Date.now() - 3_600_000);
    await page.getByLabel('From', { exact: true }).fill(at.toISOString().slice(0, 19));
    await page
      .getByLabel('To', { exact: true })
      .fill(new Date(Date.now() - 60_000).toISOString().slice(0, 19));
    await page.getByLabel('To', { exact: true }).press('Enter');
    await expect.poll(() => new URL(page.url()).searchParams.get('from')).not.toBeNull();
  });

  it('a machine is compared with another one in the same charts, and the address keeps it', async () => {
    await open(`devices/${machines.small.id}`);
    await page.getByLabel('Compare with').selectOption({ label: 'another machine …' });
    await page.getByLabel('Search machines').fill('troub');
    await page.getByRole('button', { name: 'troubled', exact: true }).click();
    await expect.poll(() => new URL(page.url()).searchParams.get('compare')).toBe(machines.troubled.id);
    await plot(page, 'CPU').getByText('troubled').waitFor();
    await page.getByLabel('Compare with').selectOption('-1d');
    await expect.poll(() => new URL(page.url()).searchParams.get('compare')).toBe('-1d');
  });

  it('any field of any machines is compared, and is taken out as a table and a picture', async () => {
    await open('');
    await fleetRow(page, 'wide').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await page.getByRole('button', { name: 'Compare the CPU of all machines' }).click();
    await page.getByText('4 of 4 lines').waitFor();
    await page.getByText('Side by side').click();
    await plot(page, 'wide').waitFor();
    await page.getByText('Where most are').click();
    await plot(page, 'CPU').getByText('median').waitFor();
    const table = page.waitForEvent('download');
    await page.getByRole('button', { name: 'CSV' }).click();
    expect(await readFile(await (await table).path(), 'utf8')).toMatch(/^time,/);
    const picture = page.waitForEvent('download');
    await page.getByRole('button', { name: 'PNG' }).click();
    const png = await readFile(await (await picture).path());
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(png.length).toBeGreaterThan(5000);
  });

  it('a link to a machine that is gone says so', async () => {
    await open('devices/nobody');
    await page.getByText('There is no machine with this id').waitFor();
  });

  it('the pages break no rule of accessibility, in light and in dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const path of [
        `devices/${machines.troubled.id}?open=mount&open=..events`,
        `devices/${machines.small.id}?compare=${machines.wide.id}&range=1h`,
        'compare?field=cpu&field=ram&range=1h',
      ]) {
        await open(path);
        await page.getByRole('figure').first().locator('path').first().waitFor({ state: 'attached' });
        expect(await wrongWith(page), `${path}, ${colorScheme}`).toEqual([]);
      }
    }
    expect(person.errors).toEqual([]);
  });
});
