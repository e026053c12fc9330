import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statusReply } from '#protocol/api.ts';
import { openAuthority } from '../../server/tls/authority.ts';
import { createClient } from './client.ts';
import { eventually } from './eventually.ts';
import { Opened } from './opened.ts';
import { freePort, PASSWORD, runScript, temporaryFolder } from './product.ts';

/** The certificate that a new connection gets. */
function presented(port: number): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

describe('a server with a certificate from the settings', () => {
  const opened = new Opened();
  const folder = opened.keep(temporaryFolder(), (dir) => rmSync(dir, { recursive: true, force: true }));
  const used = join(folder, 'used');
  const file = (name: string) => join(used, name);
  let port: number;
  let server: Awaited<ReturnType<typeof runScript>>;

  /** Makes a certificate of another authority in a folder of its own. */
  async function make(name: string): Promise<string> {
    const path = join(folder, name);
    await openAuthority(path, ['localhost', '127.0.0.1']);
    return path;
  }
  const put = (path: string, ...names: string[]) => {
    for (const name of names) cpSync(join(path, name), file(name));
  };
  const fingerprint = async () => (await presented(port)).fingerprint256;

  beforeAll(async () => {
    mkdirSync(used);
    put(await make('first'), 'server.crt', 'server.key');
    port = await freePort();
    server = opened.keep(
      await runScript('server/main.ts', {
        WATCHFLOOR_HOST: '127.0.0.1',
        WATCHFLOOR_PORT: String(port),
        WATCHFLOOR_DATA: join(folder, 'data'),
        WATCHFLOOR_ADMIN_PASSWORD: PASSWORD,
        WATCHFLOOR_TLS_CERT: file('server.crt'),
        WATCHFLOOR_TLS_KEY: file('server.key'),
      }),
      (running) => running.stop(),
    );
    await server.line(/listening/);
  });
  afterAll(() => opened.close());

  it('[S1] SIGHUP serves the replaced files to new connections, and an open connection goes on', async () => {
    const before = await fingerprint();
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
    opened.keep(agent, () => agent.destroy());
    const ask = () =>
      new Promise<boolean>((resolve, reject) => {
        const request = https.get({ host: '127.0.0.1', port, path: '/healthz', agent }, (response) => {
          response.resume().on('end', () => resolve(request.reusedSocket));
        });
        request.on('error', reject);
      });
    await ask();
    put(await make('second'), 'server.crt', 'server.key');
    server.signal('SIGHUP');
    await eventually('the new certificate was served', async () => (await fingerprint()) !== before, 5000);
    expect(await ask()).toBe(true);
  });

  it('[S1] replaced files are served without any signal', async () => {
    const before = await fingerprint();
    put(await make('third'), 'server.crt', 'server.key');
    await eventually('the new certificate was served', async () => (await fingerprint()) !== before);
  });

  it.each([
    ['a certificate whose key is not there yet', () => put(join(folder, 'first'), 'server.crt')],
    [
      'half a certificate',
      () => writeFileSync(file('server.crt'), readFileSync(file('server.crt')).subarray(0, 300)),
    ],
    ['a missing key', () => rmSync(file('server.key'))],
  ])(
    '[S1] with %s the old certificate is kept and a notice says so, until the files are right',
    async (_, damage) => {
      const before = await fingerprint();
      damage();
      const admin = createClient({
        url: `https://localhost:${port}`,
        ca: readFileSync(join(folder, 'third', 'authority.crt'), 'utf8'),
      });
      opened.keep(admin, () => admin.close());
      await admin.login('admin', PASSWORD);
      const notices = async () => (await admin.ask('GET', '/status')).as(statusReply).notices.join();
      server.signal('SIGHUP');
      server.signal('SIGHUP');
      await eventually(
        'a notice said so',
        async () => (await notices()).includes('goes on with the certificate'),
        30_000,
      );
      expect(await fingerprint()).toBe(before);
      put(join(folder, 'third'), 'server.crt', 'server.key');
      server.signal('SIGHUP');
      await eventually('the notice was gone', async () => !(await notices()).includes('certificate'));
    },
  );
});
