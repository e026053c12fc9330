import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hostname } from 'node:os';
import type { Browser, Locator, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { startProcess, type Running } from './process.ts';
import { closing, Opened } from './opened.ts';
import { freePort, runScript, temporaryFolder } from './product.ts';
import { fleetRow, signIn, visit, type Person } from './ui.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** The number of points in the chart's line, and the label that tells its newest value. */
async function cpuLine(chart: Locator): Promise<{ points: number; says: string }> {
  const paths = await chart
    .locator('path[fill="none"]')
    .evaluateAll((found) => found.map((path) => path.getAttribute('d') ?? ''));
  const points = Math.max(0, ...paths.map((d) => d.match(/[MLC]/g)?.length ?? 0));
  return { points, says: (await chart.getByRole('img').first().getAttribute('aria-label')) ?? '' };
}

function chart(page: Page, title: string): Locator {
  return page
    .getByRole('figure')
    .filter({ has: page.getByRole('heading', { level: 3, name: title, exact: true }) });
}

/** Ids of the running processes that have this folder in their environment. */
function processesOf(folder: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder);
    } catch {
      // The process has ended meanwhile, or belongs to another user.
      return false;
    }
  });
}

describe('npm start on a machine that never saw Watchfloor', () => {
  const opened = new Opened();
  const data = temporaryFolder();
  const env = { WATCHFLOOR_DATA: join(data, 'server'), WATCHFLOOR_AGENT_DATA: join(data, 'agent') };
  let port: number;
  let product: Running;
  let browser: Browser;
  let person: Person;
  let password = '';

  beforeAll(async () => {
    port = await freePort();
    opened.keep(data, (folder) => {
      rmSync(folder, { recursive: true, force: true });
    });
    product = await runScript('server/quickstart/start.ts', {
      ...env,
      WATCHFLOOR_HOST: '127.0.0.1',
      WATCHFLOOR_PORT: String(port),
    });
    opened.keep(product, (running) => running.stop());
    await product.line(new RegExp(`https://localhost:${port}/ui/`));
    [, password = ''] = await product.line(/password:?\s+(\S+)/i);
    browser = opened.keep(await launchBrowser(), closing);
  });
  afterAll(() => opened.close());

  it('Must show 1: the printed password signs in, and the CPU chart of this machine gains a point every second', async () => {
    person = await visit(browser, `https://localhost:${port}/ui/`);
    await signIn(person.page, 'admin', password);
    const machine = person.page.getByRole('table', { name: 'Machines' }).getByRole('link').first();
    await machine.waitFor();
    expect(await machine.innerText()).toBe(hostname());
    await machine.click();

    const cpu = chart(person.page, 'CPU');
    await expect.poll(async () => (await cpuLine(cpu)).points, { timeout: 20_000 }).toBeGreaterThan(2);
    const [first, began] = [await cpuLine(cpu), performance.now()];
    await expect.poll(async () => (await cpuLine(cpu)).points, { timeout: 30_000 }).toBe(first.points + 10);
    const seconds = (performance.now() - began) / 1000;
    // Ten points come in ten seconds, one more or less.
    expect(seconds).toBeGreaterThan(8.5);
    expect(seconds).toBeLessThan(12);
    expect((await cpuLine(cpu)).says).toMatch(/^CPU: .*%/);
    expect(person.errors).toEqual([]);
  });

  it('Must show 2: a second agent joins with the pasted command and appears in the open list without a reload', async () => {
    const { page } = person;
    await page.goto(`https://localhost:${port}/ui/settings/machines`);
    await page.getByRole('button', { name: 'Add a machine' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Make the command' }).click();
    await dialog.getByText('On a machine that has an agent already').click();
    await dialog.getByLabel('Name of the further agent').fill('second');
    const shown = await dialog.locator('pre').innerText();
    expect(shown).toContain('WATCHFLOOR_NAME=second');

    // The fleet list is open in another tab, which the test does not touch again.
    const list = await person.context.newPage();
    await list.goto(`https://localhost:${port}/ui/`);
    await fleetRow(list, hostname()).waitFor();
    let reloads = 0;
    list.on('framenavigated', () => reloads++);

    // The command as it is shown, except for the data folder, which belongs to this test.
    const folder = join(data, 'agent-second');
    const command = shown.replace(/WATCHFLOOR_AGENT_DATA=\S+/, `WATCHFLOOR_AGENT_DATA=${folder}`);
    expect(command).not.toBe(shown);
    const pasted = await startProcess({ file: 'sh', args: ['-c', command], cwd: ROOT, group: true });
    opened.keep(pasted, (running) => running.stop());

    await fleetRow(list, 'second').getByText('%').first().waitFor({ timeout: 20_000 });
    await dialog.getByText('has joined').waitFor();
    expect(reloads).toBe(0);
    await list.close();
    await pasted.stop();
  });

  it('a second npm start finds its data again: the same machines, and no new password', async () => {
    await product.stop();
    const again = await runScript('server/quickstart/start.ts', {
      ...env,
      WATCHFLOOR_HOST: '127.0.0.1',
      WATCHFLOOR_PORT: String(port),
    });
    opened.keep(again, (running) => running.stop());
    await again.line(new RegExp(`https://localhost:${port}/ui/`));
    expect(again.output()).not.toContain(password);
    await person.close();
    person = await visit(browser, `https://localhost:${port}/ui/`);
    await signIn(person.page, 'admin', password);
    const rows = person.page.getByRole('table', { name: 'Machines' }).getByRole('link');
    await fleetRow(person.page, hostname()).getByText('%').first().waitFor({ timeout: 20_000 });
    expect((await rows.allInnerTexts()).sort()).toEqual([hostname(), 'second'].sort());
  });

  it('npm start stops completely when asked, and leaves no process behind', async () => {
    expect(processesOf(data).length).toBeGreaterThan(1);
    await opened.close();
    expect(processesOf(data)).toEqual([]);
  });
});
