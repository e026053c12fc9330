/** Who used the machine: the processes of now from a real agent, and those of last night from the spike in a chart. */
import { spawn } from 'node:child_process';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertsReply } from '#protocol/alerts.ts';
import { processesReply } from '#protocol/processes.ts';
import { launchBrowser } from '../browser.ts';
import { wrongWith } from './accessibility.ts';
import { eventually } from './eventually.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startAgent, startServer, type TestAgent, type TestServer } from './product.ts';
import { register, type Identity } from './pushing-device.ts';
import { fleetRow, visitAsAdmin, type Person } from './ui.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The chart of this title. */
const plot = (page: Page, title: string) =>
  page.getByRole('figure').filter({ has: page.getByRole('heading', { name: title, exact: true }) });
const rows = (page: Page) => page.getByRole('table', { name: 'Processes' }).getByRole('rowheader');

/** Where the axes begin in a chart, in pixels at the usual type size. */
const AXIS_PX = { left: 40, top: 8 } as const;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where the highest point of a chart's line is now, in pixels of the window; undefined where no point stands out. */
async function standingOut(page: Page, title: string): Promise<Point | undefined> {
  const path = (await plot(page, title).locator('path[d*="Z"]').last().getAttribute('d')) ?? '';
  const points = [...path.matchAll(/[ML](-?[\d.]+),(-?[\d.]+)/g)].map(
    ([, x, y]) => [Number(x), Number(y)] as const,
  );
  const heights = points.map(([, y]) => y).toSorted((one, other) => one - other);
  const usual = heights[Math.floor(heights.length / 4)] ?? 0;
  const [x, y] = points.reduce((top, point) => (point[1] < top[1] ? point : top), [0, usual]);
  const box = await plot(page, title).getByRole('img').first().boundingBox();
  if (box === null || usual - y < 10) return undefined;
  return { x: box.x + AXIS_PX.left + x, y: box.y + AXIS_PX.top + y + 4 };
}

/** Where the highest point of a chart's line is once it is drawn and stays where it is. */
async function highestPoint(page: Page, title: string): Promise<Point> {
  let last: Point | undefined;
  return eventually(`the highest point of ${title} stays where it is`, async () => {
    const before = last;
    last = await standingOut(page, title);
    return last !== undefined && last.x === before?.x && last.y === before.y && last;
  });
}

/** A day of a quiet machine, a sample and a report a minute, with ten busy seconds at `spike`. */
async function pushDay(server: TestServer, { id, token }: Identity, spike: number): Promise<void> {
  const now = Date.now();
  const first = now - 24 * HOUR + MINUTE;
  const row = (name: string, cpu: number, parts: object = {}) => ({
    ...{ pid: 812, name, user: 'root', started_at: first - HOUR, state: 'S', cpu, cpu_peak: cpu },
    ...parts,
  });
  const usual = [row('postgres', 3, { memory_bytes: 2e9 }), row('node', 2, { pid: 900, user: 'app' })];
  const culprit = row('backup.sh', 4.2, {
    pid: 31_337,
    user: 'ops',
    cpu_peak: 25,
    container: 'docker 3f4e5d6c7b8a',
  });
  const times: number[] = [];
  for (let t = first; t < now; t += MINUTE) times.push(t);
  for (let t = spike; t < spike + 10_000; t += 1000) times.push(t);
  times.sort((one, other) => one - other);
  const cpuAt = (t: number) => (t >= spike && t < spike + 10_000 ? 31 : 6);
  for (let i = 0; i < times.length; i += 100) {
    const part = times.slice(i, i + 100);
    const body = {
      ...{ device_id: id, hostname: 'night', ip: '10.0.0.9', fields: ['cpu', 'ram'] },
      rows: part.map((t) => [t, cpuAt(t), 40]),
      processes: part
        .filter((t) => (t - first) % MINUTE === 0)
        .map((at) => ({
          ...{ at, period_s: 60, cpu: 6, total: 212 },
          rows: at >= spike && at - MINUTE < spike + 10_000 ? [...usual, culprit] : usual,
        })),
    };
    expect((await server.admin.ask('POST', '/metrics', { token, body })).status).toBe(200);
  }
}

