import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLive } from './live.ts';
import { disposing, Opened } from './opened.ts';
import { startServer, type TestServer } from './product.ts';

/**
 * glibc fills freed memory with 0x10: to a uWS that looks at a response after it became a websocket, that says
 * "close this connection". Without it such a look goes unnoticed on most days. Other systems ignore the setting.
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

  /** The administrator's session again in another cookie, one the server has not seen yet. */
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

  it(`is had by ${CONNECTIONS} clients out of ${CONNECTIONS} whose cookies were never checked before`, async () => {
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
