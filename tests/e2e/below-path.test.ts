import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { devicesReply, enrollmentKeyCreated } from '#protocol/api.ts';
import { parseEnrollment } from '#protocol/enrollment.ts';
import { displayLinkCreated } from '#protocol/walls.ts';
import { launchBrowser } from '../browser.ts';
import { createClient } from './client.ts';
import { eventually } from './eventually.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startProcess } from './process.ts';
import { freePort, startAgent, startServer, type TestServer } from './product.ts';
import { fleetRow, visit, visitAsAdmin } from './ui.ts';
import { argumentsFor, nginx, writeConfiguration } from '../deploy/nginx.ts';

/** Skipped, and counted as such, where nginx is not installed. */
describe.skipIf(nginx === undefined)('below a path of nginx, as deploy/nginx says', () => {
  const folder = mkdtempSync(join(tmpdir(), 'watchfloor-path-'));
  const opened = new Opened();
  let server: TestServer;
  /** With the path, without a slash at its end. */
  let url: string;
  let ca: string;

  beforeAll(async () => {
    opened.keep(folder, (path) => rmSync(path, { recursive: true, force: true }));
    const ports = { plain: await freePort(), tls: await freePort() };
    url = `https://localhost:${ports.tls}/watchfloor`;
    server = opened.keep(
      await startServer({
        env: {
          WATCHFLOOR_TLS: 'off',
          WATCHFLOOR_TRUSTED_PROXIES: '127.0.0.1',
          WATCHFLOOR_PUBLIC_URL: `${url}/`,
        },
      }),
      disposing,
    );
    const config = await writeConfiguration(folder, server.port, ports, '/watchfloor');
    const args = argumentsFor(folder, config);
    opened.keep(await startProcess({ file: nginx ?? '', args }), (proxy) => proxy.stop());
    ca = readFileSync(join(folder, 'authority.crt'), 'utf8');
    const client = opened.keep(createClient({ url, ca }), closing);
    await eventually(
      'nginx answered',
      async () => (await client.ask('GET', '/watchfloor/healthz')).status === 200,
    );
  }, 60_000);
  afterAll(() => opened.close());

  it('Must show: an agent joins and pushes below the path that its enrollment string has', async () => {
    const made = await server.admin.ask('POST', '/enrollment-keys', { body: { name: 'path' } });
    const { enrollment } = made.as(enrollmentKeyCreated);
    expect(parseEnrollment(enrollment)).toMatchObject({ host: 'localhost', path: '/watchfloor', ca: null });
    const env = { NODE_EXTRA_CA_CERTS: join(folder, 'authority.crt') };
    const agent = opened.keep(await startAgent({ enrollment, name: 'below', env }), disposing);
    await eventually('the agent pushed', async () =>
      (await server.admin.ask('GET', '/devices'))
        .as(devicesReply)
        .devices.some(({ status }) => status === 'online'),
    );
    // A start with its folder alone finds the path again.
    await agent.process.stop();
    const again = opened.keep(await startAgent({ data: agent.data, env }), disposing);
    const since = Date.now();
    await eventually('it pushed again', async () =>
      (await server.admin.ask('GET', '/devices'))
        .as(devicesReply)
        .devices.some(({ last_seen }) => (last_seen ?? 0) > since),
    );
    expect(again.process.output()).not.toContain('cannot be sent');
  });

  it('Must show: the web app works below the path: signing in, live numbers, links, a reload, and a wall', async () => {
    const browser = opened.keep(await launchBrowser(), closing);
    const person = opened.keep(await visitAsAdmin(browser, { url }), closing);
    const { page } = person;
    expect(new URL(page.url()).pathname).toBe('/watchfloor/ui/');
    await fleetRow(page, 'below').waitFor();
    await fleetRow(page, 'below').getByRole('link', { name: 'below' }).click();
    await page.getByRole('group', { name: /^Charts/ }).waitFor();
    expect(new URL(page.url()).pathname).toMatch(/^\/watchfloor\/ui\/devices\//);
    await page.reload();
    await page.getByRole('group', { name: /^Charts/ }).waitFor();
    await page.goto(url);
    await fleetRow(page, 'below').waitFor();

    const shows = { kind: 'pages', pages: [{ kind: 'fleet', scope: {} }] };
    const link = await server.admin.ask('POST', '/display-links', { body: { name: 'Lobby', shows } });
    const { path } = link.as(displayLinkCreated);
    expect(path).toMatch(/^\/watchfloor\/ui\/wall\/display#/);
    const wall = opened.keep(await visit(browser, new URL(path, url).href), closing);
    await wall.page.getByText('below').first().waitFor();
    expect([...person.errors, ...wall.errors]).toEqual([]);
  });

  it('the API’s description, the install script and the manifest name the path', async () => {
    const client = opened.keep(createClient({ url, ca }), closing);
    const get = async (path: string) => (await client.ask('GET', `/watchfloor${path}`)).text;
    const description = z.object({ servers: z.array(z.object({ url: z.string() })) });
    expect(description.parse(JSON.parse(await get('/openapi.json'))).servers).toEqual([
      { url: '/watchfloor' },
    ]);
    expect(await get('/install/agent.sh')).toContain(`server='${url}'`);
    expect(await get('/ui/manifest.webmanifest')).toContain('"start_url": "/watchfloor/ui/"');
  });
});
