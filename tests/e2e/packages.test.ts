/** The agent's packages as a person sees them: the lines of "Add a machine", the page of packages, versions of agents. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditReply, enrollmentKeyCreated as created } from '#protocol/api.ts';
import { packagesReply, upgradesReply } from '#protocol/packages.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { launchBrowser } from '../browser.ts';
import { PROGRAM, writePackages } from '../packages/made-up-packages.ts';
import { wrongWith } from './accessibility.ts';
import { eventually } from './eventually.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { signedIn, visitAsAdmin } from './ui.ts';

const EXECUTABLE = `watchfloor-agent-${WATCHFLOOR_VERSION}-linux-x64`;
const DEB = `watchfloor-agent_${WATCHFLOOR_VERSION}_amd64.deb`;

describe('packages in the web app', () => {
  const opened = new Opened();
  const folder = mkdtempSync(join(tmpdir(), 'watchfloor-packages-'));
  let server: TestServer;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    writePackages(folder, { [EXECUTABLE]: PROGRAM, [DEB]: 'as it was built' });
    writeFileSync(join(folder, DEB), 'as it is now');
    server = opened.keep(await startServer({ env: { WATCHFLOOR_PACKAGES: folder } }), disposing);
    browser = opened.keep(await launchBrowser(), closing);
    page = opened.keep(await visitAsAdmin(browser, server), closing).page;
    await eventually('the packages were checked', async () => {
      const { packages } = (await server.admin.ask('GET', '/packages')).as(packagesReply);
      return (
        packages.some(({ state }) => state === 'ready') && packages.some(({ state }) => state === 'damaged')
      );
    });
  });
  afterAll(async () => {
    await opened.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(path: string): Promise<void> {
    await page.goto(`${server.url}/ui/${path}`);
    await signedIn(page);
  }

  it('adding a machine shows a line for each system, and says how to get packages where there is none', async () => {
    await open('settings/machines?add');
    const dialog = page.getByRole('dialog', { name: 'Add a machine' });
    await dialog.getByRole('button', { name: 'Make the command' }).click();
    await dialog
      .getByText(/curl -fsS -k --pinnedpubkey 'sha256\/\/.*agent\.sh \| WATCHFLOOR_ENROLL=/)
      .waitFor();
    expect(await wrongWith(page)).toEqual([]);
    await dialog.getByText('With sudo').click();
    await dialog.getByText(/\| sudo sh$/).waitFor();
    await dialog.getByText('Kubernetes').click();
    await dialog.getByText(/kind: DaemonSet/).waitFor();
    await dialog.getByText('Windows').click();
    await dialog.getByText('This server has no package for it yet.').waitFor();
    await dialog.getByText(`WATCHFLOOR_PACKAGES='${folder}' npm run package`).waitFor();
    await dialog.getByText('From a clone').click();
    await dialog.getByText(/npm run agent$/).waitFor();
    await dialog.getByText('Windows').click();
    await dialog.getByRole('link', { name: 'What is there' }).click();
    await page.getByRole('heading', { level: 1, name: 'Packages' }).waitFor();
  });

  it('the page of packages names what is handed out, what is damaged, and by which key it is signed', async () => {
    await open('settings/packages');
    const row = (text: string) =>
      page.getByRole('table', { name: 'Packages' }).getByRole('row', { name: text });
    await row('Executable').getByText('Handed out').waitFor();
    await row('Debian package').getByText('Damaged').waitFor();
    await page.getByText(/^[0-9A-F]{16}$/).waitFor();
    expect(await wrongWith(page)).toEqual([]);
  });

  it('an administrator switches upgrades on, which the audit log says', async () => {
    await open('settings/packages');
    await page.getByText('Machines upgrade their agent themselves').click();
    await page.getByLabel('Machines a minute, at most').fill('7');
    await page.getByRole('button', { name: 'Save' }).click();
    await eventually('it was saved', async () => {
      const { settings } = (await server.admin.ask('GET', '/upgrades')).as(upgradesReply);
      return settings.on && settings.per_minute === 7;
    });
    const entry = await eventually('the audit log had it', async () => {
      const { entries } = (await server.admin.ask('GET', '/audit')).as(auditReply);
      return entries.find(({ action }) => action === 'changed the upgrades of agents');
    });
    expect(entry).toMatchObject({ actor: 'admin', target: '7 a minute, all machines' });
  });

  it('the list of machines has the version of each agent, and shows those that are behind', async () => {
    const register = async (name: string, version: string) => {
      const inventory = { agent_version: version, upgrades_as: 'linux-x64' };
      const key = (await server.admin.ask('POST', '/enrollment-keys', { body: {} })).as(created).key;
      await server.client().ask('POST', '/devices/register', {
        body: { enrollment_key: key, hostname: name, ip: '10.0.0.1', os: 'Linux', inventory },
      });
    };
    await register('old-one', '0.0.1');
    await register('new-one', WATCHFLOOR_VERSION);
    await eventually('the old one was behind', async () => {
      const { machines } = (await server.admin.ask('GET', '/upgrades')).as(upgradesReply);
      return machines.some(({ to }) => to !== null);
    });
    await open('settings/machines');
    const table = page.getByRole('table', { name: 'Machines' });
    await table.getByText('0.0.1 behind').waitFor();
    await table.getByText('new-one').waitFor();
    await page.getByText('Behind', { exact: true }).click();
    await table.getByText('new-one').waitFor({ state: 'detached' });
    await table.getByText('old-one').waitFor();
    expect(await wrongWith(page)).toEqual([]);
  });
});