describe('the processes of a machine', () => {
  const opened = new Opened();
  let server: TestServer;
  let browser: Browser;
  let person: Person;
  let page: Page;
  let night: Identity;
  const spike = Math.floor((Date.now() - 10 * HOUR) / MINUTE) * MINUTE + 20_000;

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    night = await register(server, 'night');
    await pushDay(server, night, spike);
    browser = opened.keep(await launchBrowser(), closing);
    person = opened.keep(await visitAsAdmin(browser, server), closing);
    page = person.page;
  });
  afterAll(() => opened.close());

  it('the process that was busy for ten seconds last night is found from the chart with three clicks', async () => {
    await page.goto(`${server.url}/ui/`);
    await fleetRow(page, 'night').getByRole('link', { name: 'night' }).click();
    await page
      .getByRole('button', { name: '24 h' })
      .or(page.getByRole('radio', { name: '24 h' }))
      .click();
    const top = await highestPoint(page, 'CPU');
    await page.mouse.click(top.x, top.y);

    const processes = page.getByRole('button', { name: /^Processes \d/, expanded: true });
    await processes.waitFor();
    await expect.poll(() => rows(page).first().textContent()).toContain('backup.sh');
    const culprit = page.getByRole('row', { name: /^backup\.sh/ });
    await culprit.getByText('31337').waitFor();
    await culprit.getByText('ops').waitFor();
    await culprit.getByText('docker 3f4e5d6c7b8a').waitFor();
    await culprit.getByText('25 %').waitFor();
    await expect.poll(() => culprit.isVisible()).toBe(true);
    const chosen = Number(new URL(page.url()).searchParams.get('moment'));
    expect(Math.abs(chosen - spike)).toBeLessThan(10 * MINUTE);

    // The address is the view.
    await page.reload();
    await expect.poll(() => rows(page).first().textContent()).toContain('backup.sh');
    expect(await wrongWith(page)).toEqual([]);
  });

  it('the table is sorted by any column, and a moment is left again', async () => {
    await page.getByRole('button', { name: 'Memory' }).click();
    await expect.poll(() => rows(page).first().textContent()).toContain('postgres');
    const memory = page.getByRole('columnheader', { name: 'Memory' });
    expect(await memory.getAttribute('aria-sort')).toBe('descending');
    await page.getByRole('button', { name: 'Leave this moment' }).click();
    await expect.poll(() => new URL(page.url()).searchParams.has('moment')).toBe(false);
    // All of the last 24 hours: a minute of sixteen hundred is nearly nothing, its peak is not.
    await page.getByRole('button', { name: 'CPU, peak' }).click();
    await expect.poll(() => rows(page).first().textContent()).toContain('backup.sh');
  });

  it('with the keyboard alone, Enter at the crosshair lists the processes of its moment', async () => {
    await page.goto(`${server.url}/ui/devices/${night.id}?range=24h`);
    await plot(page, 'CPU').locator('path').first().waitFor({ state: 'attached' });
    await page.getByRole('group', { name: /^Charts/ }).focus();
    for (let i = 0; i < 10; i++) await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await expect.poll(() => rows(page).count()).toBe(2);
    expect(new URL(page.url()).searchParams.get('moment')).not.toBeNull();
  });

  it('the page of an alert shows the processes of its moment, and leads to all of them', async () => {
    const condition = {
      kind: 'threshold',
      metric: 'cpu',
      threshold: 90,
      clear: 80,
      for_s: 0,
      clear_for_s: 0,
    };
    await server.admin.ask('POST', '/alert-rules', {
      body: { name: 'Busy', severity: 'critical', condition },
    });
    const { id, token } = await register(server, 'hot');
    const at = Date.now();
    const row = { pid: 99, name: 'ffmpeg', user: 'ada', cpu: 92, cpu_peak: 98 };
    const report = { at, period_s: 60, cpu: 97, total: 80, rows: [row] };
    const body = {
      device_id: id,
      hostname: 'hot',
      ip: '',
      fields: ['cpu'],
      rows: [[at, 97]],
      processes: [report],
    };
    await server.admin.ask('POST', '/metrics', { token, body });
    const [alert] = (await server.admin.ask('GET', `/alerts?device=${id}`)).as(alertsReply).alerts;
    await page.goto(`${server.url}/ui/alerts/${alert?.id ?? ''}`);
    await page.getByRole('heading', { name: 'Processes when it was raised' }).waitFor({ timeout: 40_000 });
    await expect.poll(() => rows(page).first().textContent()).toContain('ffmpeg');
    expect(await wrongWith(page)).toEqual([]);
    await page.getByRole('link', { name: 'All processes of that moment' }).click();
    await page.getByRole('button', { name: /^Processes \d/, expanded: true }).waitFor();
    await expect.poll(() => rows(page).first().textContent()).toContain('ffmpeg');
  });

  it('on a phone the table stays within the screen, and a tap does not move the charts away', async () => {
    const phone = opened.keep(
      await visitAsAdmin(browser, server, { viewport: { width: 390, height: 844 }, hasTouch: true }),
      closing,
    );
    await phone.page.goto(`${server.url}/ui/devices/${night.id}?range=24h`);
    const top = await highestPoint(phone.page, 'CPU');
    await phone.page.touchscreen.tap(top.x, top.y);
    await expect.poll(() => rows(phone.page).first().textContent()).toContain('backup.sh');
    const width = () => phone.page.evaluate<number>('document.documentElement.scrollWidth');
    expect(await width()).toBeLessThanOrEqual(390);
    await expect.poll(() => plot(phone.page, 'CPU').isVisible()).toBe(true);
  });

  it('[I1] what an acknowledged push told of processes is there after kill -9', async () => {
    const { id, token } = await register(server, 'killed');
    const at = Date.now() - HOUR;
    const rows = [{ pid: 99, name: 'ffmpeg', cpu: 92, cpu_peak: 98 }];
    const processes = [{ at, period_s: 60, cpu: 97, total: 80, rows }];
    const body = { device_id: id, hostname: 'killed', ip: '', fields: ['cpu'], rows: [[at, 97]], processes };
    expect((await server.admin.ask('POST', '/metrics', { token, body })).status).toBe(200);
    await server.kill();
    await server.start();
    const answer = await server.admin.ask('GET', `/devices/${id}/processes?at=${at}`);
    expect(answer.as(processesReply).report?.rows).toMatchObject(rows);
  });

  it('a process that burns a core is listed live with its share, as a real agent tells it', async () => {
    const agent: TestAgent = opened.keep(
      await startAgent({ enrollment: await server.enrollment(), name: 'live' }),
      disposing,
    );
    void agent;
    const burner = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
    opened.keep(burner, (child) => child.kill());
    await page.goto(`${server.url}/ui/`);
    await fleetRow(page, 'live').getByRole('link', { name: 'live' }).click();
    await page.getByRole('button', { name: /^Processes \d/ }).click({ timeout: 60_000 });
    const row = page.getByRole('row').filter({ hasText: String(burner.pid) });
    await row.waitFor({ timeout: 60_000 });

    const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    const share = await eventually('the burner has a share', async () => {
      const answer = await server.admin.ask('GET', `/devices/${id}/processes`);
      const { report } = answer.as(processesReply);
      return report?.rows.find(({ pid }) => pid === burner.pid)?.cpu_peak;
    });
    // A core of this machine, unless other work takes some of it.
    expect(share).toBeGreaterThan(5);
  }, 120_000);
});
