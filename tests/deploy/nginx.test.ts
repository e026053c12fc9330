import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { devicesReply, enrollmentKeyCreated, me, sessionsReply } from '#protocol/api.ts';
import { parseEnrollment } from '#protocol/enrollment.ts';
import { createClient, type Client } from '../e2e/client.ts';
import { eventually } from '../e2e/eventually.ts';
import { openLive } from '../e2e/live.ts';
import { closing, disposing, Opened } from '../e2e/opened.ts';
import { startProcess } from '../e2e/process.ts';
import { freePort, PASSWORD, startAgent, startServer, type TestServer } from '../e2e/product.ts';
import { argumentsFor, nginx, writeConfiguration } from './nginx.ts';

/** Skipped, and counted as such, where nginx is not installed. */
describe.skipIf(nginx === undefined)('behind nginx, as in deploy/nginx', () => {
  const folder = mkdtempSync(join(tmpdir(), 'watchfloor-nginx-'));
  const opened = new Opened();
  let server: TestServer;
  let people: Client;
  let url: string;
  let ca: string;
  const ports = { plain: 0, tls: 0 };

  beforeAll(async () => {
    opened.keep(folder, (path) => {
      rmSync(path, { recursive: true, force: true });
    });
    Object.assign(ports, { plain: await freePort(), tls: await freePort() });
    url = `https://localhost:${ports.tls}`;
    server = opened.keep(
      await startServer({
        env: {
          WATCHFLOOR_TLS: 'off',
          WATCHFLOOR_TRUSTED_PROXIES: '127.0.0.1',
          WATCHFLOOR_PUBLIC_URL: url,
        },
      }),
      disposing,
    );
    const config = await writeConfiguration(folder, server.port, ports);
    const args = argumentsFor(folder, config);
    opened.keep(await startProcess({ file: nginx ?? '', args }), (proxy) => proxy.stop());
    ca = readFileSync(join(folder, 'authority.crt'), 'utf8');
    people = opened.keep(createClient({ url, ca, from: '127.0.0.2' }), closing);
    await eventually('nginx answered', async () => (await people.ask('GET', '/healthz')).status === 200);
  }, 60_000);

  afterAll(() => opened.close());

  it('nginx accepts the configuration in deploy/nginx', () => {
    const { stderr } = spawnSync(nginx ?? '', ['-t', '-p', folder, '-c', join(folder, 'nginx.conf')], {
      encoding: 'utf8',
    });
    expect(stderr).toContain('test is successful');
  });

  it('nginx redirects plain HTTP to HTTPS', async () => {
    const plain = createClient({ url: `http://localhost:${ports.plain}`, ca: undefined });
    const { status, headers } = await plain.ask('GET', '/ui/');
    plain.close();
    expect(status).toBe(301);
    expect(headers.location).toBe('https://localhost/ui/');
  });

  it('a session through nginx has the address of the person, not of nginx', async () => {
    expect((await people.login('admin', PASSWORD)).status).toBe(200);
    expect((await people.ask('GET', '/auth/me')).as(me).user.username).toBe('admin');
    const { sessions } = (await people.ask('GET', '/sessions')).as(sessionsReply);
    expect(sessions.find(({ current }) => current)?.address).toBe('127.0.0.2');
  });

  it('a client cannot forge its address with a header of its own', async () => {
    const headers = { 'x-forwarded-for': '192.0.2.1' };
    const forger = createClient({ url, ca, from: '127.0.0.3' });
    const body = { username: 'admin', password: PASSWORD };
    await forger.ask('POST', '/auth/login', { body, headers });
    forger.close();
    const { sessions } = (await people.ask('GET', '/sessions')).as(sessionsReply);
    const addresses = sessions.map(({ address }) => address);
    expect(addresses).toContain('127.0.0.3');
    expect(addresses).not.toContain('192.0.2.1');
  });

  it('nginx passes the live WebSocket on', async () => {
    const live = openLive({ url, ca, cookie: people.cookie });
    await live.connected;
    const reply = await live.subscribe('fleet');
    expect(reply.ok).toBe(true);
    await live.next('pulse');
    live.close();
  });

  it('the live WebSocket is refused to a page of another site', async () => {
    const live = openLive({ url, ca, cookie: people.cookie, origin: 'https://evil.example' });
    await expect(live.connected).rejects.toThrow();
    live.close();
  });

  it('an agent joins with an enrollment string that names nginx', async () => {
    const answer = await people.ask('POST', '/enrollment-keys', { body: {} });
    const { enrollment } = answer.as(enrollmentKeyCreated);
    expect(parseEnrollment(enrollment)).toMatchObject({
      host: 'localhost',
      port: ports.tls,
      ca: null,
      tls: true,
    });
    // The agent trusts the test's own authority as if the system did.
    const env = { NODE_EXTRA_CA_CERTS: join(folder, 'authority.crt') };
    opened.keep(await startAgent({ enrollment, name: 'proxied', env }), disposing);
    await eventually('the agent pushed', async () => {
      const { devices } = (await people.ask('GET', '/devices')).as(devicesReply);
      return devices.some(({ name, status }) => name === 'proxied' && status === 'online');
    });
  });
});
