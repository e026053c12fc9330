import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLive } from './live.ts';
import { disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';

/**
 * Makes glibc fill freed memory with 0x10. Where uWS reads a response after it became a WebSocket, that value
 * makes it close the connection; without this setting such a read mostly goes unnoticed. Other systems ignore
 * the setting.
 */
const FREED_MEMORY_TELLS = 'glibc.malloc.perturb=16:glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0';
const CONNECTIONS = 100;

describe('the live connection over TLS', () => {
  const opened = new Opened();
  let server: TestServer;

  beforeAll(async () => {
    server = opened.keep(await startServer({ env: { GLIBC_TUNABLES: FREED_MEMORY_TELLS } }), disposing);
  });
  afterAll(() => opened.close());

  /**
   * A cookie for the administrator's session that the server has not seen yet; `i` makes each one different.
   */
  async function freshCookie(i: number): Promise<string> {
    const [name = '', token = ''] = (server.admin.cookie ?? '').split(/=(.*)/s);
    const { iss = '', jti = '', sub = '', exp = 0 } = decodeJwt(token);
    const key = Buffer.from(readFileSync(join(server.data, 'session.key'), 'utf8'), 'base64url');
    const signed = await new SignJWT({})
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(iss)
      .setJti(jti)
      .setSubject(sub)
      .setExpirationTime(exp - i - 1)
      .sign(key);
    return `${name}=${signed}`;
  }

  it(`all of ${CONNECTIONS} clients with cookies new to the server get a live connection over TLS`, async () => {
    const ca = readFileSync(server.authorityFile(), 'utf8');
    const ends: string[] = [];
    for (let i = 0; i < CONNECTIONS; i++) {
      const live = openLive({ url: server.url, ca, cookie: await freshCookie(i) });
      const closed = new Promise<string>((resolve) => live.socket.once('disconnect', resolve));
      ends.push(await Promise.race([live.connected.then(() => 'connected'), closed]));
      live.close();
    }
    expect(ends.filter((end) => end !== 'connected')).toEqual([]);
    expect(ends).toHaveLength(CONNECTIONS);
  });
});
