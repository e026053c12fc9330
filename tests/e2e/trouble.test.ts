/**
 * Checks that a server that finds something wrong with the machine or the settings says so clearly and leaves
 * nothing half done.
 */
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { statusReply } from '#protocol/api.ts';
import { disposing, Opened } from './opened.ts';
import { PASSWORD, runScript, startServer, temporaryFolder } from './product.ts';

const opened = new Opened();
afterEach(() => opened.close());

const folder = () => opened.keep(temporaryFolder(), (path) => rmSync(path, { recursive: true, force: true }));

/** Runs a server that should not start; resolves with its exit code and its output. */
async function failingStart(env: Record<string, string>) {
  const running = await runScript('server/main.ts', {
    WATCHFLOOR_HOST: '127.0.0.1',
    WATCHFLOOR_PORT: '0',
    WATCHFLOOR_DATA: join(folder(), 'data'),
    ...env,
  });
  opened.keep(running, ({ kill }) => kill());
  const { code } = await running.exited;
  return { code, said: running.output() };
}

describe('a server that cannot start', () => {
  it('the server does not start when its port is in use, and says so', async () => {
    const other = net.createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    opened.keep(other, (server) => server.close());
    const address = other.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const { code, said } = await failingStart({ WATCHFLOOR_PORT: port });
    expect(code).toBeGreaterThan(0);
    expect(said).toContain(port);
    expect(said).toMatch(/in use|already listen/i);
    expect(said).not.toMatch(/\n\s+at /);
  });

  it('the server does not start when its data folder cannot be written, and names the path', async () => {
    const file = join(folder(), 'file');
    writeFileSync(file, '');
    const { code, said } = await failingStart({ WATCHFLOOR_DATA: join(file, 'data') });
    expect(code).toBeGreaterThan(0);
    expect(said).toContain(file);
    expect(said).not.toMatch(/\n\s+at /);
  });

  it('the server does not start when settings are wrong; it names all of them and makes no folder', async () => {
    const data = join(folder(), 'data');
    const { code, said } = await failingStart({
      WATCHFLOOR_DATA: data,
      WATCHFLOOR_PORT: 'https',
      WATCHFLOOR_TLS: 'perhaps',
      INFLUX_URL: 'not a url',
    });
    expect(code).toBeGreaterThan(0);
    for (const name of ['WATCHFLOOR_PORT', 'WATCHFLOOR_TLS', 'INFLUX_']) expect(said).toContain(name);
    expect(existsSync(data)).toBe(false);
  });

  it('the server does not start when TLS is off on an address that others can reach', async () => {
    const { code, said } = await failingStart({ WATCHFLOOR_TLS: 'off', WATCHFLOOR_HOST: '0.0.0.0' });
    expect(code).toBeGreaterThan(0);
    expect(said).toMatch(/loopback/i);
  });

  it('the server does not start when its certificate does not exist, and names the file', async () => {
    const { code, said } = await failingStart({
      WATCHFLOOR_TLS_CERT: '/nonexistent/cert.pem',
      WATCHFLOOR_TLS_KEY: '/nonexistent/key.pem',
    });
    expect(code).toBeGreaterThan(0);
    expect(said).toContain('/nonexistent/cert.pem');
  });

  it('the server does not start when another server uses its data folder, and names the folder', async () => {
    const server = opened.keep(await startServer(), disposing);
    const { code, said } = await failingStart({ WATCHFLOOR_DATA: server.data });
    expect(code).toBeGreaterThan(0);
    expect(said).toContain(server.data);
  });
});

describe('a server with a damaged state file', () => {
  it('with a corrupt state file the server starts from the last good copy, and a notice says so', async () => {
    const server = opened.keep(await startServer(), disposing);
    // After two changes a last good copy of the file exists.
    for (const name of ['one', 'two']) {
      const body = { username: name, password: 'a long enough password', role: 'viewer' };
      expect((await server.admin.ask('POST', '/users', { body })).status).toBe(201);
    }
    await server.stop();
    const users = readdirSync(server.data, { recursive: true, encoding: 'utf8' }).find((path) =>
      path.endsWith('users.json'),
    );
    expect(users).toBeDefined();
    writeFileSync(join(server.data, users ?? ''), '{"half a fi');
    await server.start();
    const client = server.client();
    expect((await client.login('admin', PASSWORD)).status).toBe(200);
    const { notices } = (await client.ask('GET', '/status')).as(statusReply);
    expect(notices.join('\n')).toContain('users.json');
  });
});
