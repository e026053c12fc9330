import type { Browser } from 'playwright';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorReply, sessionsReply } from '#protocol/api.ts';
import { launchBrowser } from '../browser.ts';
import type { Client } from './client.ts';
import { openLive } from './live.ts';
import { closing, disposing, Opened } from './opened.ts';
import { PASSWORD, startServer, type TestServer } from './product.ts';
import { signedIn, signIn, visit, visitAsAdmin } from './ui.ts';

describe('a session', () => {
  const opened = new Opened();
  let server: TestServer;
  let browser: Browser;

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    browser = opened.keep(await launchBrowser(), closing);
  });
  afterAll(() => opened.close());

  const live = (cookie: string | undefined) =>
    openLive({ url: server.url, ca: readFileSync(server.authorityFile(), 'utf8'), cookie });

  async function signedInClient(): Promise<Client> {
    const client = server.client();
    await client.login('admin', PASSWORD);
    return client;
  }

  it('a wrong password gives no session, and the page says so', async () => {
    const person = await visit(browser, `${server.url}/ui/`);
    await signIn(person.page, 'admin', 'not the password');
    await person.page.getByText('The user name or the password is wrong.').waitFor();
    await signIn(person.page, 'admin', PASSWORD);
    await signedIn(person.page);
    await person.close();
  });

  it.each(['/ui/devices/%', '/ui/alerts/%ff?a=%'])(
    'an address that cannot be decoded, %s, leads to a page',
    async (path) => {
      const person = await visit(browser, server.url + path);
      await signIn(person.page, 'admin', PASSWORD);
      await person.page
        .getByText(/^There is no (machine with this id|such alert)/)
        .first()
        .waitFor();
      expect(person.errors).toEqual([]);
      await person.close();
    },
  );

  it('[S3] a session cookie is hidden from scripts and sent only over TLS and to this site', async () => {
    const answer = await server.client().login('admin', PASSWORD);
    const [cookie = ''] = answer.headers['set-cookie'] ?? [];
    for (const attribute of [/; *httponly/i, /; *secure/i, /; *samesite=(lax|strict)/i])
      expect(cookie).toMatch(attribute);
  });

  it('a session cannot be forged with another signature, without one, or with other content', async () => {
    const client = await signedInClient();
    const cookie = client.cookie ?? '';
    const [name = '', token = ''] = cookie.split(/=(.*)/s);
    const [head = '', body = '', signature = ''] = token.split('.');
    const json: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
    const later = { ...(typeof json === 'object' ? json : {}), exp: 4_000_000_000, sid: 'another' };
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const forged = [
      `${head}.${body}.${signature.slice(0, -4)}AAAA`,
      `${none}.${body}.`,
      `${head}.${Buffer.from(JSON.stringify(later)).toString('base64url')}.${signature}`,
      'not a token',
      '',
    ];
    for (const value of forged) {
      client.cookie = `${name}=${value}`;
      const answer = await client.ask('GET', '/auth/me');
      expect([value, answer.status]).toEqual([value, 401]);
      expect(answer.as(errorReply).error.code).toBe('not_signed_in');
      await expect(live(client.cookie).connected).rejects.toThrow();
    }
    client.cookie = cookie;
    expect((await client.ask('GET', '/auth/me')).status).toBe(200);
  });

  it('[L5] a revoked session loses its live connection, and its page asks to sign in', async () => {
    const person = await visitAsAdmin(browser, server);
    const { sessions } = (await server.admin.ask('GET', '/sessions')).as(sessionsReply);
    const theirs = sessions.filter(({ agent }) => agent.includes('Chrome'));
    expect(theirs.length).toBeGreaterThan(0);
    for (const { id } of theirs) {
      const answer = await server.admin.ask('DELETE', `/sessions/${id}`);
      expect(answer.status).toBeLessThan(300);
    }
    await person.page.getByRole('button', { name: 'Sign in' }).waitFor({ timeout: 5000 });
    await person.page.getByText('Your session ended.').waitFor();
    await person.close();
  });

  it('[L5] a session that signs out loses its live connection within 5 s', async () => {
    const client = await signedInClient();
    const connection = live(client.cookie);
    await connection.connected;
    expect((await connection.subscribe('fleet')).ok).toBe(true);
    const bye = connection.next('bye');
    const closed = connection.next('disconnect');
    const signedOut = Date.now();
    expect((await client.ask('POST', '/auth/logout')).status).toBeLessThan(300);
    expect(await bye).toBe('session_ended');
    await closed;
    expect(Date.now() - signedOut).toBeLessThan(5000);
    expect((await client.ask('GET', '/auth/me')).status).toBe(401);
    await expect(live(client.cookie).connected).rejects.toThrow();
  });

  it('a live connection needs a session, and a page of this site', async () => {
    await expect(live(undefined).connected).rejects.toThrow();
    const ca = readFileSync(server.authorityFile(), 'utf8');
    const elsewhere = openLive({
      url: server.url,
      ca,
      cookie: server.admin.cookie,
      origin: 'https://evil.example',
    });
    await expect(elsewhere.connected).rejects.toThrow();
  });
});
