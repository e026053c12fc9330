import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createLink } from '../../../agent/link/link.ts';
import { openNewDevices } from '../../../agent/link/new-device.ts';
import { proxyFor, readProxy } from '../../../agent/link/proxy.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { keptLog } from '../quiet.ts';
import { makeAuthority, makeServerTls, type Authority } from './certificates.ts';
import { startProxy } from './connect-proxy.ts';
import { startServer, type TestServer, type Tls } from './server.ts';

let authority: Authority;
let tls: Tls;

beforeAll(async () => {
  ({ authority, tls } = await makeServerTls());
});

async function server(): Promise<TestServer> {
  const started = await startServer(tls);
  onTestFinished(() => started.close());
  return started;
}

/** A link to a server whose name only the proxy can resolve. */
function linkThrough(environment: Record<string, string>, ca = authority.fingerprint) {
  const log = keptLog();
  const link = createLink({
    enrollment: { key: 'key-1', host: 'watchfloor.invalid', port: 8443, ca, tls: true },
    membership: undefined,
    remember: () => undefined,
    newDevices: openNewDevices(ownFolder()),
    describe: () => ({ hostname: 'h', ip: '', os: 'Linux', device_id: 'device-1' }),
    proxy: readProxy(environment, []),
    log,
    timeoutMs: 2000,
  });
  onTestFinished(() => link.close());
  return link;
}

describe('the link through a proxy', () => {
  it('[S1] an agent joins and pushes through the proxy of HTTPS_PROXY, over one tunnel to a server with the pinned authority', async () => {
    const to = await server();
    const proxy = await startProxy(to.port);
    const link = linkThrough({ HTTPS_PROXY: `http://us%65r:p%40ss@127.0.0.1:${proxy.port}` });
    expect(await link.ready()).toBeUndefined();
    for (let n = 0; n < 3; n++) expect((await link.push('{}')).kind).toBe('accepted');
    expect(to.received.map(({ path }) => path)).toEqual([
      '/devices/register',
      ...Array.from({ length: 3 }, () => '/metrics'),
    ]);
    const credentials = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
    // One tunnel to look at the server's authority, and one for everything after it.
    expect(proxy.asked).toEqual([
      `CONNECT watchfloor.invalid:8443 ${credentials}`,
      `CONNECT watchfloor.invalid:8443 ${credentials}`,
    ]);
  });

  it('an agent goes through a proxy that has an IPv6 address, and names it without its password', async () => {
    const to = await server();
    const proxy = await startProxy(to.port, undefined, '::1');
    const link = linkThrough({ HTTPS_PROXY: `http://user:secret@[::1]:${proxy.port}` });
    expect(await link.ready()).toBeUndefined();
    expect(proxy.asked[0]).toBe(`CONNECT watchfloor.invalid:8443 Basic ${btoa('user:secret')}`);
    expect(link.server()).toBe(`watchfloor.invalid:8443 (through the proxy [::1]:${proxy.port})`);
  });

  it('[S1] an agent sends nothing through a proxy that shows a certificate of its own', async () => {
    const other = await makeAuthority('An inspecting proxy');
    const leaf = await other.issue();
    const to = await startServer({ cert: leaf.cert + other.pem, key: leaf.key });
    onTestFinished(() => to.close());
    const proxy = await startProxy(to.port);
    const outcome = await linkThrough({ https_proxy: `http://127.0.0.1:${proxy.port}` }).ready();
    expect(outcome).toMatchObject({
      kind: 'unauthorized',
      reason: expect.stringMatching(/through the proxy 127\.0\.0\.1:\d+\).*Nothing was sent/),
    });
    expect(to.received).toHaveLength(0);
  });

  it.each([
    ['refuses', 'HTTP/1.1 403 Forbidden\r\n\r\n', 'unreachable', /403 Forbidden/],
    [
      'wants a password',
      'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n',
      'unauthorized',
      /user and a password/,
    ],
    ['is no proxy', 'SSH-2.0-OpenSSH_9.2\r\n', 'unreachable', /proxy/],
    ['never answers', '', 'unreachable', /no TLS handshake within 2 s/],
  ])(
    '[G2] an agent names the proxy that %s, without its password, and tries again',
    async (_, refusal, kind, reason) => {
      const to = await server();
      const proxy = await startProxy(to.port, refusal);
      const link = linkThrough({ HTTPS_PROXY: `http://user:secret@127.0.0.1:${proxy.port}` });
      for (let n = 1; n <= 2; n++) {
        const outcome = await link.ready();
        expect(outcome).toMatchObject({ kind, reason: expect.stringMatching(reason) });
        expect(outcome?.reason).toContain(
          `watchfloor.invalid:8443 (through the proxy 127.0.0.1:${proxy.port})`,
        );
        expect(outcome?.reason).not.toContain('secret');
        expect(proxy.asked).toHaveLength(n);
      }
      expect(to.received).toHaveLength(0);
    },
  );

  it('[G2] a push through a proxy that no longer opens tunnels ends in time, and the next one works', async () => {
    const to = await server();
    const good = await startProxy(to.port);
    const joined = linkThrough({ HTTPS_PROXY: `http://127.0.0.1:${good.port}` });
    expect(await joined.ready()).toBeUndefined();
    const silent = await startProxy(to.port, '');
    const member = {
      ...{ host: 'watchfloor.invalid', port: 8443, tls: true, ca: authority.fingerprint },
      ...{ authority: authority.pem, device_id: 'device-1', token: 'token-1', key_sha256: '' },
    };
    const link = createLink({
      enrollment: undefined,
      membership: member,
      remember: () => undefined,
      newDevices: openNewDevices(ownFolder()),
      describe: () => ({ hostname: 'h', ip: '', os: 'Linux' }),
      proxy: { url: `http://127.0.0.1:${silent.port}`, exceptions: '' },
      log: keptLog(),
      timeoutMs: 300,
    });
    onTestFinished(() => link.close());
    for (let n = 1; n <= 3; n++) {
      expect(await link.push('{}')).toMatchObject({ kind: 'unreachable' });
      expect(silent.asked).toHaveLength(n);
    }
    expect((await joined.push('{}')).kind).toBe('accepted');
  });
});

