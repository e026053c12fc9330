/** Probes as a person uses them: added in the settings, run by a real agent, down with a reason and an alert. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertsReply } from '#protocol/alerts.ts';
import { probesReply } from '#protocol/probes.ts';
import { launchBrowser } from '../browser.ts';
import { wrongWith } from './accessibility.ts';
import { eventually } from './eventually.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startAgent, startServer, temporaryFolder, type TestAgent, type TestServer } from './product.ts';
import { signedIn, visitAsAdmin } from './ui.ts';

/** A page to probe, which can be switched off and on again at the same port. */
async function openTarget() {
  let server: Server = createServer();
  const listen = (port: number) =>
    new Promise<AddressInfo>((resolve) => {
      server = createServer((_, reply) => reply.end('all is well'));
      server.listen(port, '127.0.0.1', () => {
        const address = server.address();
        if (address !== null && typeof address !== 'string') resolve(address);
      });
    });
  const { port } = await listen(0);
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port, close, open: () => listen(port) };
}

describe('probes in the web app', () => {
  const opened = new Opened();
  const data = temporaryFolder();
  const env = { WATCHFLOOR_PROBES: 'public,local', WATCHFLOOR_COLLECTORS: 'cpu' };
  let server: TestServer;
  let agent: TestAgent;
  let browser: Browser;
  let page: Page;
  let target: Awaited<ReturnType<typeof openTarget>>;

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    target = opened.keep(await openTarget(), closing);
    agent = await startAgent({ enrollment: await server.enrollment(), name: 'web-1', data, env });
    browser = opened.keep(await launchBrowser(), closing);
    page = opened.keep(await visitAsAdmin(browser, server), closing).page;
  });
  afterAll(async () => {
    await agent.dispose();
    await opened.close();
  });

  async function open(path: string): Promise<void> {
    await page.goto(`${server.url}/ui/${path}`);
    await signedIn(page);
  }
  const row = (name: string) => page.getByRole('table', { name: 'Probes' }).getByRole('row', { name });
  const alerts = async () => (await server.admin.ask('GET', '/alerts')).as(alertsReply).alerts;
  const shown = async () => (await server.admin.ask('GET', '/probes')).as(probesReply).probes;

  it('a probe that is added goes green, and red with its reason and an alert when its target is gone', async () => {
    await open('settings/probes');
    await page.getByText('A probe has your machines check something else').waitFor();
    expect(await wrongWith(page)).toEqual([]);
    await page.getByRole('button', { name: 'Add a probe' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add a probe' });
    await dialog.getByLabel('Target').fill(`http://127.0.0.1:${target.port}/`);
    await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('Shop');
    await dialog.getByRole('button', { name: 'Add probe' }).click();
    await dialog.getByText('Choose from where it is probed.').waitFor();
    await dialog.getByLabel('Machine', { exact: true }).selectOption({ label: 'web-1' });
    await dialog.getByText('1 of 1 machines now').waitFor();
    await dialog.getByLabel('The page has this text').fill('all is well');
    await dialog.getByLabel('Every, in seconds').fill('5');
    await dialog.getByLabel('Down after so many failed tries').fill('2');
    expect(await wrongWith(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Add probe' }).click();
    await row('Shop').getByText('Up', { exact: true }).waitFor({ timeout: 30_000 });
    await row('Shop').getByText('1 machine').waitFor();

    await target.close();
    await row('Shop').getByText('Down', { exact: true }).waitFor({ timeout: 40_000 });
    await page.getByText(`connection refused by 127.0.0.1:${target.port}`).waitFor();
    expect(await wrongWith(page)).toEqual([]);
    const [alert] = await eventually('an alert was raised', async () => {
      const found = (await alerts()).filter(({ metric }) => metric === 'probe:Shop:up');
      return found.length > 0 && found;
    });
    expect(alert).toMatchObject({
      severity: 'critical',
      reading: `connection refused by 127.0.0.1:${target.port}`,
      device_name: 'web-1',
    });
  });

  it("the machine's page draws the probe and says why it is down", async () => {
    const [probe] = await shown();
    await open(`devices/${probe?.places[0]?.device_id ?? ''}?open=probe`);
    await page.getByText(`down: connection refused by 127.0.0.1:${target.port}`).waitFor();
    expect(await wrongWith(page)).toEqual([]);
  });

  it('[A3] an agent that is killed goes on with its probes, and a try at once finds the target again', async () => {
    await server.stop();
    await agent.process.kill();
    agent = await startAgent({ data, env });
    await target.open();
    await server.start();
    await server.admin.login('admin', 'correct horse battery staple');
    await eventually('the probe is up again', async () => (await shown())[0]?.counts.up === 1, 60_000);
    await eventually('the alert is over', async () =>
      (await alerts()).every(({ metric }) => metric !== 'probe:Shop:up'),
    );
    await open('settings/probes');
    await row('Shop').getByRole('button', { name: 'Actions for Shop' }).click();
    await page.getByRole('menuitem', { name: 'Try now' }).click();
    await row('Shop').getByText('Being tried').waitFor();
    await row('Shop').getByText('Up', { exact: true }).waitFor({ timeout: 30_000 });
  });

  it('[G6] what an agent may not reach is shown with the line that would allow it', async () => {
    await server.admin.ask('POST', '/probes', {
      body: { kind: 'tcp', name: 'Database', target: '10.255.0.1:5432', scope: {}, interval_s: 5 },
    });
    await row('Database').getByText('Not allowed').waitFor({ timeout: 30_000 });
    await page.getByText('WATCHFLOOR_PROBES=public,local,10.255.0.1:5432').waitFor();
    await page.setViewportSize({ width: 390, height: 800 });
    expect(await wrongWith(page)).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByRole('link', { name: 'Probes of web-1' }).first().click();
    await page.getByText('Its agent does not run 1 probe that is set for it.').click();
    await page.getByText('WATCHFLOOR_PROBES=public,local,10.255.0.1:5432').waitFor();
    expect(await wrongWith(page)).toEqual([]);
    await page.goBack();
  });

  it('a probe is switched off and removed', async () => {
    await row('Database').getByRole('button', { name: 'Actions for Database' }).click();
    await page.getByRole('menuitem', { name: 'Switch off' }).click();
    await row('Database').getByText('Switched off').waitFor();
    await row('Database').getByRole('button', { name: 'Actions for Database' }).click();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove probe' }).click();
    await row('Database').waitFor({ state: 'detached' });
  });
});
