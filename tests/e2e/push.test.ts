import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { device, errorReply, tokenReply } from '#protocol/api.ts';
import { pushReply } from '#protocol/sample.ts';
import { launchBrowser } from '../browser.ts';
import { storedSeconds } from './history.ts';
import { closing, disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';
import { register, type Identity } from './pushing-device.ts';
import { fleetRow, visitAsAdmin } from './ui.ts';

const run = promisify(execFile);

describe('a script that pushes', () => {
  const opened = new Opened();
  let server: TestServer;
  let browser: Browser;
  let printer: Identity;

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    browser = opened.keep(await launchBrowser(), closing);
    printer = await register(server, 'printer');
  });
  afterAll(() => opened.close());

  const blueprint = (timestamp: string) => ({
    device_id: printer.id,
    hostname: 'printer',
    ip: '10.0.0.7',
    metrics: { cpu: 42.5, ram: 61, disk: 12, net_tx: 1000, net_rx: 2000 },
    timestamp,
  });

  /** Pushes `body` with curl, which trusts the server's own authority. */
  async function curl(token: string, body: unknown): Promise<{ status: number; text: string }> {
    const { stdout } = await run('curl', [
      ...['--silent', '--show-error', '--cacert', server.authorityFile(), '--write-out', '\n%{http_code}'],
      ...['-H', `Authorization: Bearer ${token}`, '-H', 'Content-Type: application/json'],
      ...['--data', JSON.stringify(body), `${server.url}/metrics`],
    ]);
    const end = stdout.lastIndexOf('\n');
    return { status: Number(stdout.slice(end + 1)), text: stdout.slice(0, end) };
  }

  it("Must show 4: the blueprint's exact payload, sent with curl, is stored and shown", async () => {
    const person = await visitAsAdmin(browser, server);
    const t = Math.floor(Date.now() / 1000) * 1000;
    const { status, text } = await curl(printer.token, blueprint(new Date(t).toISOString()));
    expect(status).toBe(200);
    expect(pushReply.parse(JSON.parse(text))).toMatchObject({ accepted: 1, duplicates: 0 });

    expect(await storedSeconds(server.admin, printer.id, 'cpu', t, t + 1000)).toEqual([
      [t, 42.5, 42.5, 42.5],
    ]);
    const shown = (await server.admin.ask('GET', `/devices/${printer.id}`)).as(device);
    expect(shown).toMatchObject({ hostname: 'printer', ip: '10.0.0.7', status: 'online', sampled_at: t });
    expect(shown.metrics).toMatchObject({ cpu: 42.5, ram: 61, disk: 12, net_tx: 1000, net_rx: 2000 });

    const row = fleetRow(person.page, 'printer');
    // The page shows two significant digits, so 42.5 is 43.
    await row.getByText('43', { exact: true }).waitFor();
    await row.getByText('Online').waitFor();
    expect(person.errors).toEqual([]);
    await person.close();
  });

  it('[I2] a payload that is pushed twice is a duplicate the second time', async () => {
    const payload = blueprint(new Date().toISOString());
    expect((await curl(printer.token, payload)).status).toBe(200);
    const again = await curl(printer.token, payload);
    expect(pushReply.parse(JSON.parse(again.text))).toMatchObject({ accepted: 0, duplicates: 1 });
  });

  it('[I3] a push with the token of another device gets 403 and changes nothing', async () => {
    const other = await register(server, 'other');
    const { status, text } = await curl(other.token, blueprint(new Date().toISOString()));
    expect(status).toBe(403);
    expect(errorReply.parse(JSON.parse(text)).error.code).toBe('other_device');
    const shown = (await server.admin.ask('GET', `/devices/${other.id}`)).as(device);
    expect(shown.last_seen).toBeNull();
  });

  it('Must show 7: [I3] a revoked token stops working at once', async () => {
    const payload = () => blueprint(new Date().toISOString());
    expect((await curl(printer.token, payload())).status).toBe(200);
    const revoked = await server.admin.ask('DELETE', `/devices/${printer.id}/token`);
    expect(revoked.status).toBeLessThan(300);
    const before = (await server.admin.ask('GET', `/devices/${printer.id}`)).as(device).last_seen;
    const { status, text } = await curl(printer.token, payload());
    expect(status).toBe(401);
    expect(errorReply.parse(JSON.parse(text)).error.code).toBe('invalid_token');
    expect((await server.admin.ask('GET', `/devices/${printer.id}`)).as(device).last_seen).toBe(before);

    const rotated = await server.admin.ask('POST', `/devices/${printer.id}/token`);
    const { token } = rotated.as(tokenReply);
    expect((await curl(token, payload())).status).toBe(200);
    expect((await curl(printer.token, payload())).status).toBe(401);
  });
});