describe('which proxy leads to a server', () => {
  const URL = 'http://proxy.example:3128';
  const leads = (exceptions: string, host: string, port = 8443) =>
    proxyFor({ url: URL, exceptions }, { host, port }) === URL;

  it.each([
    [{ HTTPS_PROXY: URL }, URL],
    [{ https_proxy: URL, HTTPS_PROXY: 'http://other' }, URL],
    [{ HTTPS_PROXY: 'proxy.example:3128' }, URL],
    [{ HTTPS_PROXY: '' }, undefined],
    [{ HTTP_PROXY: URL }, undefined],
    [{ HTTPS_PROXY: 'socks5://proxy.example' }, undefined],
    [{ HTTPS_PROXY: 'http://' }, undefined],
  ])('the environment %j names the proxy %s', (environment, url) => {
    expect(readProxy(environment, [])?.url).toBe(url);
  });

  it('[G5] a proxy that cannot be used is a warning, which does not show its password', () => {
    const warnings: string[] = [];
    readProxy({ HTTPS_PROXY: 'socks5://user:secret@proxy.example' }, warnings);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).not.toContain('secret');
  });

  it.each([
    '*',
    'a.example',
    'watch.a.example',
    '.a.example',
    '*.a.example',
    'other, Watch.A.example ,x',
    'a.example:8443',
  ])('NO_PROXY=%s means a direct connection to watch.a.example:8443', (exceptions) => {
    expect(leads(exceptions, 'watch.a.example')).toBe(false);
  });

  it.each([
    '',
    'example.org',
    'tch.a.example',
    'x.watch.a.example',
    'a.example:443',
    '10.0.0.0/8',
    ',',
    ':',
    '[',
    '/',
  ])('NO_PROXY=%s leaves watch.a.example:8443 to the proxy', (exceptions) => {
    expect(leads(exceptions, 'watch.a.example')).toBe(true);
  });

  it('NO_PROXY takes addresses and networks of both families', () => {
    for (const exceptions of ['10.1.2.3', '10.0.0.0/8', '10.1.2.3:8443', '0.0.0.0/0'])
      expect(leads(exceptions, '10.1.2.3')).toBe(false);
    for (const exceptions of ['10.1.2', '11.0.0.0/8', '10.0.0.0/99', '10.0.0.0/', '::/0'])
      expect(leads(exceptions, '10.1.2.3')).toBe(true);
    for (const exceptions of ['2001:db8::5', '[2001:db8::5]', '[2001:db8::5]:8443', '2001:db8::/32'])
      expect(leads(exceptions, '2001:db8::5')).toBe(false);
    expect(leads('2001:db8::/32', '2001:db9::5')).toBe(true);
  });

  it.each(['localhost', '127.0.0.1', '127.9.9.9', '::1'])('%s is reached without a proxy', (host) => {
    expect(leads('', host)).toBe(false);
  });
});
